"""The harvest step with the stand-ins of Flickr and Mapillary: caps, resuming, refusals, rechecking."""

import logging
from pathlib import Path

import pytest
from PIL import Image

from data.curation.harvest import flickr, mapillary
from data.curation.harvest.provider import OverCapError
from data.curation.harvest.recheck import recheck
from data.curation.harvest.run import harvest
from data.errors import CurationError
from data.photos import read_photo
from tests.data.curation.harvesting import (
    PHOTO,
    flickr_of,
    ids,
    mapillary_of,
    shots,
    windows,
)
from tests.data.curation.made import project
from tests.data.curation.standins import (
    FlickrStandIn,
    MapillaryStandIn,
    Reply,
    Shot,
    serving,
)
from tests.data.samples import encoded


def test_photos_of_flickr_are_kept_with_all_that_is_told_of_them(tmp_path: Path) -> None:
    with project(tmp_path) as made, serving(FlickrStandIn(shots(3))) as server:
        counts = harvest(made, flickr_of(server, made), windows(made))
        assert counts["harvested"] == 3
        item = made.state().items["flickr:1001"]
        shot = server.shots[1]
        assert (item.photo.latitude, item.photo.longitude) == (shot.latitude, shot.longitude)
        assert item.photo.page == "https://www.flickr.com/photos/12@N00/1001"
        assert (item.photo.owner, item.photo.licence) == ("<i>12@N00</i>", "CC-BY-2.0")
        assert (item.photo.taken, item.photo.utc_offset_min) == ("2011-02-03T21:15:01", None)
        assert (item.photo.accuracy, item.photo.heading) == ("level 16 of 16", None)
        assert item.photo.fetched == "2024-05-17T20:00:00.000Z"
        assert made.photo_path(item).read_bytes() == PHOTO
        assert read_photo(made.photo_path(item)).shape == (24, 32, 3)


def test_photos_of_mapillary_are_kept_with_their_time_in_utc_and_heading(tmp_path: Path) -> None:
    with project(tmp_path) as made, serving(MapillaryStandIn(shots(3, heading=-30.0))) as server:
        assert harvest(made, mapillary_of(server), windows(made))["harvested"] == 3
        photo = made.state().items["mapillary:1001"].photo
        assert (photo.latitude, photo.longitude) == (server.shots[1].latitude, server.shots[1].longitude)
        assert (photo.taken, photo.utc_offset_min) == ("2011-02-03T21:15:01", 0)
        assert (photo.licence, photo.heading, photo.owner) == ("CC-BY-SA-4.0", 330.0, "12@N00")


def test_inexact_times_are_not_taken_for_exact_ones(tmp_path: Path) -> None:
    with project(tmp_path) as made, serving(FlickrStandIn(shots(1, granularity="4"))) as server:
        harvest(made, flickr_of(server, made), windows(made))
        assert made.state().items["flickr:1000"].photo.taken == ""


def test_a_search_of_flickr_is_split_until_nothing_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(flickr, "CAP", 40)
    monkeypatch.setattr(flickr, "PAGE", 7)
    monkeypatch.setattr(FlickrStandIn, "cap", 40)
    crowd = shots(60, latitude=37.7655, longitude=-122.4555)  # only dates tell these apart
    for number, shot in enumerate(crowd):
        shot.id = str(5000 + number)
    server = FlickrStandIn(shots(150) + crowd)
    with project(tmp_path) as made, serving(server), caplog.at_level(logging.INFO):
        harvest(made, flickr_of(server, made), windows(made))
        assert ids(made) == {shot.id for shot in server.shots}
        searched = made.state().searched.values()
    splits = [one for one in searched if one.get("split")]
    assert [one["expected"] for one in splits][:1] == [210]
    for one in searched:
        if not one.get("split"):
            assert one["received"] == one["expected"] <= 40
            assert f"{one['expected']} photos expected, {one['received']} received" in caplog.text


def test_flickrs_true_cap_is_kept_to(tmp_path: Path) -> None:
    with project(tmp_path) as made, serving(FlickrStandIn(shots(4300, licence="1"))) as server:
        provider = flickr_of(server, made)
        with pytest.raises(OverCapError, match="4300 photos"):
            provider.search(windows(made)[0])
        found: set[str] = set()
        for half in windows(made)[0].halves() or ():
            found |= {one.photo.photo_id for one in provider.search(half).found}
        assert len(found) == 4300


