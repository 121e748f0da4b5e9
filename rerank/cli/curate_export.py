"""`rerank curate export` and `rerank curate remove`: giving a curated set on, and taking photos back."""

from pathlib import Path
from typing import Annotated

import typer

from rerank.cli.curate_steps import ProjectFolder

Output = Annotated[
    Path, typer.Option("--output", "-o", help="Folder of the set; an older export is replaced.")
]
Form = Annotated[str, typer.Option(help="folders: the field's layout with @ names; csv or parquet: a table.")]
IdsOnly = Annotated[
    list[str] | None,
    typer.Option(help="Licences of which ids alone are given on, such as 'CC-BY-NC*' or '*'; repeatable."),
]
Unchecked = Annotated[
    bool, typer.Option("--unchecked", help="Also photos whose positives nobody has checked.")
]
Blur = Annotated[
    bool,
    typer.Option(
        "--blur",
        help="Blur faces and number plates by OpenCV's cascades. OpenCV 5 has none: give --face-model, or "
        "install 'opencv-python-headless<5'.",
    ),
]
FaceModel = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="For --blur: a YuNet .onnx file (face_detection_yunet_2023mar.onnx of OpenCV's model zoo) that "
        "finds faces; number plates are left unless --cascades is given too.",
    ),
]
Cascades = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="For --blur: a folder of OpenCV 4's haarcascades."),
]
Regions = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="GeoJSON polygons to colour on the map.")
]
Samples = Annotated[int, typer.Option(min=0, help="Pairs on the sample sheet.")]


def export(
    project: ProjectFolder,
    output: Output,
    form: Form = "folders",
    ids_only: IdsOnly = None,
    unchecked: Unchecked = False,
    blur: Blur = False,
    face_model: FaceModel = None,
    cascades: Cascades = None,
    regions: Regions = None,
    samples: Samples = 8,
    seed: Annotated[int, typer.Option(help="Draws the samples.")] = 0,
) -> None:
    """Write the accepted photos as a dataset, with a datasheet of how they were chosen.

    Ends with 1 where a photo could not be written; the others are.
    """
    from data.curation.export import Options, export_set
    from data.curation.export.making import FORMS
    from data.curation.project import open_project
    from data.errors import SettingsError

    if form not in FORMS:
        raise SettingsError(f"--form {form!r}: expected {', '.join(FORMS)}")
    options = Options(
        form=form,
        ids_only=tuple(ids_only or ()),
        checked=not unchecked,
        blur=blur,
        cascades=str(cascades) if cascades else None,
        face_model=str(face_model) if face_model else None,
        regions=str(regions) if regions else None,
        samples=samples,
        seed=seed,
    )
    with open_project(project) as opened:
        done = export_set(opened, output, options)
    for item, fault in done.failed.items():
        typer.secho(f"{item} left out: {fault}", fg="yellow", err=True)
    typer.echo(f"{done.folder}: {done.photos} photos, {done.by_id} by id alone; read DATASHEET.md")
    if done.failed:
        raise typer.Exit(1)


def remove(
    project: ProjectFolder,
    ids: Annotated[list[str] | None, typer.Argument(help="Ids such as flickr:123.")] = None,
    listed: Annotated[
        Path | None, typer.Option("--list", exists=True, dir_okay=False, help="A file of ids, one a line.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for the journal.")] = "asked for",
    who: Annotated[str, typer.Option(help="Who removes them.")] = "curator",
) -> None:
    """Put photos on the removal list: they are deleted and never exported again."""
    from data.curation.project import open_project
    from data.curation.removal import read_removals, remove_photos

    wanted = [*(ids or ()), *(read_removals(listed) if listed else ())]
    with open_project(project) as opened:
        fresh = remove_photos(opened, who, wanted, reason)
        unknown = [item for item in fresh if item not in opened.state().items]
    for item in unknown:
        typer.secho(f"{item}: was never harvested; a later harvest leaves it out", fg="yellow", err=True)
    typer.echo(f"{len(fresh)} photos removed, {len(wanted) - len(fresh)} were on the list already")
