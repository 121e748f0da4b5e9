"""Projects on disk: made once, opened with clear refusals; their database and their settings."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.curation.database import area_of, open_database, zone_of
from data.curation.grid import Grid
from data.curation.project import create_project, open_project
from data.curation.records import Spot
from data.curation.settings import Settings
from data.errors import CurationError, DatasetError, SettingsError
from data.photoset import PhotoSet
from tests.data.curation.made import CITY, decided, harvested, project, settings
from tests.data.samples import named, write_dataset, write_photos


def test_a_project_is_made_once_and_opened_again(tmp_path: Path) -> None:
    with project(tmp_path) as made:
        made.journal.append("harvest", harvested(1))
    with project(tmp_path) as same, open_project(tmp_path / "project") as opened:
        assert list(opened.state().items) == ["flickr:1"]
        assert opened.settings == same.settings
        assert opened.photos.is_dir()
        same.journal.append("ada", decided(1))
        assert list(opened.state().items["flickr:1"].decisions()) == ["ada"]


def test_a_project_of_other_settings_is_refused(tmp_path: Path) -> None:
    project(tmp_path).journal.close()
    with pytest.raises(CurationError, match=r"other settings \(light 'night', not 'dusk'\)"):
        project(tmp_path, light="dusk")


def test_folders_that_are_no_project_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CurationError, match=r"no curation project.*rerank curate new"):
        open_project(tmp_path)
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(CurationError, match=r"not empty \(it holds thesis.tex\)"):
        create_project(tmp_path, settings())
    with pytest.raises(CurationError, match="is a file"):
        create_project(tmp_path / "thesis.tex", settings())


def test_a_making_that_was_cut_off_is_finished(tmp_path: Path) -> None:
    with project(tmp_path) as made:
        (made.folder / "settings.json").unlink()
    with project(tmp_path) as again:
        assert again.state().items == {}


def test_missing_and_damaged_parts_are_told(tmp_path: Path) -> None:
    with project(tmp_path) as made:
        pass
    path = made.folder / "settings.json"
    written = json.loads(path.read_text())
    for changed, kind, told in [
        ("{", CurationError, "settings.json cannot be read"),
        (json.dumps({"zone": "10S"}), CurationError, "names no format"),
        (json.dumps({**written, "format": 2}), CurationError, "newer format than 1"),
        (json.dumps({**written, "lights": "day"}), SettingsError, "'lights'; did you mean 'light'"),
        (json.dumps({**written, "light": "noon"}), SettingsError, "light = 'noon'"),
        (json.dumps({**written, "threshold_m": -1}), SettingsError, "threshold_m = -1"),
    ]:
        path.write_text(changed)
        with pytest.raises(kind, match=told):
            open_project(made.folder)
    path.write_text(json.dumps(written))
    (made.folder / "journal.sqlite").unlink()
    with pytest.raises(CurationError, match=r"journal.sqlite is missing.*Put a copy of it back"):
        open_project(made.folder)


@pytest.mark.parametrize("file", ["../settings.json", "/etc/passwd", "", "flickr/../../journal.sqlite"])
def test_a_photo_outside_of_the_project_is_refused(tmp_path: Path, file: str) -> None:
    with project(tmp_path) as made:
        made.journal.append("harvest", harvested(1, file=file))
        with pytest.raises(CurationError, match="names a file outside"):
            made.photo_path(made.state().items["flickr:1"])


def test_a_photo_is_where_the_provider_says_until_a_curator_moves_it(tmp_path: Path) -> None:
    moved = Spot(548010.0, 4180020.0, 45.0)
    with project(tmp_path) as made:
        made.journal.append("harvest", harvested(1, heading=30.0))
        item = made.state().items["flickr:1"]
        expected = Grid("10S").to_metres(np.array([[37.766, -122.455]]))[0]
        assert made.spot(item) == Spot(*expected.tolist(), 30.0)
        made.journal.append("ada", decided(1, "move", moved))
        assert made.spot(made.state().items["flickr:1"]) == moved
        assert made.harvested_spot(made.state().items["flickr:1"]).heading == 30.0


def test_settings_refuse_what_makes_no_sense() -> None:
    for changes, told in [
        ({"zone": "10"}, "expected a UTM zone"),
        ({"area": (0.0, 1.0, 1.0, 0.0)}, "south 1.0 and north 0.0"),
        ({"twice_share": 1.5}, "twice_share = 1.5"),
        ({"licences": ()}, "none is allowed"),
        ({"time_zone": "Mars/Olympus"}, "'Mars/Olympus': not known here"),
        ({"time_zone": "../../etc/passwd"}, "not known here"),
    ]:
        with pytest.raises(SettingsError, match=told):
            settings(**changes)
    assert settings(time_zone="Europe/Berlin").time_zone == "Europe/Berlin"


def test_free_licences_are_allowed_by_default() -> None:
    made = settings()
    allowed = ["CC-BY-2.0", "CC-BY-NC-SA-4.0", "CC0-1.0", "PDM-1.0", "US-Gov", ""]
    assert [licence for licence in allowed if not made.allows(licence)] == []
    assert not made.allows("All-Rights-Reserved")
    assert not Settings("d", "10S", CITY, licences=("CC0-*",)).allows("CC-BY-2.0")


def test_a_database_needs_no_queries(tmp_path: Path) -> None:
    photos = [named(500000 + 10 * i) for i in range(3)]
    root = write_dataset(tmp_path / "set", {"database": photos})
    write_photos(tmp_path / "bare", photos)
    table = tmp_path / "table.csv"
    table.write_text("path,split,east,north,zone\na.jpg,database,500000,4180000,10S\n")
    assert len(open_database(str(root))) == 3
    assert len(open_database(str(tmp_path / "bare"))) == 3
    assert len(open_database(str(table))) == 1
    for source in (str(tmp_path / "nowhere"), str(tmp_path)):
        with pytest.raises(DatasetError):
            open_database(source, "gallery")
    database = open_database(str(root))
    area = area_of(database, Grid(zone_of(database)), 100.0)
    corners = Grid("10S").to_metres(np.array([[area.south, area.west], [area.north, area.east]]))
    assert np.allclose(corners, [[499900, 4179900], [500120, 4180100]], atol=1.0)


def in_zones(photos: PhotoSet, *zones: str) -> PhotoSet:
    return replace(photos, zones=np.array(zones))


def test_a_database_is_in_one_zone(tmp_path: Path) -> None:
    photos = open_database(str(write_dataset(tmp_path, {"database": [named(500000), named(500010)]})))
    assert zone_of(photos) == "10S"
    assert zone_of(photos, "10S") == "10S"
    assert zone_of(in_zones(photos, "31T", "31U")) == "31T"
    assert zone_of(in_zones(photos, "", ""), "32U") == "32U"
    with pytest.raises(CurationError, match="in UTM zone 10S, not in 11S"):
        zone_of(photos, "11S")
    with pytest.raises(CurationError, match="zones 32U, 33U, whose metres do not fit"):
        zone_of(in_zones(photos, "32U", "33U"))
    with pytest.raises(CurationError, match="zones 30M, 30N"):
        zone_of(in_zones(photos, "30M", "30N"))
    with pytest.raises(CurationError, match="name no UTM zone"):
        zone_of(in_zones(photos, "", ""))
