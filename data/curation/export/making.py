"""Writing a whole export: photos or their ids, tables, pictures, datasheet."""

import dataclasses
import random
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from data.curation.agreement import agreements
from data.curation.export import datasheet, figures
from data.curation.export.blurring import Detector, detector_of
from data.curation.export.fates import EXPORTED, Chosen, Fate, choose, count_fates
from data.curation.export.folder import MARKER, check_replaceable
from data.curation.export.ground import check_linkable, link_database, table_paths
from data.curation.export.naming import exported_name
from data.curation.export.photos import write_upright, written_extension
from data.curation.export.regions import Region, read_regions
from data.curation.export.rows import COLUMNS, CREDIT_COLUMNS, Row, database_rows, query_row, write_rows
from data.curation.project import Project
from data.curation.state import State
from data.curation.steps import step
from data.errors import CurationError, PhotoError, SettingsError
from data.files import replacing_folder, telling_of_a_full_disk, write_json, write_text

FORMAT = 1
Form = Literal["folders", "csv", "parquet"]
FORMS: tuple[Form, ...] = get_args(Form)


@dataclass(frozen=True)
class Options:
    """How to export. form: the field's folders with `@` names, or a table beside the photos.

    ids_only: patterns of licences whose photos are listed by id alone, such as ("CC-BY-NC*",); ("*",) for
    all. checked: only photos whose positives were confirmed. blur: faces and number plates. cascades: the
    folder of their detectors, None for OpenCV's. face_model: a YuNet file that finds faces, instead of
    OpenCV's cascades. regions: GeoJSON polygons for the map. samples: pairs on the sample sheet. seed: draws
    them. Raises SettingsError for what blurs where nothing is to be blurred.
    """

    form: Form = "folders"
    ids_only: tuple[str, ...] = ()
    checked: bool = True
    blur: bool = False
    cascades: str | None = None
    face_model: str | None = None
    regions: str | None = None
    samples: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        if (self.cascades or self.face_model) and not self.blur:
            raise SettingsError("detectors were given, and nothing is to be blurred: add --blur")

    @property
    def detector(self) -> Detector | None:
        """Return what finds the boxes to be blurred, None where nothing is."""
        if not self.blur:
            return None
        face_model, cascades = (Path(text) if text else None for text in (self.face_model, self.cascades))
        return detector_of(face_model, cascades)


@dataclass(frozen=True)
class Exported:
    """What was written. by_id: listed without a photo. failed: item id -> why its photo is left out."""

    folder: Path
    photos: int
    by_id: int
    failed: dict[str, str]


@dataclass
class _Work:
    """An export in the making: what is fixed at its start, and what grows as photos are written."""

    project: Project
    options: Options
    detector: Detector | None
    rows: list[Row] = dataclasses.field(default_factory=list)
    written: list[tuple[Chosen, Path]] = dataclasses.field(default_factory=list)
    by_id: list[Chosen] = dataclasses.field(default_factory=list)
    failed: dict[str, str] = dataclasses.field(default_factory=dict)
    blurred: int = 0

    @property
    def split(self) -> str:
        return f"queries_{self.project.settings.light}"


def export_set(
    project: Project, target: str | Path, options: Options | None = None, detector: Detector | None = None
) -> Exported:
    """Write the accepted photos of a project into a folder, replacing an earlier export of it.

    detector: of what is to be blurred, instead of the options'. Raises CurationError where nothing can be
    exported or `target` holds something else; SettingsError for what is not installed; DiskSpaceError on a
    full disk. Photos that cannot be read are told in the result; the rest are exported.
    """
    options = options or Options()
    folder = Path(target).expanduser().absolute()
    check_replaceable(folder)
    regions = read_regions(Path(options.regions), project.grid) if options.regions else []
    if options.form == "folders":
        check_linkable(project)
    work = _Work(project, options, (detector or options.detector) if options.blur else None)
    state = project.state()
    chosen = choose(state, project.settings, checked=options.checked)
    if not chosen:
        raise _nothing(project, 0)  # before the step begins: nothing is cut off
    with (
        telling_of_a_full_disk("An older export is as it was; make room and run the same command again"),
        step(project, "export", dataclasses.asdict(options)) as counts,
        replacing_folder(folder) as part,
    ):
        _write_photos(work, chosen, part)
        _write_tables(work, part, folder)
        _write_sheet(work, state, part, folder.name, regions)
        counts.update(photos=len(work.written), by_id=len(work.by_id), failed=len(work.failed))
    return Exported(folder, len(work.written), len(work.by_id), work.failed)


