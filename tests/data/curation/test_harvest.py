"""The harvest step with the stand-ins of Flickr and Mapillary: caps, resuming, refusals, rechecking."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.curation.harvest import flickr, mapillary
from data.curation.harvest.flickr import Flickr
from data.curation.harvest.mapillary import Mapillary
from data.curation.harvest.provider import OverCapError, Provider
from data.curation.harvest.recheck import recheck
from data.curation.harvest.run import harvest
from data.curation.harvest.window import Window, windows_of
from data.curation.journal import Journal
from data.curation.project import Project
from data.errors import CurationError, DiskSpaceError
from data.photos import read_photo
from tests.data.curation.made import Clock, project
from tests.data.curation.standins import (
    KEY,
    FlickrStandIn,
    MapillaryStandIn,
    Reply,
    Shot,
    StandIn,
    serving,
)
from tests.data.samples import encoded, noise

SINCE, UNTIL = datetime(2010, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
PHOTO = encoded(Image.fromarray(noise(24, 32)))


def shots(count: int, **changes: object) -> list[Shot]:
    """Return photos all over the area of the project, taken over some years."""
    draw = np.random.default_rng(5)
    made = []
    for number in range(count):
        latitude, longitude = draw.uniform(37.751, 37.779), draw.uniform(-122.469, -122.441)
        taken = f"201{number % 8}-0{number % 9 + 1}-03 2{number % 3}:15:{number % 60:02d}"
        made.append(Shot(str(1000 + number), float(latitude), float(longitude), taken, data=PHOTO))
        vars(made[-1]).update(changes)
    return made


def flickr_of(server: StandIn, made: Project, key: str = KEY) -> Flickr:
    clock = Clock()
    return Flickr(
        key, made.settings.allows, address=server.base, waits_s=(1, 2), now=clock.seconds, sleep=clock.sleep
    )


def mapillary_of(server: StandIn, key: str = KEY) -> Mapillary:
    clock = Clock()
    return Mapillary(key, address=server.base, waits_s=(1, 2), now=clock.seconds, sleep=clock.sleep)


def windows(made: Project) -> list[Window]:
    return windows_of(made.settings.box, SINCE, UNTIL)


def ids(made: Project) -> set[str]:
    return {item.photo.photo_id for item in made.state().items.values()}


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


def test_entries_that_make_no_sense_are_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    odd = {"../../etc/passwd": {}, "2": {"latitude": float("nan")}, "3": {"owner": None}}

    class Odd(FlickrStandIn):
        def entry(self, shot: Shot) -> dict[str, object]:
            entry = super().entry(shot)
            return {"id": shot.id} if shot.owner is None else entry

        def found(self, asked: dict[str, str]) -> Reply:
            reply = super().found(asked)
            return Reply(reply.body.replace(b'"37.76"', b'"NaN"'))

    strange = [Shot(name, 37.76, -122.45, data=PHOTO) for name in odd]
    strange[0].latitude, strange[2].latitude = 37.77, 37.77
    strange[2].owner = None  # type: ignore[assignment]
    with project(tmp_path) as made, serving(Odd(shots(2) + strange)) as server:
        counts = harvest(made, flickr_of(server, made), windows(made))
        assert (counts["harvested"], counts["malformed"]) == (2, 3)
    assert "3 entries make no sense" in caplog.text


def providers(server: StandIn, made: Project, key: str = KEY) -> Provider:
    return flickr_of(server, made, key) if isinstance(server, FlickrStandIn) else mapillary_of(server, key)


def half(reply: Reply) -> Reply:
    return Reply(reply.body, cut=len(reply.body) // 2)


GARBAGE = [
    Reply(b"<html>proxy</html>"),
    Reply(b'{"stat": "ok"}'),
    Reply(b"[]"),
    Reply(b'{"photos": {"total": "many", "photo": []}, "stat": "ok", "data": 3}'),
    Reply(b'{"data": ["x"], "photos": {"total": 1, "photo": ["x"]}, "stat": "ok"}'),
    Reply(b'{"stat": "ok", "photos": {"tot', cut=20),
    Reply(b"oops", 500),
    Reply(b'{"stat": "fail", "code": 105, "message": "down", "error": {"message": "down", "code": 2}}', 503),
]


@pytest.mark.parametrize("kind", [FlickrStandIn, MapillaryStandIn])
@pytest.mark.parametrize("fault", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_asked_for_again_and_then_told(tmp_path: Path, kind: type[StandIn], fault: Reply) -> None:
    with project(tmp_path) as made, serving(kind(shots(2))) as server:
        lead = [None] if kind is FlickrStandIn else []  # the list of licences comes first
        server.faults = [*lead, fault, fault]
        assert harvest(made, providers(server, made), windows(made))["harvested"] == 2
        before = made.state().sequence
        later = windows_of(made.settings.box, SINCE, datetime(2021, 1, 1, tzinfo=UTC))
        server.faults = [*lead, fault, fault, fault]
        with pytest.raises(CurationError, match=r"(Flickr|Mapillary): .* in the last of 3 attempts\. What"):
            harvest(made, providers(server, made), later)
        made.journal.check()
        assert made.state().sequence == before + 1  # that the step began
        assert ids(made) == {"1000", "1001"}


@pytest.mark.parametrize("kind", [FlickrStandIn, MapillaryStandIn])
def test_the_key_is_never_told_nor_written(
    tmp_path: Path, kind: type[StandIn], caplog: pytest.LogCaptureFixture
) -> None:
    wrong = "wrong secret/key+2"
    with project(tmp_path) as made, serving(kind(shots(2))) as server, caplog.at_level(logging.DEBUG):
        with pytest.raises(CurationError) as told:
            harvest(made, providers(server, made, wrong), windows(made))
        assert "***" in str(told.value)
        slashed = KEY.replace("/", "\\/")
        server.faults = [Reply(f"{slashed} is too busy".encode(), 403), Reply(f"you sent {KEY}".encode())]
        harvest(made, providers(server, made), windows(made))
        harvest(made, providers(server, made), windows(made), settings={"since": "2010"})
        written = b"".join(path.read_bytes() for path in made.folder.rglob("*") if path.is_file())
    for key in (wrong, KEY):
        for form in (
            key,
            key.replace("/", "\\/"),
            key.replace("/", "%2F").replace("+", "%2B").replace(" ", "+"),
        ):
            assert form not in str(told.value) + caplog.text
            assert form not in " ".join(server.addresses)
            assert form.encode() not in written


def test_a_redirection_does_not_take_the_key_elsewhere(tmp_path: Path) -> None:
    with (
        project(tmp_path) as made,
        serving(MapillaryStandIn(shots(1))) as server,
        serving(MapillaryStandIn([])) as thief,
    ):
        server.faults = [Reply(b"", 302, {"Location": f"{thief.base}/images"})] * 3
        with pytest.raises(CurationError, match="HTTP 302"):
            harvest(made, mapillary_of(server), windows(made))
        assert thief.addresses == []


def test_the_rate_limit_is_kept_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flickr, "REQUESTS_PER_HOUR", 30)
    monkeypatch.setattr(flickr, "BURST", 10)
    monkeypatch.setattr(flickr, "PAGE", 2)
    clock = Clock()
    with project(tmp_path) as made, serving(FlickrStandIn(shots(150))) as server:
        server.now, server.per_hour = clock.seconds, 30
        allows = made.settings.allows
        provider = Flickr(KEY, allows, address=server.base, waits_s=(), now=clock.seconds, sleep=clock.sleep)
        assert harvest(made, provider, windows(made))["harvested"] == 150
        assert len(server.times) == 76  # 75 pages, and the licences
        assert server.times[-1] - server.times[0] > 2 * 3600


def test_a_server_that_asks_to_wait_is_waited_for(tmp_path: Path) -> None:
    clock = Clock()
    with project(tmp_path) as made, serving(FlickrStandIn(shots(1))) as server:
        server.faults = [Reply(b"slow down", 429, {"Retry-After": "17"}), Reply(b"", 503)]
        allows = made.settings.allows
        provider = Flickr(
            KEY, allows, address=server.base, waits_s=(1, 2), now=clock.seconds, sleep=clock.sleep
        )
        harvest(made, provider, windows(made))
        assert clock.slept_s == [17.0, 2]


def test_a_full_disk_is_told_and_the_journal_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with project(tmp_path) as made, serving(FlickrStandIn(shots(3))) as server:
        with monkeypatch.context() as patch, pytest.raises(DiskSpaceError, match=r"disk is full\. What was"):
            patch.setattr(Path, "write_bytes", full)
            harvest(made, flickr_of(server, made), windows(made))
        Journal(made.journal.path).check()
        assert ids(made) == set()
        assert harvest(made, flickr_of(server, made), windows(made))["harvested"] == 3


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
