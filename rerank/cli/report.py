"""`rerank report`: a folder of pages that shows results."""

from pathlib import Path
from typing import Annotated

import typer

from data.errors import SettingsError


def report(
    results: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="A folder of finished runs, DATASET/METHOD.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the report.")] = Path("report"),
    datasets: Annotated[
        list[str] | None,
        typer.Option(
            "--dataset",
            help="NAME=PATH: where the photos of a dataset of the results are now; may be given again.",
        ),
    ] = None,
    photo_px: Annotated[
        int, typer.Option(min=64, max=2048, help="Longer side of the photos shown, at most.")
    ] = 320,
    matches: Annotated[
        bool, typer.Option("--matches", help="Match every query with each method's first candidate, to draw.")
    ] = False,
    weights: Annotated[
        list[str] | None,
        typer.Option(help="For --matches: a folder of checkpoints, a file, or METHOD=FILE; repeatable."),
    ] = None,
    device: Annotated[str, typer.Option(help="For --matches: cpu, cuda, or auto.")] = "cpu",
) -> None:
    """Make a report to browse: leaderboard, plots, methods, map, and every query with its candidates.

    It opens from disk: index.html in a browser, without a server or network. Everything is read from
    stored results and the photos; --matches alone runs the methods' matchers again.
    """
    from rerank.report import Options, make_report  # here, so that --help does not wait for matplotlib

    options = Options(
        sources=_sources(datasets or []),
        photo_px=photo_px,
        matches=matches,
        weights=tuple(weights or ()),
        device=device,
    )
    made = make_report(results, output, options)
    for warning in made.warnings:
        typer.secho(f"warning: {warning}", fg="yellow", err=True)
    typer.echo(f"{made.folder / 'index.html'}: {made.runs} runs, {made.photos} photos")


def _sources(texts: list[str]) -> dict[str, str]:
    """Turn NAME=PATH texts into a mapping; raises SettingsError for other forms."""
    sources = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not equals or not name or not path:
            raise SettingsError(
                f"--dataset takes NAME=PATH, such as tokyo_night=/data/tokyo247; found {text!r}"
            )
        sources[name] = path
    return sources
