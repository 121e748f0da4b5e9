"""`rerank curate`: from geotagged photos to a clean query set, step by step in a project folder."""

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rerank.cli import curate_export, curate_review, curate_steps
from rerank.cli.curate_steps import ProjectFolder
from rerank.cli.options import DATASET_HELP, DatabaseFolder, Threshold

app = typer.Typer(
    help="Make a query set from geotagged photos: harvest, sort, group, review, check, export. Every step "
    "can be stopped and given again; `status` says how far a project is.",
    no_args_is_help=True,
)

log = logging.getLogger(__name__)


Zone = Annotated[str | None, typer.Option(help="UTM zone of a database that does not name it, such as 10S.")]
Box = Annotated[
    str | None, typer.Option(help="west,south,east,north in degrees; default what the database covers.")
]
Margin = Annotated[float, typer.Option(min=0.0, help="Around the database, where no area is given.")]
Light = Annotated[str, typer.Option(help="Photos wanted: night, dusk or day.")]
Licences = Annotated[
    list[str] | None,
    typer.Option(help="Licences to keep, such as 'CC0-*'; may be given again. Default CC and public domain."),
]
TimeZone = Annotated[
    str, typer.Option(help="The place's zone, such as Europe/Berlin; else its longitude, with a margin.")
]
TwiceShare = Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of photos judged by two curators.")]


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Where the project is kept; made if it is missing.")],
    database: Annotated[str, typer.Option(help=f"The database that queries are for. {DATASET_HELP}")],
    database_folder: DatabaseFolder = None,
    zone: Zone = None,
    area: Box = None,
    margin_m: Margin = 300.0,
    light: Light = "night",
    licence: Licences = None,
    time_zone: TimeZone = "",
    threshold_m: Threshold = 25.0,
    twice_share: TwiceShare = 0.1,
    seed: Annotated[int, typer.Option(help="Chooses which photos two curators judge.")] = 0,
) -> None:
    """Make a project for a database; giving the same command again changes nothing."""
    from data.curation.area import parse_area
    from data.curation.database import area_of, open_database, zone_of
    from data.curation.grid import Grid
    from data.curation.project import create_project
    from data.curation.settings import FREE_LICENCES, Settings

    photos = open_database(database, database_folder)
    grid = Grid(zone_of(photos, zone))
    box = parse_area(area) if area else area_of(photos, grid, margin_m)
    settings = Settings(
        database=_lasting(database),
        zone=grid.zone,
        area=(box.west, box.south, box.east, box.north),
        database_folder=database_folder,
        light=light,
        licences=tuple(licence or FREE_LICENCES),
        time_zone=time_zone,
        threshold_m=threshold_m,
        twice_share=twice_share,
        seed=seed,
    )
    if not time_zone:
        log.warning("no --time-zone: photos that name none are timed by their longitude, good to hours alone")
    with create_project(folder, settings) as project:
        edges = ", ".join(f"{edge:.5f}" for edge in project.settings.area)
        typer.echo(
            f"{project.folder}: {light} photos in {edges} for {len(photos)} database photos in {grid.zone}"
        )


@app.command()
def status(
    project: ProjectFolder,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Say how far a project is: what became of its photos, and what was cut off."""
    from data.curation.project import open_project
    from data.curation.status import status_of

    with open_project(project) as opened:
        found = status_of(opened)
    typer.echo(json.dumps(asdict(found), indent=2) if as_json else "\n".join(found.lines()))


def _lasting(database: str) -> str:
    """Return a database's name, or its path from anywhere."""
    from data.named import NAMED_SETS

    return database if database in NAMED_SETS else str(Path(database).expanduser().absolute())


app.command(name="harvest")(curate_steps.harvest)
app.command(name="recheck")(curate_steps.recheck)
app.command(name="sort")(curate_steps.sort)
app.command(name="group")(curate_steps.group)
app.command(name="review")(curate_review.review)
app.command(name="export")(curate_export.export)
app.command(name="remove")(curate_export.remove)
