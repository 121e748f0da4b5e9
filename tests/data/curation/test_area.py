"""Areas and the grid: the antimeridian, borders between zones, the equator."""

import numpy as np
import pytest

from data.curation.area import Area, area_around, parse_area
from data.curation.grid import Grid
from data.errors import CurationError, SettingsError

FIJI = Area(179.9, -17.1, -179.8, -16.9)


def test_an_area_across_the_antimeridian_has_two_pieces() -> None:
    assert FIJI.crosses_antimeridian
    assert FIJI.pieces == (Area(179.9, -17.1, 180.0, -16.9), Area(-180.0, -17.1, -179.8, -16.9))
    inside = [FIJI.contains(-17.0, longitude) for longitude in (179.95, 180.0, -180.0, -179.85)]
    outside = [FIJI.contains(-17.0, longitude) for longitude in (179.8, -179.7, 0.0)]
    assert all(inside)
    assert not any(outside)
    assert not FIJI.contains(-17.2, 179.95)
    assert Area(179.0, 0.0, -180.0, 1.0).pieces == (Area(179.0, 0.0, 180.0, 1.0),)


def test_halves_part_the_longer_side() -> None:
    assert Area(0.0, 0.0, 2.0, 1.0).halves() == (Area(0.0, 0.0, 1.0, 1.0), Area(1.0, 0.0, 2.0, 1.0))
    # At 70 degrees north a degree of longitude is a third of one of latitude.
    assert Area(0.0, 70.0, 2.0, 71.0).halves() == (Area(0.0, 70.0, 2.0, 70.5), Area(0.0, 70.5, 2.0, 71.0))
    width, height = Area(0.0, 59.99, 1.0, 60.01).size_m
    assert width == pytest.approx(111_320 / 2, rel=1e-3)
    assert height == pytest.approx(0.02 * 111_320, rel=1e-9)


def test_an_area_is_read_from_text() -> None:
    assert parse_area("-122.5, 37.7,-122.3,37.8") == Area(-122.5, 37.7, -122.3, 37.8)
    for text, told in [
        ("1,2,3", "expected west,south,east,north"),
        ("a,b,c,d", "expected west,south,east,north"),
        ("0,2,1,1", "south 2.0 and north 1.0"),
        ("0,0,200,1", "east 200.0"),
        ("5,0,5,1", "unequal"),
        ("0,nan,1,1", "finite"),
    ]:
        with pytest.raises(SettingsError, match=told):
            parse_area(text)


def test_the_area_around_places_goes_the_short_way_round() -> None:
    places = np.array([[-17.0, 179.99], [-17.0, -179.99]])
    around = area_around(places, 1000.0)
    assert around.crosses_antimeridian
    assert around.contains(-17.0, 180.0)
    assert around.west == pytest.approx(179.99 - 1000 / (111_320 * np.cos(np.radians(17.0))), abs=1e-9)
    assert around.north == pytest.approx(-17.0 + 1000 / 111_320)


@pytest.mark.parametrize("zone", ["1K", "60K"])
def test_metres_go_on_across_the_antimeridian(zone: str) -> None:
    grid = Grid(zone)
    places = np.array([[-17.0, 179.9995], [-17.0, -179.9995]])
    east, west = grid.to_metres(places)
    expected = 0.001 * 111_412.88 * np.cos(np.radians(17.0))  # of an ellipsoid's parallel, roughly
    assert np.hypot(*(east - west)) == pytest.approx(expected, rel=3e-3)
    assert np.allclose(grid.to_degrees(np.stack([east, west])), places, atol=1e-8)


def test_metres_go_on_across_zones_and_the_equator() -> None:
    grid = Grid("32U")
    places = np.array([[50.0, 5.9995], [50.0, 6.0005], [50.0, 12.0005]])  # zones 31, 32, 33
    positions = grid.to_metres(places)
    assert np.hypot(*(positions[0] - positions[1])) == pytest.approx(71.7, rel=3e-3)
    assert np.allclose(grid.to_degrees(positions), places, atol=1e-8)
    for zone, equator in (("30N", 0.0), ("30M", 10_000_000.0)):
        grid = Grid(zone)
        places = np.array([[0.0005, -1.0], [-0.0005, -1.0]])
        positions = grid.to_metres(places)
        assert positions[:, 1].mean() == pytest.approx(equator, abs=1e-3)
        assert np.hypot(*(positions[0] - positions[1])) == pytest.approx(110.6, rel=1e-3)
        assert np.allclose(grid.to_degrees(positions), places, atol=1e-9)


def test_far_places_and_texts_that_are_no_zone_are_refused() -> None:
    with pytest.raises(CurationError, match="lies in UTM zone 54, the database in 10S"):
        Grid("10S").to_metres(np.array([[37.77, -122.4], [35.68, 139.7]]))
    with pytest.raises(CurationError, match="lies in no UTM zone"):
        Grid("10S").to_metres(np.array([[89.0, -122.4]]))
    for zone in ("", "S", "10", "61S", "0S", "10I", "10s"):
        with pytest.raises(SettingsError, match="expected a UTM zone with its letter"):
            Grid(zone)
