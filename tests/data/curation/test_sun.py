"""The sun's elevation against published values and astral, and when photos can have been taken."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from data.curation.signs.moment import moment_of
from data.curation.signs.run import sun_range_deg
from data.curation.signs.sun import sun_elevation_deg
from tests.data.curation.made import photo


def elevation(time: str, latitude: float, longitude: float) -> float:
    return float(sun_elevation_deg(np.datetime64(time), np.array(latitude), np.array(longitude)))


def test_the_worked_example_of_the_solar_position_algorithm() -> None:
    # Reda and Andreas, Solar Position Algorithm (NREL/TP-560-34302), table A5.1: without refraction
    # 39.872046 degrees, of which parallax takes 0.0019.
    found = elevation("2003-10-17T19:30:30", 39.742476, -105.1786)
    assert found == pytest.approx(39.872046 + 0.0019, abs=0.01)


def test_solstices_equinoxes_and_poles() -> None:
    assert elevation("2024-06-20T20:51:00", 90.0, 0.0) == pytest.approx(23.44, abs=0.01)
    assert elevation("2024-12-21T09:20:00", 90.0, 0.0) == pytest.approx(-23.44, abs=0.01)
    assert elevation("2024-03-20T03:06:00", -90.0, 50.0) == pytest.approx(0.0, abs=0.02)
    # Over the Tropic of Capricorn at the December solstice, at solar noon.
    noon = [elevation(f"2024-12-21T11:{minute}:00", -23.44, 0.0) for minute in range(50, 60)]
    assert max(noon) == pytest.approx(90.0, abs=0.3)


def test_arrays_broadcast_and_missing_times_are_nan() -> None:
    times = np.array(["2024-05-01T12:00:00", "NaT"], "datetime64[s]")
    found = sun_elevation_deg(times[:, None], np.array([10.0, 20.0, 30.0]), np.array(5.0))
    assert found.shape == (2, 3)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()
    assert found[0, 1] == pytest.approx(elevation("2024-05-01T12:00:00", 20.0, 5.0))


def test_it_agrees_with_astral_everywhere_and_always() -> None:
    astral = pytest.importorskip("astral", reason="astral is not installed: pip install astral")
    sun = pytest.importorskip("astral.sun")
    draw = np.random.default_rng(3)
    for _ in range(300):
        place = float(draw.uniform(-89, 89)), float(draw.uniform(-180, 180))
        moment = datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=int(draw.integers(0, 50 * 365 * 86400)))
        expected = sun.elevation(astral.Observer(*place, 0.0), moment, with_refraction=False)
        found = elevation(f"{moment:%Y-%m-%dT%H:%M:%S}", *place)
        assert found == pytest.approx(expected, abs=0.02)


def hours(first: datetime, moment: str) -> float:
    return (first - datetime.fromisoformat(moment).replace(tzinfo=UTC)).total_seconds() / 3600


def test_a_known_zone_gives_one_moment() -> None:
    taken = photo(taken="2023-11-04T21:30:05", utc_offset_min=-420)
    assert moment_of(taken, "Asia/Tokyo") == moment_of(taken)
    found = moment_of(taken)
    assert found is not None
    assert found.earliest == found.latest == datetime(2023, 11, 5, 4, 30, 5, tzinfo=UTC)


def test_an_unknown_zone_is_the_places_with_a_margin() -> None:
    winter, summer = photo(taken="2023-12-04T21:30:05"), photo(taken="2023-07-04T21:30:05")
    for taken, utc in ((winter, "2023-12-05T05:30:05"), (summer, "2023-07-05T04:30:05")):
        found = moment_of(taken, "America/Los_Angeles")
        assert found is not None
        assert (hours(found.earliest, utc), hours(found.latest, utc)) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("zone", "longitude", "offset_h"),
    [
        ("Spain, summer", -9.27, 2.0),
        ("western China", 75.98, 8.0),
        ("eastern India", 97.0, 5.5),
        ("Poland, winter", 24.1, 1.0),
        ("Alaska, summer", -165.4, -8.0),
        ("Maine, winter", -67.0, -5.0),
        ("Argentina", -71.9, -3.0),
        ("Fiji", 179.9, 12.0),
        ("Samoa, but for the day", -172.0, 13.0 - 24.0),
    ],
)
def test_the_margin_of_the_longitude_holds_the_clocks_of_the_world(
    zone: str, longitude: float, offset_h: float
) -> None:
    found = moment_of(photo(taken="2023-07-04T21:30:00", longitude=longitude))
    utc = datetime(2023, 7, 4, 21, 30, tzinfo=UTC) - timedelta(hours=offset_h)
    assert found is not None
    assert found.earliest <= utc <= found.latest
    assert found.latest - found.earliest == timedelta(hours=4.25)


@pytest.mark.parametrize(
    "taken", ["", "0000-00-00T00:00:00", "long ago", "2023-11-04T00:00:00", "2023-11-04"]
)
def test_a_date_or_nonsense_is_no_time(taken: str) -> None:
    assert moment_of(photo(taken=taken)) is None
    assert sun_range_deg(photo(taken=taken), "") is None


def test_the_suns_range_holds_all_that_is_possible() -> None:
    taken = photo(taken="2024-10-05T20:24:00")  # San Francisco, in summer time
    low, high = sun_range_deg(taken, "") or (0.0, 0.0)
    assert low < -30
    assert high > 0  # by the longitude alone the sun may not have set yet
    low, high = sun_range_deg(taken, "America/Los_Angeles") or (0.0, 0.0)
    assert -32 < low < high < -6
    exact = photo(taken="2024-10-06T03:24:00", utc_offset_min=0)
    low, high = sun_range_deg(exact, "") or (0.0, 0.0)
    assert low == high == pytest.approx(elevation("2024-10-06T03:24:00", 37.766, -122.455))


def test_noon_is_not_missed_between_two_ends() -> None:
    taken = photo(latitude=0.0, longitude=0.0, taken="2024-03-20T13:00:00")
    low, high = sun_range_deg(taken, "") or (0.0, 0.0)
    assert high > 88  # from 10 h to 14 h by the sun: highest in the middle
    assert low < 65
