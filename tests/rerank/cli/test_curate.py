"""`rerank curate` as a user calls it: the steps before a person looks, with stand-ins of the providers."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from data.curation.harvest.flickr import Flickr
from data.curation.harvest.keys import FLICKR_KEY, MAPILLARY_TOKEN
from data.curation.project import open_project
from data.errors import CurationError, RerankError, SettingsError
from rerank.cli.app import app
from tests.data.curation.standins import KEY, FlickrStandIn, MapillaryStandIn, Reply, Shot, serving
from tests.data.samples import encoded, named, noise, write_dataset

HANG_S = 300.0  # far more than a loaded machine needs


def call(*arguments: Any) -> Result:
    """Call `rerank curate` and hand on an error made on purpose."""
    result = CliRunner().invoke(app, ["--quiet", "curate", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def photo(seed: int) -> bytes:
    return encoded(Image.fromarray(noise(48, 64, seed=seed) // 8))


def shots(count: int) -> list[Shot]:
    taken = "2023-01-15 22:30:00"
    return [Shot(str(n), 37.766 + n * 1e-4, -122.455, taken, data=photo(n)) for n in range(1, count + 1)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project around four database photos."""
    monkeypatch.setenv(FLICKR_KEY, KEY)
    monkeypatch.setenv(MAPILLARY_TOKEN, KEY)
    names = [named(548000 + 10 * n, 4180000, zone="10S") for n in range(4)]
    write_dataset(tmp_path / "city", {"database": names})
    options = ["--database", tmp_path / "city", "--time-zone", "America/Los_Angeles", "--margin-m", "500"]
    result = call("new", tmp_path / "project", *options)
    assert "night photos in" in result.output
    assert "for 4 database photos in 10S" in result.output
    assert call("new", tmp_path / "project", *options).exit_code == 0
    return tmp_path / "project"


def status(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call("status", folder, "--json").stdout)
    return found


def test_the_steps_one_after_the_other(folder: Path, tmp_path: Path) -> None:
    with serving(FlickrStandIn(shots(5))) as flickr, serving(MapillaryStandIn(shots(2))) as mapillary:
        assert "harvested: 5" in call("harvest", folder, "flickr", "--api", flickr.base).output
        assert "harvested: 2" in call("harvest", folder, "mapillary", "--api", mapillary.base).output
        local = tmp_path / "mine" / named(548005, 4180003, timestamp="20230115_223000")
        local.parent.mkdir()
        local.write_bytes(photo(9))
        assert "harvested: 1" in call("harvest", folder, tmp_path / "mine", "--licence", "CC-BY-4.0").output
        flickr.shots.pop()
        assert "withdrawn: 1" in call("recheck", folder, "flickr", "--api", flickr.base).output
    assert status(folder)["harvested"] == {"flickr": 5, "folder": 1, "mapillary": 2}
    sorted_now = call("sort", folder).output
    assert sum(int(line.rpartition(": ")[2]) for line in sorted_now.splitlines()) == 7
    assert call("sort", folder).output == ""
    # Flickr's and Mapillary's first two photos are the same files.
    assert "near copies: 2" in call("group", folder, "--set", "keep=1", "--set", "radius_m=1").output
    found = status(folder)
    assert found["left_out"]["recheck: withdrawn"] == 1
    assert found["left_out"]["group: near copy"] == 2
    assert found["unfinished"] == []
    assert "harvested from flickr: 5" in call("status", folder).output


def test_what_was_cut_off_is_told_and_goes_on_with_its_searches(folder: Path) -> None:
    with serving(FlickrStandIn(shots(3))) as flickr:
        api = ("--api", flickr.base)
        flickr.faults = [
            Reply(json.dumps({"stat": "fail", "code": 100, "message": "Invalid API Key"}).encode())
        ]
        with pytest.raises(CurationError, match="Invalid API Key"):
            call("harvest", folder, "flickr", "--until", "2023-05-01", *api)
        assert status(folder)["unfinished"] == ["harvest"]
        assert "harvest was cut off: the same command goes on" in call("status", folder).output
        call("harvest", folder, "flickr", *api)
        assert flickr.asked[-1]["max_taken_date"] == "2023-05-01 00:00:00"
    assert status(folder)["unfinished"] == []


