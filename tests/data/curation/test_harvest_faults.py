"""Providers that answer garbage, half an answer, too slowly or from elsewhere, and a full disk."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data.curation.harvest import flickr
from data.curation.harvest.flickr import Flickr
from data.curation.harvest.run import harvest
from data.curation.harvest.window import windows_of
from data.curation.journal import Journal
from data.errors import CurationError, DiskSpaceError
from tests.data.curation.harvesting import (
    PHOTO,
    SINCE,
    flickr_of,
    ids,
    mapillary_of,
    providers,
    shots,
    windows,
)
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