def test_a_search_of_mapillary_is_split_by_its_list_and_by_its_complaints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapillary, "CAP", 50)
    monkeypatch.setattr(MapillaryStandIn, "cap", 50)
    monkeypatch.setattr(MapillaryStandIn, "dense", 120)
    wide = (-122.6, 37.7, -122.3, 37.9)  # more than 0.01 square degrees
    with project(tmp_path, area=wide) as made, serving(MapillaryStandIn(shots(200))) as server:
        harvest(made, mapillary_of(server), windows(made))
        assert ids(made) == {shot.id for shot in server.shots}


def test_more_photos_of_one_second_than_are_listed_are_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(flickr, "CAP", 5)
    same = shots(9, latitude=37.7655, longitude=-122.4555, taken="2012-01-01 00:00:00")
    with project(tmp_path) as made, serving(FlickrStandIn(same)) as server:
        harvest(made, flickr_of(server, made), windows(made))
        assert made.state().items == {}
    assert "9 photos of one place and second" in caplog.text
    assert "are left out" in caplog.text


def test_a_harvest_that_was_stopped_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flickr, "CAP", 10)
    with project(tmp_path) as made, serving(FlickrStandIn(shots(40))) as server:
        server.photo_faults = [None] * 12 + [Reply(b"", 503)] * 1000
        with pytest.raises(CurationError, match=r"HTTP 503 .* the same command goes on from there"):
            harvest(made, flickr_of(server, made), windows(made))
        kept = ids(made)
        assert 0 < len(kept) <= 12
        server.photo_faults = []
        server.addresses.clear()
        harvest(made, flickr_of(server, made), windows(made))
        assert ids(made) == {shot.id for shot in server.shots}
        fetched = [address for address in server.addresses if address.startswith("/photos/")]
        assert len(fetched) == len(set(fetched)) == 40 - len(kept)
        server.addresses.clear()
        assert not harvest(made, flickr_of(server, made), windows(made))["harvested"]
        assert server.addresses == []  # all is in the journal


def test_a_photo_that_is_not_sent_now_is_asked_for_again(tmp_path: Path) -> None:
    with project(tmp_path) as made, serving(FlickrStandIn(shots(1))) as server:
        server.photo_faults = [Reply(b"", 500)] * 3
        assert harvest(made, flickr_of(server, made), windows(made))["to be asked for again"] == 1
        assert harvest(made, flickr_of(server, made), windows(made))["harvested"] == 1


