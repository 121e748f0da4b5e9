"""Which street view is nearest to a place, asked of stand-ins of the providers."""

import numpy as np
import pytest

from data.curation.grid import Grid
from data.curation.harvest.mapillary import Mapillary
from data.curation.panoramax import Panoramax
from data.curation.records import Spot
from data.curation.streetviews import ADVICE, REACH_M, WAITS_S, Nearest
from data.errors import CurationError
from tests.data.curation.standins import (
    KEY,
    MapillaryStandIn,
    PanoramaxStandIn,
    Reply,
    Shot,
    StandIn,
    serving,
)

GRID = Grid("10S")
SPOT = Spot(548000.0, 4180000.0)
KINDS = [MapillaryStandIn, PanoramaxStandIn]


def shot(name: str, east_m: float, north_m: float = 0.0, grid: Grid = GRID, spot: Spot = SPOT) -> Shot:
    """Return an image so many metres away from a spot."""
    place = np.array([(spot.east + east_m, spot.north + north_m)])
    latitude, longitude = grid.to_degrees(place)[0].tolist()
    return Shot(name, latitude, longitude, "2019-05-03 10:00:00", heading=370.5)


def nearest(server: StandIn, grid: Grid = GRID, key: str = KEY) -> Nearest:
    if isinstance(server, PanoramaxStandIn):
        return Nearest(Panoramax(f"{server.base}/api"), grid)
    return Nearest(Mapillary(key, address=server.base, waits_s=WAITS_S, advice=ADVICE), grid)


@pytest.mark.parametrize("kind", KINDS)
def test_the_nearest_image_is_found_with_what_the_provider_tells(kind: type[StandIn]) -> None:
    with serving(kind([shot("far", 30), shot("near-1_b", -4, 3), shot("behind", 0, 12)])) as server:
        found = nearest(server).to(SPOT)
    assert found is not None
    sight, away_m = found
    assert (sight.id, sight.heading, sight.taken[:19]) == ("near-1_b", 10.5, "2019-05-03T10:00:00")
    assert away_m == pytest.approx(5.0, abs=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_farther_away_than_the_reach_is_none(kind: type[StandIn]) -> None:
    corner = 0.95 * REACH_M  # within the box that is asked for, beyond the reach
    with serving(kind([shot("corner", corner, corner)])) as server:
        assert nearest(server).to(SPOT) is None
        server.shots.append(shot("edge", corner))
        found = nearest(server).to(SPOT)
    assert found is not None
    assert found[0].id == "edge"


@pytest.mark.parametrize("kind", KINDS)
def test_a_metre_is_asked_about_once_and_told_its_distance(kind: type[StandIn]) -> None:
    with serving(kind([shot("7", 10)])) as server:
        asked = nearest(server)
        distances = [asked.to(Spot(SPOT.east + away, SPOT.north)) for away in (0.0, 0.3, -0.4, 5.0)]
        assert [found[1] for found in distances if found] == pytest.approx([10, 9.7, 10.4, 5], abs=0.05)
        assert len(server.asked) == 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "fault",
    [
        Reply(b"<html>proxy</html>"),
        Reply(b"[]"),
        Reply(b'{"data": [{"id": "7"}], "features": [{"id": "7", "geometry": null, "properties": {}}]}'),
        Reply(b'{"data": [3], "features": [3]}'),
        Reply(b'{"features": [', cut=5),
        Reply(b'{"message": "down", "error": {"message": "down", "code": 2}}', 503),
        Reply(b'{"error": {"message": "reduce the amount of data", "code": 1}}', 500),
    ],
    ids=range(7),
)
def test_an_answer_that_makes_no_sense_is_told_at_once_and_asked_for_anew(
    kind: type[StandIn], fault: Reply
) -> None:
    with serving(kind([shot("7", 10)])) as server:
        server.faults = [fault]
        asked = nearest(server)
        with pytest.raises(CurationError, match=r"^(Mapillary|Panoramax): "):
            asked.to(SPOT)
        assert len(server.asked) == 1
        assert asked.to(SPOT) is not None


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_network_it_is_told_what_to_do(kind: type[StandIn]) -> None:
    with serving(kind([])) as server:
        asked = nearest(server)
    with pytest.raises(CurationError, match=rf"no connection \(.*\)\. {ADVICE}$"):
        asked.to(SPOT)


def test_a_wrong_key_is_told_without_it() -> None:
    with serving(MapillaryStandIn([])) as server, pytest.raises(CurationError, match="Invalid OAuth") as told:
        nearest(server, key="not the key").to(SPOT)
    assert "not the key" not in str(told.value)


@pytest.mark.parametrize("kind", KINDS)
def test_images_that_cannot_be_are_left_out(kind: type[StandIn]) -> None:
    class Elsewhere(kind):  # type: ignore[misc, valid-type]
        def honest(self, path: str, asked: dict[str, str], headers: dict[str, str]) -> Reply:
            return super().honest(path, {**asked, "bbox": "-122.5,37.72,-122.41,37.81"}, headers)

    odd = [shot("a b", 1), shot("../7", 2), shot("7&x=y", 3), shot("'", 4), shot("", 5), shot("km", 900)]
    with serving(Elsewhere([*odd, shot("good", 20)])) as server:
        found = nearest(server).to(SPOT)
    assert found is not None
    assert found[0].id == "good"


@pytest.mark.parametrize("kind", KINDS)
def test_images_on_the_other_side_of_the_antimeridian_are_found(kind: type[StandIn]) -> None:
    grid = Grid("60K")
    east, north = grid.to_metres(np.array([[-18.0, 179.9999]]))[0].tolist()
    spot = Spot(east, north)
    with serving(kind([shot("beyond", 30, 0, grid, spot), shot("this-side", -40, 0, grid, spot)])) as server:
        assert server.shots[0].longitude < -179
        found = nearest(server, grid).to(spot)
    assert found is not None
    assert (found[0].id, found[1]) == ("beyond", pytest.approx(30, abs=0.6))
