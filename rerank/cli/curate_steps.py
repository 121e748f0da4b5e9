"""`rerank curate harvest`, `recheck`, `sort` and `group`: what machines do before a person looks."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data.errors import SettingsError
from networks.settings import make_settings, parse_assignments
from rerank.progress import stage

if TYPE_CHECKING:
    from data.curation.harvest.provider import Provider
    from data.curation.project import Project

ProjectFolder = Annotated[Path, typer.Argument(help="The folder of the project.")]
Workers = Annotated[int, typer.Option(min=1, help="Decoding threads.")]
Api = Annotated[
    str | None, typer.Option(help="Another address of the provider's interface, such as a mirror.")
]
WEB = ("flickr", "mapillary")
FIRST_PHOTOS = "2004-01-01"  # Flickr began that year


def harvest(
    project: ProjectFolder,
    source: Annotated[
        str, typer.Argument(help="flickr, mapillary, or a folder or .csv or .parquet table of photos.")
    ],
    since: Annotated[str, typer.Option(help="Photos taken from this day on, YYYY-MM-DD.")] = FIRST_PHOTOS,
    until: Annotated[
        str | None,
        typer.Option(help="Photos taken before this day; default today, or as a stopped call had it."),
    ] = None,
    min_accuracy: Annotated[
        int, typer.Option(min=1, max=16, help="Of positions on Flickr: 11 is a city, 16 a street.")
    ] = 14,
    split: Annotated[str, typer.Option(help="Rows of a table to take.")] = "queries",
    licence: Annotated[
        str, typer.Option(help="Of local photos for which no table states one, such as CC-BY-4.0.")
    ] = "",
    api: Api = None,
) -> None:
    """Bring photos into a project.

    Keys of Flickr and Mapillary are taken from $FLICKR_API_KEY and $MAPILLARY_TOKEN. A stopped harvest goes
    on where it was. Ends with 1 where photos must be asked for again.
    """
    from data.curation.harvest.run import harvest as harvest_photos
    from data.curation.harvest.window import windows_of
    from data.curation.project import open_project

    with open_project(project) as opened:
        last = until or _until_of_stopped(opened, source) or f"{datetime.now(UTC):%Y-%m-%d}"
        settings = {"source": source, "since": since, "until": last}
        provider = _provider(opened, source, min_accuracy, split, licence, api)
        windows = windows_of(opened.settings.box, _day(since), _day(last))
        counts = harvest_photos(opened, provider, windows, settings=settings)
        _tell(counts)
    if counts["to be asked for again"]:
        raise typer.Exit(1)


def recheck(
    project: ProjectFolder,
    source: Annotated[str, typer.Argument(help="flickr or mapillary.")],
    api: Api = None,
) -> None:
    """Drop photos that their owners withdrew, or put under a licence that may not be kept."""
    from data.curation.harvest.recheck import recheck as recheck_photos
    from data.curation.harvest.recheck import to_recheck
    from data.curation.project import open_project

    with open_project(project) as opened:
        provider = _web_provider(opened, source, 1, api)
        with stage("rechecking photos", len(to_recheck(opened, provider.name))) as progress:
            counts = recheck_photos(opened, provider, advance=progress.advance)
        _tell(counts)


def sort(
    project: ProjectFolder,
    thresholds: Annotated[
        list[str] | None,
        typer.Option("--set", help="THRESHOLD=VALUE of a sign, such as dark=0.2; may be given again."),
    ] = None,
    classifier: Annotated[
        str | None, typer.Option(help="A photo classifier that an installed package offers.")
    ] = None,
    workers: Workers = 2,
) -> None:
    """Find out which photos are outdoors and of which light, by signs that each show their value.

    What the signs agree on is decided, what they contradict one another about is left to a person. Ends with
    1 where photos cannot be read.
    """
    from data.curation.project import open_project
    from data.curation.signs.classifier import load_classifier
    from data.curation.signs.judging import Thresholds
    from data.curation.signs.run import digest_of_sorting, to_sort
    from data.curation.signs.run import sort as sort_photos

    limits = make_settings(Thresholds, parse_assignments(thresholds or []), owner="sort")
    chosen = (classifier, load_classifier(classifier)) if classifier else None
    with open_project(project) as opened:
        waiting = to_sort(opened, digest_of_sorting(opened, limits, classifier or ""))
        with stage("sorting photos", len(waiting)) as progress:
            counts = sort_photos(opened, limits, chosen, workers=workers, advance=progress.advance)
        _tell(counts)
    if counts["unreadable"]:
        raise typer.Exit(1)


def group(
    project: ProjectFolder,
    limits: Annotated[
        list[str] | None,
        typer.Option("--set", help="LIMIT=VALUE, such as radius_m=20 or keep=2; may be given again."),
    ] = None,
    retriever: Annotated[
        str | None, typer.Option(help="Compare looks by its descriptors; default perceptual hashes.")
    ] = None,
    weights: Annotated[
        list[str] | None, typer.Option(help="Of the retriever: a folder, a file, or METHOD=FILE.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto: a GPU where there is one.")] = "auto",
    workers: Workers = 2,
) -> None:
    """Find near copies by metres, heading and look, and keep the best few of each group."""
    from data.curation.grouping import group_items
    from data.curation.groups import Limits
    from data.curation.project import open_project

    chosen = make_settings(Limits, parse_assignments(limits or []), owner="group")
    with open_project(project) as opened:
        describe = _describer(opened, retriever, weights or [], device, workers) if retriever else None
        _tell(group_items(opened, chosen, describe, retriever or ""))


def _provider(
    project: "Project", source: str, min_accuracy: int, split: str, licence: str, api: str | None
) -> "Provider":
    from data.curation.harvest.folder import Folder

    if source in WEB:
        return _web_provider(project, source, min_accuracy, api)
    return Folder(Path(source), project.settings.zone, split=split, licence=licence)


def _web_provider(project: "Project", source: str, min_accuracy: int, api: str | None) -> "Provider":
    from data.curation.harvest import flickr, keys, mapillary

    if source == "flickr":
        key = keys.key_from_environment(keys.FLICKR_KEY)
        address = api or flickr.ADDRESS
        return flickr.Flickr(key, project.settings.allows, min_accuracy=min_accuracy, address=address)
    if source == "mapillary":
        token = keys.key_from_environment(keys.MAPILLARY_TOKEN)
        return mapillary.Mapillary(token, address=api or mapillary.ADDRESS)
    raise SettingsError(f"{source!r} cannot be rechecked; expected {' or '.join(WEB)}")


def _until_of_stopped(project: "Project", source: str) -> str | None:
    """Return the last day of a harvest that was stopped, whose searches the same command goes on with."""
    from data.curation.harvest.search import WHO
    from data.curation.status import last_calls
    from data.curation.steps import BEGAN

    last = last_calls(project.state()).get(WHO)
    if last is None or last["state"] != BEGAN or last["settings"].get("source") != source:
        return None
    until: str = last["settings"]["until"]
    return until


def _describer(project: "Project", retriever: str, weights: list[str], device: str, workers: int) -> Any:
    from rerank.curate.describing import describer, retriever_of

    return describer(project, *retriever_of(project, retriever, weights, device, workers), stage)


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise SettingsError(f"{text!r} is no day; expected YYYY-MM-DD, such as {FIRST_PHOTOS}") from error


def _tell(counts: dict[str, int]) -> None:
    for what, count in sorted(counts.items()):
        if count:
            typer.echo(f"{what}: {count}")
