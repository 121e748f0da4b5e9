import fcntl
import hashlib
import io
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from data.errors import DiskSpaceError, WeightsError
from networks.checkpoint_record import Checkpoint
from networks.download import download
from tests.networks.file_server import FileServer, serving

FILE = "net.pth"
QUICK = (0.0, 0.0)


def torch_bytes() -> bytes:
    buffer = io.BytesIO()
    torch.save({"weight": torch.arange(40_000.0)}, buffer)
    return buffer.getvalue()


BODY = torch_bytes()
SHA256 = hashlib.sha256(BODY).hexdigest()
UNPROVEN = Checkpoint(FILE, "a test", "MIT", commercial=True)
PROVEN = Checkpoint(FILE, "a test", "MIT", commercial=True, sha256=SHA256, size_bytes=len(BODY))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setenv("no_proxy", "*")
    with serving({FILE: BODY}) as running:
        yield running


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "weights" / FILE


def fetch(server: FileServer, target: Path, checkpoint: Checkpoint = PROVEN, timeout_s: float = 5) -> None:
    download(checkpoint, server.address(FILE), target, retry_waits_s=QUICK, timeout_s=timeout_s)


def half_done(target: Path, tag: str | None = '"one"', count: int = 50_000) -> None:
    target.parent.mkdir()
    target.with_name(f"{FILE}.part").write_bytes(BODY[:count])
    if tag is not None:
        target.with_name(f"{FILE}.part.version").write_text(tag)


def assert_whole_and_alone(target: Path) -> None:
    assert target.read_bytes() == BODY
    assert [path.name for path in target.parent.iterdir()] == [FILE]


def assert_helpful(message: str, address: str, target: Path) -> None:
    for part in (FILE, address, str(target), "--weights PATH", "$RERANK_WEIGHTS"):
        assert part in message, f"{part!r} is not in: {message}"


@pytest.mark.parametrize("checkpoint", [PROVEN, UNPROVEN])
def test_whole_file(server: FileServer, target: Path, checkpoint: Checkpoint) -> None:
    fetch(server, target, checkpoint)
    assert_whole_and_alone(target)
    assert len(server.requests) == 1


def test_without_announced_length(server: FileServer, target: Path) -> None:
    server.length = False
    fetch(server, target)
    assert_whole_and_alone(target)


def test_a_dropped_connection_is_continued(server: FileServer, target: Path) -> None:
    server.cuts = [30_000, 20_000]
    fetch(server, target)
    assert_whole_and_alone(target)
    assert [request.get("Range") for request in server.requests] == [None, "bytes=30000-", "bytes=50000-"]
    assert server.requests[1]["If-Range"] == '"one"'


def test_a_connection_that_always_drops_is_given_up(server: FileServer, target: Path) -> None:
    server.cuts = [1000, 1000, 1000, 1000]
    with pytest.raises(WeightsError, match=f"after 3000 of {len(BODY)} bytes.*last of 3 attempts") as caught:
        fetch(server, target)
    assert len(server.requests) == 3
    assert_helpful(str(caught.value), server.address(FILE), target)
    assert not target.exists()
    fetch(server, target)  # a later command goes on: one more cut, then the rest
    assert_whole_and_alone(target)
    assert server.requests[3]["Range"] == "bytes=3000-"


def test_a_former_part_is_continued(server: FileServer, target: Path) -> None:
    half_done(target)
    fetch(server, target, UNPROVEN)
    assert_whole_and_alone(target)
    assert server.requests[0]["Range"] == "bytes=50000-"


def test_a_part_of_another_version_is_dropped(server: FileServer, target: Path) -> None:
    half_done(target, tag='"older"')
    target.with_name(f"{FILE}.part").write_bytes(b"old" * 1000)
    fetch(server, target, UNPROVEN)
    assert_whole_and_alone(target)
    assert server.requests[0]["If-Range"] == '"older"'


def test_a_part_that_nothing_vouches_for_is_dropped(server: FileServer, target: Path) -> None:
    half_done(target, tag=None)
    fetch(server, target, UNPROVEN)
    assert_whole_and_alone(target)
    assert "Range" not in server.requests[0]


def test_a_part_without_version_is_continued_when_a_digest_will_tell(
    server: FileServer, target: Path
) -> None:
    half_done(target, tag=None)
    fetch(server, target, PROVEN)
    assert_whole_and_alone(target)
    assert server.requests[0]["Range"] == "bytes=50000-"


def test_a_server_without_ranges_starts_over(server: FileServer, target: Path) -> None:
    server.ranges = False
    server.cuts = [30_000]
    fetch(server, target)
    assert_whole_and_alone(target)


def test_a_wrong_range_is_not_appended(server: FileServer, target: Path) -> None:
    half_done(target)
    server.shift = 7
    fetch(server, target, UNPROVEN)
    assert_whole_and_alone(target)


def test_a_part_that_was_whole_already(server: FileServer, target: Path) -> None:
    half_done(target, count=len(BODY))
    fetch(server, target, UNPROVEN)
    assert_whole_and_alone(target)
    assert len(server.requests) == 1


