"""What the harvest is made of: windows, the token bucket, licences, keys, fetching."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from data.curation.area import Area
from data.curation.harvest.bucket import TokenBucket
from data.curation.harvest.keys import FLICKR_KEY, key_from_environment
from data.curation.harvest.web import Web
from data.curation.harvest.window import Window, windows_of
from data.curation.licences import licence_address, licence_named
from data.errors import CurationError, PhotoError, SettingsError
from tests.data.curation.made import Clock
from tests.data.curation.standins import LICENCES, FlickrStandIn, Reply, Shot, serving

SINCE, UNTIL = datetime(2010, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
CITY = Area(-122.47, 37.75, -122.44, 37.78)


def test_windows_are_halved_until_they_are_one_place_and_second() -> None:
    window: Window | None = Window(CITY, SINCE, UNTIL)
    steps = 0
    while window is not None:
        halves = window.halves()
        if halves is None:
            break
        first, second = halves
        same_time = (first.since, first.until) == (window.since, window.until)
        if same_time:
            assert (first.area, second.area) == window.area.halves()
        else:
            assert (first.since, first.until, second.until) == (window.since, second.since, window.until)
        window, steps = second, steps + 1
    assert max(window.area.size_m) <= 5.0
    assert window.until - window.since <= timedelta(seconds=1)
    assert steps < 60


def test_windows_of_an_area_across_the_antimeridian_are_two() -> None:
    assert [window.area.west for window in windows_of(Area(179.0, 0.0, -179.0, 1.0), SINCE, UNTIL)] == [
        179,
        -180,
    ]
    with pytest.raises(SettingsError, match="since before until"):
        windows_of(CITY, UNTIL, SINCE)


def test_windows_have_keys_of_their_own() -> None:
    window = Window(CITY, SINCE, UNTIL)
    others = [Window(CITY, SINCE, UNTIL - timedelta(seconds=1)), *CITY_HALVES]
    assert len({one.key for one in (window, *others)}) == 4
    assert window.key == Window(CITY, SINCE, UNTIL).key


CITY_HALVES = [Window(half, SINCE, UNTIL) for half in CITY.halves()]


def test_the_bucket_keeps_every_hour_within_its_limit() -> None:
    clock = Clock()
    bucket = TokenBucket(100, 20, clock.seconds, clock.sleep)
    taken = []
    for number in range(350):
        if number == 120:
            clock.sleep(5000)  # a pause fills the bucket
        bucket.take()
        taken.append(clock.seconds())
    times = np.array(taken)
    assert times[19] == times[0]
    for start in times:
        assert ((times >= start) & (times < start + 3599.9)).sum() <= 101
    assert times[-1] - times[0] < 4.5 * 3600 + 5000  # and it does not dawdle
    with pytest.raises(SettingsError, match="1 <= burst < per hour"):
        TokenBucket(10, 10)


def test_licences_have_one_spelling() -> None:
    names = [licence_named(name, address) for name, address in LICENCES.values()]
    assert names == [
        "All-Rights-Reserved",
        "CC-BY-NC-SA-2.0",
        "CC-BY-2.0",
        "No-known-copyright-restrictions",
        "US-Gov",
        "CC0-1.0",
        "PDM-1.0",
    ]
    assert licence_named("", "") == "All-Rights-Reserved"
    assert licence_address("CC-BY-NC-SA-4.0") == "https://creativecommons.org/licenses/by-nc-sa/4.0/"
    assert licence_address("CC0-1.0") == "https://creativecommons.org/publicdomain/zero/1.0/"
    assert licence_address("All-Rights-Reserved") == ""


def test_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FLICKR_KEY, " abc ")
    assert key_from_environment(FLICKR_KEY) == "abc"
    monkeypatch.setenv(FLICKR_KEY, "")
    with pytest.raises(SettingsError, match=r"\$FLICKR_API_KEY is not set.*flickr\.com.*local folder"):
        key_from_environment(FLICKR_KEY)


def web() -> Web:
    clock = Clock()
    return Web(
        "Flickr", ["k"], TokenBucket(100, 2, clock.seconds, clock.sleep), waits_s=(1,), sleep=clock.sleep
    )


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://host/photo.jpg", "data:,x", "photo.jpg", ""]
)
def test_only_web_addresses_are_fetched(address: str) -> None:
    with pytest.raises(PhotoError, match="not a web address"):
        web().fetch(address, 100)


def test_a_redirection_to_a_file_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    with serving(FlickrStandIn([Shot("1", 0.0, 0.0, data=b"photo")])) as server:
        server.photo_faults = [Reply(b"", 302, {"Location": f"{server.base}/photos/1"})]
        assert web().fetch(f"{server.base}/photos/2", 100) == b"photo"
        server.photo_faults = [Reply(b"", 302, {"Location": secret.as_uri()})]
        with pytest.raises(PhotoError, match="HTTP 302"):
            web().fetch(f"{server.base}/photos/2", 100)


def test_a_connection_that_breaks_is_tried_again() -> None:
    with serving(FlickrStandIn([Shot("1", 0.0, 0.0, data=b"photo")])) as server:
        server.photo_faults = [Reply(b"photo", cut=2)]
        assert web().fetch(f"{server.base}/photos/1", 100) == b"photo"
        server.photo_faults = [Reply(b"photo", cut=2), Reply(b"photo", cut=4)]
        with pytest.raises(CurationError, match=r"closed after 4 of 5 bytes, in the last of 2 attempts"):
            web().fetch(f"{server.base}/photos/1", 100)
    with pytest.raises(CurationError, match=r"no connection .* in the last of 2 attempts"):
        web().fetch(f"{server.base}/photos/1", 100)
