import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from data.errors import SettingsError, WeightsError
from data.files import sha256_of_file
from networks import checkpoints, weights_admin
from networks.checkpoint_record import Checkpoint
from networks.checkpoints import find_checkpoint, load_checkpoint
from networks.weights_admin import status, verify
from networks.weights_policy import (
    WeightsPolicy,
    current_policy,
    policy_of_environment,
    set_policy,
    using_policy,
)
from tests.networks.file_server import FileServer, serving

FREE, BOUND, BY_HAND, UNPROVEN = "free.pth", "bound.pth", "archive/by_hand.pth", "unproven.pth"
STATE = {"weight": torch.arange(6.0).reshape(2, 3)}


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """Serve one file under several names, put them into the table, and use an empty weights folder."""
    monkeypatch.setenv("no_proxy", "*")
    source = tmp_path / "source.pth"
    torch.save(STATE, source)
    sha256 = sha256_of_file(source)
    names = (FREE, BOUND, BY_HAND, UNPROVEN)
    with serving(dict.fromkeys(names, source.read_bytes())) as server:
        table = [
            Checkpoint(FREE, "a test", "MIT", True, address=server.address(FREE), sha256=sha256),
            Checkpoint(BOUND, "a test", "research only", False, address=server.address(BOUND), sha256=sha256),
            Checkpoint(BY_HAND, "a test", "MIT", True, by_hand="ask the authors kindly"),
            Checkpoint(UNPROVEN, "a test", "MIT", True, address=server.address(UNPROVEN)),
        ]
        for module in (checkpoints, weights_admin):
            monkeypatch.setattr(module, "CHECKPOINTS", {item.file: item for item in table})
        with using_policy(WeightsPolicy(folder=tmp_path / "weights")):
            yield server


def folder() -> Path:
    return current_policy().folder


