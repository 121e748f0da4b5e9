"""`rerank data`: checking datasets, making them, and listing the named ones."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from data.city import CitySettings, draw_city
from data.datasets import open_dataset
from data.doctor import examine
from data.named import NAMED_SETS, datasets_root
from data.subset import make_tokyo_subsets
from networks.settings import make_settings, parse_assignments
from rerank.cli.options import DatabaseFolder, DatasetArgument, Exif, Threshold
from rerank.progress import stage

app = typer.Typer(help="Check, list and make datasets.", no_args_is_help=True)


@app.command()
def check(
    dataset: DatasetArgument,
    queries_folder: Annotated[str | None, typer.Option(help="Query folder beside the database.")] = None,
    database_folder: DatabaseFolder = None,
    threshold_m: Threshold = 25.0,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Decode this many photos of each set; default all.")
    ] = None,
    exif: Exif = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Examine a dataset: unreadable photos, rotations, duplicates, zones, queries without positives.

    Ends with 1 when something is wrong.
    """
    opened = open_dataset(dataset, database_folder=database_folder, queries_folder=queries_folder)
    photos = [len(opened.database), len(opened.queries)]
    total = sum(photos if sample is None else [min(sample, count) for count in photos])
    with stage("decoding photos", total) as progress:
        report = examine(opened, threshold_m=threshold_m, sample=sample, exif=exif, advance=progress.advance)
    typer.echo(json.dumps(report.as_dict(), indent=2) if as_json else "\n".join(report.lines()))
    if report.problems:
        raise typer.Exit(1)


@app.command(name="list")
def list_named() -> None:
    """List the named datasets, where they belong, and whether they are there."""
    table = Table("name", "condition", "database", "queries", "folder", "present", box=None)
    root = datasets_root()
    for name, known in NAMED_SETS.items():
        counts = [str(count) if count else "?" for count in (known.database_count, known.query_count)]
        folder = root / known.folder
        present = "yes" if (folder / known.queries).is_dir() else "no"
        table.add_row(name, known.condition, *counts, f"{known.folder}/{known.queries}", present)
    Console().print(table)
    typer.echo(f"Folders are below {root} (set $RERANK_DATASETS for another place).")


@app.command()
def subset(
    folder: Annotated[Path, typer.Argument(help="The folder of Tokyo 24/7.")],
    copy: Annotated[bool, typer.Option("--copy", help="Copy photos instead of linking them.")] = False,
) -> None:
    """Make the night, sunset and day query sets of Tokyo 24/7 beside its queries."""
    for name, count in make_tokyo_subsets(folder, link=not copy).items():
        typer.echo(f"{name}: {count} photos")


@app.command()
def city(
    folder: Annotated[Path, typer.Argument(help="Where to write the dataset.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of the drawing, NAME=VALUE, such as seed=3 or darkness=0.8."),
    ] = None,
) -> None:
    """Draw a city: a dataset with true positions, day and night, from a seed."""
    chosen = make_settings(CitySettings, parse_assignments(settings or []), owner="city")
    typer.echo(draw_city(folder, chosen))