def _write_photos(work: _Work, chosen: list[Chosen], part: Path) -> None:
    """Write what may be written; raises CurationError where nothing is left."""
    below = f"images/test/{work.split}" if work.options.form == "folders" else work.split
    (part / below).mkdir(parents=True)
    for one in chosen:
        if _by_id_alone(one.item.photo.licence, work.options):
            work.by_id.append(one)
            work.rows.append(query_row(one, "", work.split, work.project))
            continue
        try:
            path = _write_photo(work, one, part / below)
        except (PhotoError, FileNotFoundError) as error:
            work.failed[one.item.id] = str(error)
            continue
        work.written.append((one, path))
        work.rows.append(query_row(one, f"{below}/{path.name}", work.split, work.project))
    if not work.rows:
        raise _nothing(work.project, len(chosen))


def _nothing(project: Project, chosen: int) -> CurationError:
    return CurationError(
        f"{project.folder}: no photo can be exported ({chosen} were chosen). Review photos and check their "
        "positives first; `rerank curate status` tells where they are"
    )


def _write_photo(work: _Work, one: Chosen, folder: Path) -> Path:
    source, settings = work.project.photo_path(one.item), work.project.settings
    extension = written_extension(source, work.detector)
    path = folder / exported_name(one, work.project.grid, settings.light, extension)
    work.blurred += write_upright(source, path, work.detector)
    return path


def _by_id_alone(licence: str, options: Options) -> bool:
    """Tell whether a photo must not be given on; a blurred one is a derivative, which ND licences forbid."""
    wanted = any(fnmatchcase(licence, pattern) for pattern in options.ids_only)
    return wanted or (options.blur and "-ND" in licence)


def _write_tables(work: _Work, part: Path, folder: Path) -> None:
    """Write who is to be credited, and what makes the folder a dataset."""
    database = work.project.database
    photos = [row for row in work.rows if row["path"]]
    write_rows(part / "attributions.csv", work.rows, ("path", *CREDIT_COLUMNS))
    if work.by_id:
        write_rows(part / "ids.csv", [row for row in work.rows if not row["path"]], COLUMNS[1:])
    if work.options.form == "folders":
        link_database(database, part / "images/test/database")
    elif photos:
        ground = database_rows(database, table_paths(database, folder), work.project.grid.zone)
        write_rows(part / f"{folder.name}.{work.options.form}", [*ground, *photos])


def _write_sheet(work: _Work, state: State, part: Path, name: str, regions: list[Region]) -> None:
    settings, database = work.project.settings, work.project.database
    chosen = [one for one, _ in work.written] + work.by_id
    places = np.array([one.spot[:2] for one in chosen])
    figures.save_figure(figures.draw_map(places, database.positions, regions), part / datasheet.MAP)
    pairs = _sample_pairs(work)
    if pairs:
        figures.save_figure(figures.draw_samples(pairs), part / datasheet.SAMPLES)
    told = _told(work.options)
    fates = count_fates(state.items.values(), settings, checked=work.options.checked)
    fates[EXPORTED] -= len(work.failed)
    fates += Counter(Fate("export", "unreadable") for _ in work.failed)
    sheet = datasheet.Sheet(
        name, settings, state, chosen, work.by_id, fates, agreements(state.items.values()), told,
        work.blurred if work.options.blur else None, bool(pairs), _version(),
    )  # fmt: skip
    write_text(part / "DATASHEET.md", datasheet.write_datasheet(sheet))
    write_json(part / MARKER, {"format": FORMAT, "options": told, "sequence": state.sequence})


def _sample_pairs(work: _Work) -> list[tuple[Path, Path, str]]:
    """Draw some exported queries that name a positive whose photo is there."""
    database = work.project.database
    rows = {name: index for index, name in enumerate(database.names)}
    pairs = [
        (path, database.path(rows[one.reference]), one.item.id)
        for one, path in work.written
        if one.reference in rows and database.path(rows[one.reference]).is_file()
    ]
    drawn = random.Random(work.options.seed).sample(pairs, min(work.options.samples, len(pairs)))
    return sorted(drawn, key=lambda pair: pair[2])


def _told(options: Options) -> dict[str, Any]:
    """Return the options that differ from the defaults, as the command line calls them."""
    given = {f.name: getattr(options, f.name) for f in dataclasses.fields(options) if f.name != "checked"}
    usual = dataclasses.asdict(Options())
    told = {name: value for name, value in given.items() if value != usual[name]}
    return told if options.checked else {**told, "unchecked": True}


def _version() -> str:
    try:
        return version("vpr-rerank")
    except PackageNotFoundError:
        return "unknown"