def put(server: FileServer, place: Path) -> Path:
    """Lay the published bytes at `place`, as a person would."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(server.files[FREE])
    return place


def assert_state(state: dict[str, torch.Tensor]) -> None:
    assert list(state) == ["weight"]
    assert torch.equal(state["weight"], STATE["weight"])


def test_fetched_once_then_found(published: FileServer) -> None:
    assert_state(load_checkpoint(FREE))
    assert_state(load_checkpoint(FREE))
    assert len(published.requests) == 1
    assert find_checkpoint(FREE) == folder() / FREE


def test_a_given_file_is_taken_as_it_is(published: FileServer, tmp_path: Path) -> None:
    own = tmp_path / "trained_here.pth"
    torch.save({"weight": torch.zeros(1)}, own)
    assert find_checkpoint(FREE, own) == own
    assert find_checkpoint("a plug-in's.pth", str(own)) == own
    assert not published.requests


def test_a_given_folder_comes_before_the_weights_folder(published: FileServer, tmp_path: Path) -> None:
    put(published, folder() / FREE)
    assert find_checkpoint(FREE, tmp_path) == folder() / FREE
    there = put(published, tmp_path / FREE)
    assert find_checkpoint(FREE, tmp_path) == there
    assert not published.requests


def test_a_given_path_that_is_not_there(published: FileServer, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=f"absent does not exist; expected {FREE}"):
        find_checkpoint(FREE, tmp_path / "absent")


def test_a_damaged_file_in_the_folder_is_refused(published: FileServer) -> None:
    place = put(published, folder() / FREE)
    place.write_bytes(place.read_bytes()[:-100])
    with pytest.raises(WeightsError, match=f"{FREE} is not the published .* Remove it"):
        find_checkpoint(FREE)


def test_other_weights_under_the_published_name_are_refused(published: FileServer) -> None:
    place = folder() / FREE
    place.parent.mkdir()
    torch.save({"weight": torch.zeros(2, 3)}, place)
    with pytest.raises(WeightsError, match=r"sha256.*--weights FILE"):
        find_checkpoint(FREE)


def test_a_file_that_only_a_person_can_get(published: FileServer) -> None:
    with pytest.raises(WeightsError, match="ask the authors kindly") as caught:
        find_checkpoint(BY_HAND)
    assert str(folder() / BY_HAND) in str(caught.value)
    put(published, folder() / BY_HAND)
    assert_state(load_checkpoint(BY_HAND))


def test_a_file_that_is_not_in_the_table(published: FileServer) -> None:
    with pytest.raises(WeightsError, match=r"plugin\.pth is missing") as caught:
        find_checkpoint("plugin.pth")
    assert str(folder() / "plugin.pth") in str(caught.value)
    put(published, folder() / "plugin.pth")
    assert_state(load_checkpoint("plugin.pth"))


def test_downloads_switched_off(published: FileServer) -> None:
    with (
        using_policy(dataclasses.replace(current_policy(), allow_download=False)),
        pytest.raises(WeightsError, match="downloads are switched off") as caught,
    ):
        find_checkpoint(FREE)
    assert published.address(FREE) in str(caught.value)
    assert not published.requests


def test_a_mirror_replaces_addresses(published: FileServer) -> None:
    mirrored = dataclasses.replace(current_policy(), mirror=published.base + "/")
    with using_policy(mirrored):
        assert_state(load_checkpoint(BY_HAND))
    assert len(published.requests) == 1


def test_bound_weights_are_announced_before_their_first_download(
    published: FileServer, caplog: pytest.LogCaptureFixture
) -> None:
    def warnings() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]

    find_checkpoint(FREE)
    assert not warnings()
    published.files.clear()
    with pytest.raises(WeightsError, match="404"):
        find_checkpoint(BOUND)
    assert warnings() == [f"{BOUND} is not free for every use; licence: research only"]


def permissive() -> WeightsPolicy:
    return dataclasses.replace(current_policy(), license_policy="permissive")


def test_permissive_policy_fetches_free_weights(published: FileServer) -> None:
    with using_policy(permissive()):
        assert_state(load_checkpoint(FREE))


@pytest.mark.parametrize("present", [False, True])
def test_permissive_policy_refuses_bound_weights(published: FileServer, present: bool) -> None:
    if present:
        put(published, folder() / BOUND)
    with using_policy(permissive()), pytest.raises(WeightsError, match="research only"):
        find_checkpoint(BOUND)
    assert not published.requests


def test_permissive_policy_knows_bound_weights_under_any_name(published: FileServer, tmp_path: Path) -> None:
    renamed, own = tmp_path / "renamed.pth", tmp_path / "own.pth"
    renamed.write_bytes(published.files[BOUND])
    torch.save({"weight": torch.zeros(1)}, own)
    with using_policy(permissive()):
        assert find_checkpoint(BOUND, own) == own
        with pytest.raises(WeightsError, match="research only"):
            find_checkpoint(BOUND, renamed)
        with pytest.raises(WeightsError, match="research only"):
            find_checkpoint(BOUND, put(published, tmp_path / BOUND))


def test_policy_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("RERANK_WEIGHTS", "RERANK_LICENSE_POLICY", "RERANK_WEIGHTS_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert policy_of_environment() == WeightsPolicy(tmp_path / ".cache" / "rerank" / "weights")
    monkeypatch.setenv("RERANK_WEIGHTS", "~/elsewhere")
    monkeypatch.setenv("RERANK_LICENSE_POLICY", "permissive")
    monkeypatch.setenv("RERANK_WEIGHTS_MIRROR", "https://mirror.example")
    expected = WeightsPolicy(tmp_path / "elsewhere", "permissive", mirror="https://mirror.example")
    assert current_policy() == expected


def test_a_set_policy_holds_until_it_is_taken_back(tmp_path: Path) -> None:
    before = current_policy()
    set_policy(WeightsPolicy(tmp_path, "permissive"))
    try:
        with using_policy(WeightsPolicy(tmp_path)):
            assert current_policy().license_policy == "any"
        assert current_policy().license_policy == "permissive"
    finally:
        set_policy(None)
    assert current_policy() == before


@pytest.mark.parametrize("wrong", [{"license_policy": "strict"}, {"mirror": "file:///srv"}])
def test_impossible_policies(tmp_path: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong.values()))):
        WeightsPolicy(tmp_path, **wrong)  # type: ignore[arg-type]


def test_status_and_verdict(published: FileServer) -> None:
    assert not status(FREE).present
    assert status(FREE).path == folder() / FREE
    with pytest.raises(WeightsError, match=f"rerank weights fetch {FREE}"):
        verify(FREE)
    find_checkpoint(FREE)
    find_checkpoint(UNPROVEN)
    assert status(FREE).present
    assert verify(FREE).fault is None
    assert verify(FREE).proven
    assert not verify(UNPROVEN).proven
    (folder() / FREE).write_bytes(b"<html>")
    assert "web page" in str(verify(FREE).fault)


def test_status_of_an_unknown_name(published: FileServer) -> None:
    with pytest.raises(WeightsError, match=f"did you mean '{FREE}'"):
        status("fre.pth")