def test_photos_that_must_be_asked_for_again_end_with_1(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.curation.harvest.flickr.Flickr", partial(Flickr, waits_s=()))
    with serving(FlickrStandIn(shots(2))) as flickr:
        flickr.photo_faults = [Reply(b"", 500)]
        result = call("harvest", folder, "flickr", "--api", flickr.base)
    assert (result.exit_code, "to be asked for again: 1" in result.output) == (1, True)


def test_unreadable_photos_end_sorting_with_1(folder: Path) -> None:
    with serving(FlickrStandIn(shots(2))) as flickr:
        call("harvest", folder, "flickr", "--api", flickr.base)
    (folder / "photos" / "flickr" / "1.jpg").write_bytes(b"")
    result = call("sort", folder)
    assert (result.exit_code, "unreadable: 1" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["harvest", "--since", "yesterday"], "'yesterday' is no day"),
        (["harvest", "--since", "2024-01-01", "--until", "2023-01-01"], "since before until"),
        (["sort", "--set", "drak=0.2"], "sort has no setting 'drak'; did you mean 'dark'"),
        (["sort", "--classifier", "rooms"], "no photo classifier is called 'rooms'"),
        (["group", "--set", "keep=0"], "keep of 1 or more"),
        (["group", "--set", "keep=many"], "group: keep = 'many'"),
        (["review", "--match", "none", "--tiles", "nowhere"], "expected an address with {z}, {x}, {y}"),
        (["review", "--match", "none", "--retriever", "vald"], "did you mean 'vlad'"),
        (["review", "--match", "none", "--viewer", "google"], "expected mapillary or panoramax"),
        (["review", "--match", "none", "--viewer-api", "https://x.example/api"], "add --viewer"),
        (["review", "--match", "none", "--viewer", "panoramax", "--viewer-page", "x"], "address with {id}"),
        (["export", "--output", "night", "--face-model", __file__], "add --blur"),
        (["recheck", "somewhere"], "'somewhere' cannot be rechecked; expected flickr or mapillary"),
    ],
)
def test_wrong_options_are_refused(folder: Path, arguments: list[str], told: str) -> None:
    command, *options = arguments
    source = ["flickr"] if command == "harvest" else []
    with pytest.raises(SettingsError, match=told):
        call(command, folder, *source, *options)


def test_a_missing_key_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FLICKR_KEY)
    with pytest.raises(SettingsError, match=r"\$FLICKR_API_KEY is not set"):
        call("harvest", folder, "flickr")


def test_a_project_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    write_dataset(tmp_path / "city")
    for options, told in [
        (["--light", "nigth"], "light = 'nigth'; expected night, dusk, day"),
        (["--zone", "11S"], "in UTM zone 10S, not in 11S"),
        (["--area", "1,2,3"], "expected west,south,east,north"),
        (["--time-zone", "Mars/Olympus"], "not known here"),
    ]:
        with pytest.raises(RerankError, match=told):
            call("new", tmp_path / "project", "--database", tmp_path / "city", *options)
    with pytest.raises(CurationError, match="no curation project"):
        call("status", tmp_path / "project")


def test_a_project_without_a_time_zone_warns(tmp_path: Path) -> None:
    write_dataset(tmp_path / "city")
    told = call("new", tmp_path / "project", "--database", tmp_path / "city").stderr
    assert "no --time-zone" in told


def kept(folder: Path) -> int:
    """Return how many photos a project's journal tells of."""
    with open_project(folder) as project:
        return len(project.state().items)


def test_a_harvest_that_is_killed_loses_nothing_and_goes_on(folder: Path) -> None:
    sent: list[str] = []
    stuck, killed = threading.Event(), threading.Event()

    class Stuck(FlickrStandIn):
        """Sends six photos, and the others once the harvest was killed."""

        def photo(self, name: str) -> Reply:
            sent.append(name)
            if len(sent) > 6:
                stuck.set()
                killed.wait()
            return super().photo(name)

    with serving(Stuck(shots(30))) as flickr:
        program = [sys.executable, "-c", "from rerank.cli import main; main()"]
        command = [*program, "curate", "harvest", str(folder), "flickr", "--api", flickr.base]
        environment = {**os.environ, FLICKR_KEY: KEY}
        running = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        assert stuck.wait(HANG_S)
        deadline = time.monotonic() + HANG_S
        while kept(folder) < 2:  # the first of the six; those fetched ahead are kept in their order
            assert time.monotonic() < deadline
            time.sleep(0.05)
        running.send_signal(signal.SIGKILL)
        running.wait(HANG_S)
        killed.set()
        assert 2 <= kept(folder) <= 6
        assert status(folder)["unfinished"] == ["harvest"]
        call("harvest", folder, "flickr", "--api", flickr.base)
    with open_project(folder) as project:
        items = project.state().items
        assert len(items) == 30
        assert all(project.photo_path(item).read_bytes() for item in items.values())