def bomb() -> bytes:
    return encoded(Image.new("L", (12000, 12000)), "PNG")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"<html>not found</html>", "not a JPEG or PNG image"),
        (b"", "not a JPEG or PNG image"),
        (PHOTO[:300], "truncated or damaged"),
        (None, "12000x12000 are too many pixels"),
        (b"\xff\xd8\xff" + b"0" * 2**20, "truncated, damaged"),
    ],
)
def test_what_is_no_photo_is_refused_with_a_message(
    tmp_path: Path, data: bytes | None, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    with project(tmp_path) as made, serving(FlickrStandIn(shots(2))) as server:
        server.shots[0].data = bomb() if data is None else data
        counts = harvest(made, flickr_of(server, made), windows(made))
        assert (counts["harvested"], counts["refused"]) == (1, 1)
        assert told in made.state().refused["flickr:1000"]
        assert "flickr:1000 is not taken" in caplog.text
        assert [path.name for path in (made.photos / "flickr").iterdir()] == ["1001.jpg"]
        assert not harvest(made, flickr_of(server, made), windows(made))["refused"]


def test_a_photo_that_vanishes_or_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.curation.harvest.run.MOST_BYTES", 20_000)
    with project(tmp_path) as made, serving(FlickrStandIn(shots(3))) as server:
        server.photo_faults = [Reply(b"gone", 410), Reply(b"\xff\xd8\xff" * 10_000)]
        assert harvest(made, flickr_of(server, made), windows(made))["refused"] == 2
        reasons = sorted(made.state().refused.values())
        assert "HTTP 410: the photo is not given any more" in reasons[0] + reasons[1]
        assert "larger than 0.0190735 MiB" in reasons[0] + reasons[1]


def test_photos_of_other_licences_are_not_even_fetched(tmp_path: Path) -> None:
    mixed = shots(6)
    for shot, licence in zip(mixed, ("0", "1", "4", "7", "9", "10"), strict=True):
        shot.licence = licence
    with project(tmp_path) as made, serving(FlickrStandIn(mixed)) as server:
        harvest(made, flickr_of(server, made), windows(made))
        kept = {item.photo.licence for item in made.state().items.values()}
        assert kept == {"CC-BY-NC-SA-2.0", "CC-BY-2.0", "CC0-1.0", "PDM-1.0"}
        assert server.asked[1]["license"] == "1,4,8,9,10"
        assert "/photos/1000" not in server.addresses


def test_photos_outside_of_the_area_are_refused_saying_where_they_are(tmp_path: Path) -> None:
    class Careless(FlickrStandIn):
        def found(self, asked: dict[str, str]) -> Reply:
            return super().found({**asked, "bbox": "-180,-90,180,90"})

    strays = [Shot("1", 37.9, -122.45, data=PHOTO), Shot("2", 35.68, 139.7, data=PHOTO)]
    strays.append(Shot("3", 89.0, -122.45, data=PHOTO))
    with project(tmp_path) as made, serving(Careless(shots(1) + strays)) as server:
        harvest(made, flickr_of(server, made), windows(made))
        assert ids(made) == {"1000"}
        refused = made.state().refused
    assert "outside of the project's area" in refused["flickr:1"]
    assert "lies in UTM zone 54, the database in 10S" in refused["flickr:2"]
    assert "lies in no UTM zone" in refused["flickr:3"]


def test_an_area_across_the_antimeridian_is_searched_on_both_sides(tmp_path: Path) -> None:
    fiji = [Shot("1", -17.0, 179.95, data=PHOTO), Shot("2", -17.0, -179.95, data=PHOTO)]
    far = [Shot("3", -17.0, 0.0, data=PHOTO)]
    area = (179.9, -17.1, -179.9, -16.9)
    with project(tmp_path, area=area, zone="1K") as made, serving(FlickrStandIn(fiji + far)) as server:
        harvest(made, flickr_of(server, made), windows(made))
        assert ids(made) == {"1", "2"}
        east = [made.harvested_spot(item).east for item in made.state().items.values()]
        assert 10_000 < abs(east[0] - east[1]) < 11_000


def test_withdrawn_and_relicensed_photos_are_dropped(tmp_path: Path) -> None:
    with project(tmp_path) as made, serving(FlickrStandIn(shots(4))) as server:
        harvest(made, flickr_of(server, made), windows(made))
        server.shots[1].licence, server.shots[2].licence = "0", "9"
        del server.shots[0]
        server.shots[0].licence = "0"  # of 1001
        counts = recheck(made, flickr_of(server, made))
        items = made.state().items
        assert [items[f"flickr:{n}"].gone for n in range(1000, 1004)] == ["withdrawn", "relicensed", "", ""]
        assert items["flickr:1002"].photo.licence == "CC0-1.0"
        assert counts["files removed"] == 2
        assert sorted(path.name for path in (made.photos / "flickr").iterdir()) == ["1002.jpg", "1003.jpg"]


def test_a_recheck_goes_on_where_it_was_and_drops_nothing_for_a_silent_provider(tmp_path: Path) -> None:
    with project(tmp_path) as made, serving(MapillaryStandIn(shots(4))) as server:
        harvest(made, mapillary_of(server), windows(made))
        server.faults = [None, None, *[Reply(b"", 500)] * 3]
        with pytest.raises(CurationError, match="HTTP 500"):
            recheck(made, mapillary_of(server))
        assert not any(item.gone for item in made.state().items.values())
        server.asked.clear()
        del server.shots[3]
        recheck(made, mapillary_of(server))
        assert len(server.asked) == 2  # the two that were checked a moment ago are not asked about again
        assert made.state().items["mapillary:1003"].gone == "withdrawn"
