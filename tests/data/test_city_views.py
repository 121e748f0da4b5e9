"""Views of a drawn city: the same corners in every light, worked out once."""

from pathlib import Path

import numpy as np
import pytest

from data.city import CitySettings, draw_city, settings_of
from data.city_views import CORNERS, read_views
from data.errors import DatasetError

TINY = CitySettings(
    database_count=3, query_count=2, width=96, height=64, sweep="darkness", sweep_values=(0.5,)
)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_city(tmp_path_factory.mktemp("views") / "city", TINY)


def test_a_view_has_a_photo_for_each_light(city: Path) -> None:
    views = read_views(city)
    folders = [[photo.parent.name for photo in view.photos] for view in views]
    assert folders == [["queries_day", "queries_night", "queries_darkness_0.5"]] * 2
    assert all(photo.is_file() for view in views for photo in view.photos)
    for view in views:
        assert view.corners.shape[1] == 2
        assert len(view.corners) > 10
        assert (view.corners <= (95.5, 63.5)).all()


def test_sets_of_other_poses_are_no_lights(tmp_path: Path) -> None:
    settings = CitySettings(
        database_count=3, query_count=1, width=96, height=64, sweep="shift_m", sweep_values=(1.0,)
    )
    (view,) = read_views(draw_city(tmp_path / "city", settings))
    assert [photo.parent.name for photo in view.photos] == ["queries_day", "queries_night"]


def test_corners_are_worked_out_once(city: Path) -> None:
    told: list[None] = []
    (city / CORNERS).unlink(missing_ok=True)
    first = read_views(city, lambda: told.append(None))
    assert len(told) == 2
    second = read_views(city, lambda: told.append(None))
    assert len(told) == 2
    for ours, theirs in zip(first, second, strict=True):
        np.testing.assert_array_equal(ours.corners, theirs.corners)


def test_a_damaged_file_of_corners_is_refused(city: Path) -> None:
    read_views(city)
    kept = (city / CORNERS).read_bytes()
    (city / CORNERS).write_bytes(kept[:100])
    with pytest.raises(DatasetError, match="delete it"):
        read_views(city)
    np.savez(city / CORNERS, format=1, counts=[1, 2, 3], pixels=np.zeros((6, 2)))
    with pytest.raises(DatasetError, match="3 views"):
        read_views(city)
    (city / CORNERS).write_bytes(kept)


def test_a_city_knows_its_settings(city: Path, tmp_path: Path) -> None:
    assert settings_of(city) == TINY
    with pytest.raises(DatasetError, match="draw a city there first"):
        settings_of(tmp_path)
