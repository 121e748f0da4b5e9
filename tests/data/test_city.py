"""The drawn city as a dataset: what lies on disk, what its dials do, how drawing continues."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

import data.city
from data.city import CitySettings, draw_city, query_dials
from data.datasets import open_dataset, query_folders
from data.errors import DatasetError
from data.names import parse_name
from data.positives import find_positives

TINY = CitySettings(
    database_count=8,
    query_count=4,
    width=160,
    height=120,
    occlusion=0.0,
    sweep="darkness",
    sweep_values=(0.0, 0.4, 1.0),
)
SMALLER = CitySettings(database_count=3, query_count=1, width=96, height=64)
PHOTOS = Path("images/test")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_city(tmp_path_factory.mktemp("drawn") / "city", TINY, workers=2)


def _photos(city: Path, folder: str = "") -> dict[str, bytes]:
    base = city / PHOTOS
    return {str(path.relative_to(base)): path.read_bytes() for path in (base / folder).rglob("*.jpg")}


def _brightness(city: Path, folder: str) -> dict[str, float]:
    """Return the mean grey value of each query, by its number in the set."""
    found = {}
    for path in (city / PHOTOS / folder).iterdir():
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        found[parse_name(path.name).pano_id] = float(grey.mean())
    return found


def test_it_is_an_ordinary_dataset(city: Path) -> None:
    assert query_folders(city) == [
        "queries_darkness_0",
        "queries_darkness_0.4",
        "queries_darkness_1",
        "queries_day",
        "queries_night",
    ]
    day = open_dataset(city, queries_folder="queries_day", cache=False)
    night = open_dataset(city, queries_folder="queries_night", cache=False)
    assert (len(day.database), len(day.queries), len(night.queries)) == (8, 4, 4)
    assert (day.name, night.name) == ("city_day", "city_night")
    assert set(day.database.zones) == {"10S"}


def test_photos_have_the_size_and_the_names_of_the_settings(city: Path) -> None:
    for path in (city / PHOTOS).rglob("*.jpg"):
        assert cv2.imread(str(path)).shape == (120, 160, 3)
        name = parse_name(path.name)
        assert abs(name.east - 548000) < 500
        assert abs(name.north - 4180000) < 500
        assert name.heading is not None
        assert 0 <= name.heading < 360
        assert name.note == path.parent.name.replace("database", "day").removeprefix("queries_")


def test_latitude_and_longitude_are_those_of_the_position(city: Path) -> None:
    utm = pytest.importorskip("utm")
    name = parse_name(next((city / PHOTOS / "database").iterdir()).name)
    east, north, number, letter = utm.from_latlon(name.latitude, name.longitude)
    assert (number, letter) == (10, "S")
    assert np.hypot(east - name.east, north - name.north) < 1.5  # 1e-5 degrees are about a metre


def test_database_photos_are_taken_at_the_spacing_in_every_view_angle(city: Path) -> None:
    names = [parse_name(path.name) for path in (city / PHOTOS / "database").iterdir()]
    first = sorted((n for n in names if n.pano_id == "drawn0-00000"), key=lambda n: str(n.tile))
    second = next(n for n in names if n.pano_id == "drawn0-00001")
    turns = [(n.heading - first[1].heading + 180) % 360 - 180 for n in first]
    np.testing.assert_allclose(turns, [-60, 0, 60], atol=4.1)
    step = np.hypot(second.east - first[0].east, second.north - first[0].north)
    assert step == pytest.approx(12.0, abs=0.1)


def test_every_query_has_a_positive_that_looks_the_same_way(city: Path) -> None:
    for folder in query_folders(city):
        dataset = open_dataset(city, queries_folder=folder, cache=False)
        positives = find_positives(dataset.database.positions, dataset.queries.positions)
        for query, near in enumerate(positives):
            turns = dataset.database.headings[near] - dataset.queries.headings[query]
            assert np.abs((turns + 180) % 360 - 180).min() <= TINY.shift_deg


def test_drawing_again_elsewhere_gives_the_same_bytes_whatever_the_workers(
    city: Path, tmp_path: Path
) -> None:
    again = draw_city(tmp_path / "again", TINY, workers=1)
    assert _photos(again) == _photos(city)
    assert (again / "city.json").read_bytes() == (city / "city.json").read_bytes()


def test_another_seed_is_another_city(tmp_path: Path) -> None:
    first = draw_city(tmp_path / "a", SMALLER)
    other = draw_city(tmp_path / "b", CitySettings(**{**vars(SMALLER), "seed": 1}))
    pictures = [
        cv2.imread(str(next((c / PHOTOS / "database").iterdir()))).astype(int) for c in (first, other)
    ]
    assert np.abs(pictures[0] - pictures[1]).mean() > 10


def test_queries_by_night_are_darker_than_the_same_by_day(city: Path) -> None:
    day, night = _brightness(city, "queries_day"), _brightness(city, "queries_night")
    assert day.keys() == night.keys()
    assert all(night[query] < 0.85 * day[query] for query in day)
    assert sum(night.values()) < 0.75 * sum(day.values())


def test_more_darkness_is_darker_and_no_darkness_is_the_day(city: Path) -> None:
    light, dusk, dark = (_brightness(city, f"queries_darkness_{value}") for value in ("0", "0.4", "1"))
    assert all(light[query] > dusk[query] > dark[query] for query in light)
    day = {parse_name(name).pano_id: photo for name, photo in _photos(city, "queries_day").items()}
    swept = {parse_name(name).pano_id: photo for name, photo in _photos(city, "queries_darkness_0").items()}
    assert swept == day


def test_the_record_tells_the_true_shift_of_each_query(city: Path) -> None:
    dials = query_dials(city)
    database = open_dataset(city, queries_folder="queries_day", cache=False).database
    assert len(dials) == 5 * TINY.query_count
    for path, values in dials.items():
        query = parse_name(path)
        distances = np.hypot(*(database.positions - (query.east, query.north)).T)
        turns = np.abs((database.headings - query.heading + 180) % 360 - 180)
        here = np.abs(distances - values["shift_m"]) < 0.03
        assert (np.abs(turns[here] - values["shift_deg"]) < 0.03).any()
        assert 0 < values["shift_m"] <= TINY.shift_m
        assert values["shift_deg"] <= TINY.shift_deg


def test_without_shift_queries_stand_where_the_database_does(tmp_path: Path) -> None:
    still = draw_city(tmp_path / "still", CitySettings(**{**vars(SMALLER), "shift_m": 0.0, "shift_deg": 0.0}))
    (values, _) = query_dials(still).values()
    assert (values["shift_m"], values["shift_deg"]) == (0.0, 0.0)
    names = {parse_name(name).pano_id: parse_name(name) for name in _photos(still)}
    query = next(name for pano, name in names.items() if pano and "-q" in pano)
    assert (query.east, query.north) in {(n.east, n.north) for n in names.values() if n is not query}


def test_drawing_a_finished_city_again_draws_nothing(city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path: path.stat().st_mtime_ns for path in city.rglob("*")}
    monkeypatch.setattr(data.city, "render", _must_not_be_called)
    assert draw_city(city, TINY) == city
    assert {path: path.stat().st_mtime_ns for path in city.rglob("*")} == before


def _must_not_be_called(*_: object) -> None:
    raise AssertionError("a finished city was drawn again")


def test_an_interrupted_drawing_continues_with_what_is_missing(city: Path, tmp_path: Path) -> None:
    done = 0

    def stop_after_three() -> None:
        nonlocal done
        done += 1
        if done == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        draw_city(tmp_path / "city", TINY, workers=1, advance=stop_after_three)
    begun = _photos(tmp_path / "city")
    complete = _photos(city)
    assert 3 <= len(begun) < len(complete)
    assert begun.items() <= complete.items()
    drawn: list[int] = []
    draw_city(tmp_path / "city", TINY, advance=lambda: drawn.append(1))
    assert _photos(tmp_path / "city") == complete
    assert len(drawn) == len(complete) - len(begun)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_killed_drawing_leaves_whole_photos_only(city: Path, tmp_path: Path) -> None:
    code = f"from data.city import *; draw_city({str(tmp_path / 'city')!r}, CitySettings(**{vars(TINY)!r}))"
    root = Path(data.city.__file__).parents[1]
    drawing = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(root)})
    database = tmp_path / "city" / PHOTOS / "database"
    deadline = time.monotonic() + 60
    while not any(database.glob("*.jpg")) and time.monotonic() < deadline:
        time.sleep(0.02)
    drawing.kill()
    drawing.wait()
    begun, complete = _photos(tmp_path / "city"), _photos(city)
    assert 0 < len(begun) < len(complete)
    assert begun.items() <= complete.items()
    draw_city(tmp_path / "city", TINY)
    assert _photos(tmp_path / "city") == complete


def test_a_city_of_other_settings_is_refused_naming_them(city: Path) -> None:
    other = CitySettings(**{**vars(TINY), "seed": 5, "spacing_m": 11.0})
    with pytest.raises(DatasetError, match=r"seed 0, not 5, spacing_m 12\.0, not 11\.0"):
        draw_city(city, other)


def test_photos_that_are_no_city_are_left_alone(tmp_path: Path) -> None:
    photo = tmp_path / PHOTOS / "database" / "mine.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"mine")
    with pytest.raises(DatasetError, match="not of a drawn city"):
        draw_city(tmp_path, SMALLER)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [photo]


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "damaged"), (json.dumps({"format": 99}), "format 99"), ("[]", "damaged")],
)
def test_a_record_that_cannot_be_read_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "city.json").write_text(text)
    with pytest.raises(DatasetError, match=message):
        draw_city(tmp_path, SMALLER)


def test_dials_of_a_folder_without_a_city_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"city\.json is missing"):
        query_dials(tmp_path)
