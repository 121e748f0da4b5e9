"""Harvesting local photos: names, EXIF tags, tables; the path that needs no key."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from data.curation.exif import read_taken
from data.curation.grid import Grid
from data.curation.harvest.folder import Folder
from data.curation.harvest.run import harvest
from data.curation.harvest.window import windows_of
from data.curation.project import Project
from data.errors import CurationError, DatasetError
from tests.data.curation.made import project
from tests.data.samples import encoded, named, noise

PLACE = {GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (37.0, 45.0, 57.6)} | {
    GPS.GPSLongitudeRef: "W",
    GPS.GPSLongitude: (122.0, 27.0, 18.0),
}


def tagged(gps: dict[int, Any], camera: dict[int, Any] | None = None, seed: int = 0) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(IFD.GPSInfo).update(gps)
    exif.get_ifd(IFD.Exif).update(camera or {})
    return encoded(Image.fromarray(noise(16, 24, seed=seed)), exif=exif)


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def gather(made: Project, source: Path, **options: str) -> dict[str, int]:
    windows = windows_of(
        made.settings.box, datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    )
    return dict(harvest(made, Folder(source, made.settings.zone, **options), windows))


def by_source(made: Project) -> dict[str, Any]:
    return {Path(item.photo.source).name: item.photo for item in made.state().items.values()}


def test_exif_tags_say_where_when_and_which_way(tmp_path: Path) -> None:
    camera = {Base.DateTimeOriginal: "2023:11:04 21:30:05", Base.OffsetTimeOriginal: "-07:00"}
    gps = {**PLACE, GPS.GPSImgDirection: 370.5, GPS.GPSHPositioningError: 4.5}
    taken = read_taken(write(tmp_path / "a.jpg", tagged(gps, camera)))
    assert (taken.latitude, taken.longitude) == (pytest.approx(37.766), pytest.approx(-122.455))
    assert (taken.heading, taken.accuracy_m) == (pytest.approx(10.5), pytest.approx(4.5))
    assert (taken.time, taken.utc_offset_min) == (datetime(2023, 11, 4, 21, 30, 5), -420)


@pytest.mark.parametrize(
    ("stamp", "date", "offset"),
    [
        ((4.0, 30.0, 9.0), "2023:11:05", -420),
        ((16.0, 0.0, 0.0), "2023:11:04", 330),
        ((4.0, 30.0, 9.0), "2023:11:09", None),
    ],
)
def test_the_satellites_time_tells_the_zone(
    tmp_path: Path, stamp: tuple[float, ...], date: str, offset: int | None
) -> None:
    gps = {**PLACE, GPS.GPSTimeStamp: stamp, GPS.GPSDateStamp: date}
    camera = {Base.DateTimeOriginal: "2023:11:04 21:30:05"}
    assert read_taken(write(tmp_path / "a.jpg", tagged(gps, camera))).utc_offset_min == offset


@pytest.mark.parametrize(
    "gps",
    [
        {},
        {GPS.GPSLatitude: (0.0, 0.0, 0.0), GPS.GPSLongitude: (0.0, 0.0, 0.0)},
        {**PLACE, GPS.GPSLatitude: (97.0, 0.0, 0.0)},
        {**PLACE, GPS.GPSLongitude: (12.0, 0.0)},
        {GPS.GPSLatitude: (37.0, 45.0, 57.6)},
    ],
)
def test_a_place_that_makes_no_sense_is_none(tmp_path: Path, gps: dict[int, Any]) -> None:
    taken = read_taken(write(tmp_path / "a.jpg", tagged(gps, {Base.DateTimeOriginal: "0000:00:00 00:00:00"})))
    assert (taken.latitude, taken.longitude, taken.time) == (None, None, None)


def test_damaged_tags_say_nothing(tmp_path: Path) -> None:
    data = bytearray(tagged(PLACE))
    start = data.index(b"Exif\0\0") + 6
    data[start + 8 : start + 60] = b"\xff" * 52
    taken = read_taken(write(tmp_path / "a.jpg", bytes(data)))
    assert taken.latitude is None


def test_a_folder_of_photos_is_harvested(tmp_path: Path) -> None:
    source = tmp_path / "mine"
    camera = {Base.DateTimeOriginal: "2023:11:04 21:30:05"}
    write(source / "a.jpg", tagged(PLACE, camera))
    write(source / "below" / "a.jpg", tagged(PLACE, camera))  # the same file again
    name = named(548000.0, 4180000.0, heading=33.0, timestamp="20231104_213005")
    write(source / name, tagged({}, seed=1))
    write(source / "nowhere.jpg", tagged({}, seed=2))
    write(source / "no_photo.jpg", b"<html>")
    with project(tmp_path) as made:
        counts = gather(made, source, licence="CC-BY-4.0")
        assert (counts["harvested"], counts["refused"]) == (2, 2)
        found = by_source(made)
        assert found["a.jpg"].taken == "2023-11-04T21:30:05"
        assert found["a.jpg"].utc_offset_min is None
        assert {photo.licence for photo in found.values()} == {"CC-BY-4.0"}
        item = made.state().items[found[name].item]
        assert np.allclose(made.harvested_spot(item), (548000.0, 4180000.0, 33.0), atol=1e-6)
        assert (item.photo.taken, item.photo.utc_offset_min) == ("2023-11-04T21:30:05", None)
        assert made.photo_path(item).read_bytes() == (source / name).read_bytes()
        reasons = " ".join(made.state().refused.values())
        assert "nowhere.jpg: neither its name nor its EXIF tags carry a position" in reasons
        assert "no_photo.jpg: not a JPEG or PNG" in reasons
        searched = next(iter(made.state().searched.values()))
        assert (searched["expected"], searched["received"]) == (5, 4)
        again = gather(made, source, licence="CC-BY-4.0")
        assert not again.get("harvested")
        write(source / "later.jpg", tagged(PLACE, seed=3))
        assert gather(made, source, licence="CC-BY-4.0")["harvested"] == 1


def test_a_name_without_its_zones_letter_is_read_in_the_projects_zone(tmp_path: Path) -> None:
    write(tmp_path / "mine" / "@548000.00@4180000.00@10@@@@@@@@@@@@.jpg", tagged({}))
    with project(tmp_path) as made:
        gather(made, tmp_path / "mine")
        (item,) = made.state().items.values()
        assert np.allclose(made.harvested_spot(item)[:2], (548000.0, 4180000.0), atol=1e-6)


def test_a_table_is_harvested_with_its_credits(tmp_path: Path) -> None:
    rows = [
        "path,split,lat,lon,time,heading,licence,owner,page",
        "a.jpg,queries,37.766,-122.455,2023-11-04T21:30:05-07:00,12,CC-BY-4.0,Ada,https://example.org/a",
        "b.jpg,queries,37.767,-122.455,,,,,",
        "c.jpg,queries,37.766,-122.455,,,All-Rights-Reserved,,",
        "d.jpg,database,37.766,-122.455,,,,,",
        "e.jpg,queries,35.6,139.7,,,,,",
        "gone.jpg,queries,37.766,-122.455,,,,,",
    ]
    for seed, name in enumerate("abcde"):
        write(tmp_path / "mine" / f"{name}.jpg", tagged({}, seed=seed))
    write(tmp_path / "mine" / "table.csv", "\n".join(rows).encode())
    with project(tmp_path) as made:
        counts = gather(made, tmp_path / "mine" / "table.csv", licence="CC0-1.0")
        assert (counts["harvested"], counts["refused"], counts["of other licences"]) == (2, 2, 1)
        found = by_source(made)
        a, b = found["a.jpg"], found["b.jpg"]
        assert (a.latitude, a.longitude, a.heading) == (pytest.approx(37.766), pytest.approx(-122.455), 12.0)
        assert (a.taken, a.utc_offset_min) == ("2023-11-05T04:30:05", 0)
        assert (a.licence, a.owner, a.page) == ("CC-BY-4.0", "Ada", "https://example.org/a")
        assert (b.licence, b.owner, b.taken, b.utc_offset_min, b.heading) == ("CC0-1.0", "", "", None, None)
        reasons = sorted(made.state().refused.values())
        assert "gone.jpg: cannot be read: No such file" in reasons[0]
        assert "lies in UTM zone 54" in reasons[1]


def test_a_folder_without_photos_is_refused_and_local_photos_are_not_rechecked(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        Folder(tmp_path / "nowhere", "10S")
    write(tmp_path / "mine" / "a.jpg", tagged({}))
    with pytest.raises(CurationError, match="cannot be rechecked"):
        Folder(tmp_path / "mine", "10S").licence_of("1")


def test_the_grid_of_another_zone_lands_at_the_same_place(tmp_path: Path) -> None:
    east, north = Grid("11S").to_metres(np.array([[37.766, -122.455]]))[0]
    write(tmp_path / "mine" / named(east, north, zone="11S"), tagged({}))
    with project(tmp_path) as made:
        gather(made, tmp_path / "mine")
        (item,) = made.state().items.values()
        assert (item.photo.latitude, item.photo.longitude) == (
            pytest.approx(37.766, abs=1e-6),
            pytest.approx(-122.455, abs=1e-6),
        )
