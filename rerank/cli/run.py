"""`rerank benchmark`, `retrieve` and `demo`, and `run_rerank.py`: the commands that compute."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data.city import CitySettings, draw_city
from networks.settings import parse_assignments
from networks.weights_policy import current_policy, set_policy
from rerank.cli.options import DATASET_HELP, DatasetArgument, Preset, computing
from rerank.cli.printing import print_tables, write_tables
from rerank.configuration import Configuration, make_configuration, split_settings

if TYPE_CHECKING:
    from rerank.pipeline import Report

log = logging.getLogger(__name__)

DEMO_QUERIES = ("queries_day", "queries_night")


@computing
def benchmark(
    dataset: Annotated[str | None, typer.Option(help=DATASET_HELP)] = None,
    pairs: Annotated[
        list[str] | None,
        typer.Option("--pair", help="EXTRACTOR+MATCHER; may be given again. See `rerank methods`."),
    ] = None,
    preset: Preset = None,
    **shared: Any,
) -> None:
    """Re-rank a dataset's candidates with one or more pairs, which share retrieval and features.

    The same command continues after it was stopped. Ends with 1 when photos could not be used.
    """
    _run({"dataset": dataset, "pairs": pairs, "preset": preset, **shared})


@computing
def one_pair(
    dataset: Annotated[str, typer.Option(help=DATASET_HELP)],
    extractor: Annotated[str, typer.Option(help="Local features; see `rerank methods`.")],
    matcher: Annotated[str, typer.Option(help="Scorer; see `rerank methods`.")],
    preset: Preset = None,
    **shared: Any,
) -> None:
    """Re-rank a dataset's candidates with one extractor and one matcher.

    The same command continues after it was stopped. Ends with 1 when photos could not be used.
    """
    _run({"dataset": dataset, "pairs": [f"{extractor}+{matcher}"], "preset": preset, **shared})


@computing
def retrieve(dataset: DatasetArgument, **shared: Any) -> None:
    """Find the candidates of every query, and print the retriever's recall."""
    _run({"dataset": dataset, **shared})


def demo(
    folder: Annotated[Path, typer.Option(help="Where the city is drawn.")] = Path("datasets/city"),
    results: Annotated[Path, typer.Option(help="Where results go.")] = Path("results/demo"),
    seed: Annotated[int, typer.Option(help="Of the city.")] = 0,
) -> None:
    """Draw a city, retrieve, re-rank by day and by night, and print the table."""
    draw_city(folder, CitySettings(seed=seed))
    given = {
        "dataset": str(folder),
        "queries_folders": DEMO_QUERIES,
        "preset": "small",
        "results": results,
        "caches": folder / "caches",
    }
    report = _compute(make_configuration(given))
    write_tables(report.runs, results)
    _end(report)


def _run(given: dict[str, Any]) -> None:
    """Run what the options ask for, and end as the photos deserve."""
    license_policy, file = given.pop("license_policy"), given.pop("config")
    if license_policy is not None:
        set_policy(replace(current_policy(), license_policy=license_policy))
    given["settings"] = split_settings(parse_assignments(given["settings"] or []))
    configuration = make_configuration(given, file)
    for name, value in configuration.as_dict().items():
        log.info("%s = %s", name, value)
    report = _compute(configuration)
    log.info("results are in %s", configuration.results)
    _end(report)


def _compute(configuration: Configuration) -> "Report":
    """Run a benchmark and print its table."""
    from rerank.pipeline import Pipeline  # here, so that --help does not wait for torch

    report = Pipeline(configuration).run()
    print_tables(report.runs)
    return report


def _end(report: "Report") -> None:
    """Name the photos that could not be used, and end with 1 if there are any."""
    for photo in sorted(report.bad_photos, key=lambda photo: photo.path):
        typer.secho(f"not used: {photo.path}: {photo.reason}", fg="yellow", err=True)
    if report.bad_photos:
        raise typer.Exit(1)