def test_a_part_longer_than_the_file(server: FileServer, target: Path) -> None:
    half_done(target)
    target.with_name(f"{FILE}.part").write_bytes(BODY + b"more")
    fetch(server, target, UNPROVEN)
    assert_whole_and_alone(target)


def test_wrong_hash_removes_the_file(server: FileServer, target: Path) -> None:
    other = bytearray(BODY)
    other[len(other) // 2] ^= 1
    server.files[FILE] = bytes(other)
    with pytest.raises(WeightsError, match=f"sha256 is [0-9a-f]+, expected {SHA256}.*removed") as caught:
        fetch(server, target)
    assert_helpful(str(caught.value), server.address(FILE), target)
    assert not list(target.parent.iterdir())


def test_wrong_git_blob(server: FileServer, target: Path) -> None:
    checkpoint = Checkpoint(FILE, "a test", "MIT", commercial=True, git_blob="0" * 40)
    with pytest.raises(WeightsError, match="git blob id is"):
        fetch(server, target, checkpoint)


def test_right_git_blob(server: FileServer, target: Path) -> None:
    blob = hashlib.sha1(b"blob %d\0" % len(BODY) + BODY).hexdigest()
    fetch(server, target, Checkpoint(FILE, "a test", "MIT", commercial=True, git_blob=blob))
    assert_whole_and_alone(target)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"\n<!DOCTYPE html><html>Virus scan warning</html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "Git LFS pointer"),
        (b"", "empty"),
        (b"just text", "unknown"),
        (BODY[:-400], "cut short"),
    ],
)
def test_something_else_than_the_file(server: FileServer, target: Path, body: bytes, message: str) -> None:
    server.files[FILE] = body
    with pytest.raises(WeightsError, match=message):
        fetch(server, target, UNPROVEN)
    assert not list(target.parent.iterdir())


def test_404_is_told_at_once(server: FileServer, target: Path) -> None:
    server.files.clear()
    with pytest.raises(WeightsError, match="HTTP 404") as caught:
        fetch(server, target)
    assert_helpful(str(caught.value), server.address(FILE), target)
    assert len(server.requests) == 1
    assert not list(target.parent.iterdir())


def test_a_busy_server_is_asked_again(server: FileServer, target: Path) -> None:
    server.statuses = [503, 429]
    fetch(server, target)
    assert_whole_and_alone(target)


def test_no_network(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, and never listening
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/{FILE}"
        with pytest.raises(WeightsError, match=r"no connection .*refused") as caught:
            download(PROVEN, address, target, retry_waits_s=QUICK)
    assert_helpful(str(caught.value), address, target)
    assert not list(target.parent.iterdir())


def test_a_silent_server_is_not_waited_for(server: FileServer, target: Path) -> None:
    server.silent_s = 1.0
    with pytest.raises(WeightsError, match="fell silent"):
        download(PROVEN, server.address(FILE), target, retry_waits_s=(), timeout_s=0.1)


def test_too_little_space_is_told_before_the_transfer(
    server: FileServer, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1000))
    with pytest.raises(DiskSpaceError, match=f"{len(BODY)} bytes are still to come, 1000 are free") as caught:
        fetch(server, target)
    assert_helpful(str(caught.value), server.address(FILE), target)
    assert not list(target.parent.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a device that is always full")
def test_a_disk_that_fills_up_midway(server: FileServer, target: Path) -> None:
    target.parent.mkdir()
    target.with_name(f"{FILE}.part").symlink_to("/dev/full")
    with pytest.raises(DiskSpaceError, match="No space left on device") as caught:
        fetch(server, target)
    assert_helpful(str(caught.value), server.address(FILE), target)
    assert not target.exists()


def test_a_folder_that_cannot_be_made(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "weights").write_text("a file where the folder should be")
    target = tmp_path / "weights" / FILE
    with pytest.raises(WeightsError, match="cannot be written") as caught:
        fetch(server, target)
    assert_helpful(str(caught.value), server.address(FILE), target)


def test_two_processes_take_turns(server: FileServer, target: Path) -> None:
    server.silent_s = 0.5
    code = (
        "import sys; from pathlib import Path; from networks.checkpoint_record import Checkpoint\n"
        "from networks.download import download\n"
        f"download(Checkpoint({FILE!r}, 'a test', 'MIT', commercial=True), sys.argv[1], Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, server.address(FILE), str(target)]
    running = [subprocess.Popen(command, env=os.environ | {"no_proxy": "*"}) for _ in range(2)]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    assert_whole_and_alone(target)
    assert len(server.requests) == 1


def test_a_part_that_another_process_removes_is_begun_anew(
    server: FileServer, target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    half_done(target)
    part = target.with_name(f"{FILE}.part")
    caplog.set_level("INFO", "networks.download")
    with part.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        waiting = threading.Thread(target=fetch, args=(server, target))
        waiting.start()
        while "waiting for another process" not in caplog.text:
            time.sleep(0.01)
        part.unlink()
    waiting.join(timeout=30)
    assert_whole_and_alone(target)
