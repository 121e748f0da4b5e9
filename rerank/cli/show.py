"""`rerank show`: keypoints, correspondences and predictions, drawn on the photos."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data.errors import ResultError, SettingsError
from networks.settings import parse_assignments
from rerank.cli.options import Device, Exif, MethodSettings, RunFolders, Weights, sharing
from rerank.cli.results import read_runs
from rerank.configuration import Configuration, split_settings

if TYPE_CHECKING:
    from rerank.pictures.methods import Photo
    from rerank.run import Run

DatasetFolder = Annotated[
    str | None,
    typer.Option("--dataset", help="Where the photos are now; by default where the run found them."),
]
QUERY_HELP = "A query: number from 0, file name or a part of it; by default one that re-ranking puts right."
OUTPUT_HELP = "File ending in .png, .svg or .pdf; without an ending PNG and SVG."

# Of commands that run methods.
RUNNING: dict[str, Any] = {"settings": MethodSettings, "weights": Weights, "device": Device, "exif": Exif}
running = sharing(RUNNING, exif=True)

app = typer.Typer(help="Draw keypoints, correspondences and predictions on the photos.", no_args_is_help=True)


@app.command()
@running
def keypoints(
    photos: Annotated[list[Path], typer.Argument(help="Photos, such as one by day and one by night.")],
    extractors: Annotated[
        list[str] | None, typer.Option("--extractor", "-e", help="Run this extractor; may be given again.")
    ] = None,
    runs: Annotated[
        list[Path] | None,
        typer.Option("--run", help="Take the extractor of this run, and its stored features."),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help=OUTPUT_HELP)] = Path("pictures/keypoints"),
    dataset: DatasetFolder = None,
    **shared: Any,
) -> None:
    """Draw the keypoints of one or more extractors on photos, side by side."""
    from rerank.pictures import picture_keypoints  # here, so that --help does not wait for torch
    from rerank.pictures.finding import photo_at
    from rerank.pictures.methods import source_of, sources_of_runs
    from rerank.sources import open_task

    configuration = _configuration(**shared)
    finished = _reranking(runs) if runs else []
    sources = [source_of(name, configuration) for name in extractors or ()]
    sources += sources_of_runs(finished, configuration)
    if not sources:
        raise SettingsError("name an extractor with --extractor, or a run with --run")
    opened = open_task(finished[0], dataset).dataset if finished else None
    _write(picture_keypoints([photo_at(path, opened) for path in photos], sources), output)


@app.command()
@running
def matches(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(help="Run folders of one dataset, whose stored features are used."),
    ] = None,
    query: Annotated[str | None, typer.Option(help=f"{QUERY_HELP} Without runs: a photo.")] = None,
    candidate: Annotated[
        str | None,
        typer.Option(
            help="A candidate: rank by the first run, file name or a part of it; by default 1. "
            "Without runs: a photo."
        ),
    ] = None,
    pairs: Annotated[
        list[str] | None, typer.Option("--pair", help="Run this EXTRACTOR+MATCHER; may be given again.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help=OUTPUT_HELP)] = Path("pictures/matches"),
    dataset: DatasetFolder = None,
    **shared: Any,
) -> None:
    """Draw the correspondences of a query and a candidate by one or more methods."""
    from rerank.pictures import picture_matches
    from rerank.pictures.finding import photo_at
    from rerank.pictures.methods import pair_of_name, pairs_of_runs

    configuration = _configuration(**shared)
    asked = [pair_of_name(text, configuration) for text in pairs or ()]
    if runs:
        finished = _reranking(runs)
        photos, scores = _pair_of_photos(finished, query, candidate, dataset)
        asked = [*pairs_of_runs(finished, configuration), *asked]
    elif asked and query is not None and candidate is not None:
        photos, scores = [photo_at(Path(query)), photo_at(Path(candidate))], []
    else:
        raise SettingsError("give run folders, or --pair with two photos as --query and --candidate")
    scores += [None] * (len(asked) - len(scores))
    _write(picture_matches(photos[0], photos[1], asked, scores), output)


@app.command()
def predictions(
    runs: RunFolders,
    query: Annotated[str | None, typer.Option(help=QUERY_HELP)] = None,
    top: Annotated[int, typer.Option(min=1, max=10, help="Candidates of each ranking.")] = 5,
    dataset: DatasetFolder = None,
    output: Annotated[Path, typer.Option("--output", "-o", help=OUTPUT_HELP)] = Path("pictures/predictions"),
) -> None:
    """Draw a query with its first candidates, before and after re-ranking, framed right or wrong."""
    from rerank.pictures import picture_predictions
    from rerank.sources import open_task

    finished = _reranking(runs)
    task = open_task(finished[0], dataset)
    row = _query_row(finished, query)
    typer.echo(f"query {row}: {finished[0].shortlist.query_names[row]}")
    _write(picture_predictions(finished, task, row, top), output)


def _pair_of_photos(
    runs: "list[Run]", query: str | None, candidate: str | None, dataset: str | None
) -> "tuple[list[Photo], list[float | None]]":
    """Return the photos of a query and a candidate of runs, and the score that each run gave."""
    from rerank.pictures.finding import candidate_photo, find_candidate, query_photo, score_of
    from rerank.sources import open_task

    task = open_task(runs[0], dataset)
    row = _query_row(runs, query)
    index = find_candidate(runs[0], row, candidate or "1", task.dataset.database.names)
    typer.echo(f"query {row}: {runs[0].shortlist.query_names[row]}")
    typer.echo(f"candidate: {task.dataset.database.names[index]}")
    return [query_photo(task, row), candidate_photo(task, index)], [score_of(run, row, index) for run in runs]


def _query_row(runs: "list[Run]", query: str | None) -> int:
    from rerank.pictures.finding import find_query
    from rerank.pictures.predictions import telling_query

    return telling_query(runs) if query is None else find_query(runs[0], query)


def _reranking(folders: list[Path]) -> "list[Run]":
    """Read the runs that re-rank, all of one task; raises ResultError for others."""
    from rerank.pictures.finding import of_one_task

    runs = [run for run in read_runs(folders) if run.identity.method.reranks]
    if not runs:
        raise ResultError(f"{', '.join(map(str, folders))}: only retrieval was run here; name a method's run")
    return of_one_task(runs)


def _configuration(
    settings: list[str] | None, weights: list[str] | None, device: str | None, exif: bool
) -> Configuration:
    return Configuration(
        dataset="",
        settings=split_settings(parse_assignments(settings or [])),
        weights=tuple(weights or ()),
        device=device or "auto",
        exif=exif,
    )


def _write(figure: Any, output: Path) -> None:
    from rerank.plots import save_as

    for path in save_as(figure, output):
        typer.echo(path)
