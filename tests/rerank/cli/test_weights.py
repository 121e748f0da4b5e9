import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from data.errors import SettingsError, WeightsError
from data.files import sha256_of_file
from networks import checkpoints, weights_admin
from networks.checkpoint_record import Checkpoint
from networks.weights_policy import WeightsPolicy, current_policy, using_policy
from rerank.cli.weights import app
from tests.networks.file_server import serving

FREE, BOUND = "free.pth", "bound.pth"
runner = CliRunner()


@pytest.fixture(autouse=True)
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("no_proxy", "*")
    source = tmp_path / "source.pth"
    torch.save({"weight": torch.ones(3)}, source)
    sha256 = sha256_of_file(source)
    with serving(dict.fromkeys((FREE, BOUND), source.read_bytes())) as server:
        table = [
            Checkpoint(FREE, "to be used", "MIT", True, address=server.address(FREE), sha256=sha256),
            Checkpoint(BOUND, "to be read", "research only", False, address=server.address(BOUND)),
        ]
        for module in (checkpoints, weights_admin):
            monkeypatch.setattr(module, "CHECKPOINTS", {item.file: item for item in table})
        with using_policy(WeightsPolicy(folder=tmp_path / "weights")):
            yield


def place(name: str) -> Path:
    return current_policy().folder / name


def test_list_for_people() -> None:
    runner.invoke(app, ["fetch", FREE])
    lines = runner.invoke(app, ["list"]).stdout.splitlines()
    free, bound = (next(line for line in lines if name in line) for name in (FREE, BOUND))
    assert "here" in free
    assert "to be used" in free
    assert "to fetch" in bound
    assert "MIT: permissive" in lines
    assert "research only: not permissive" in lines
    assert str(current_policy().folder) in lines[-1]


def test_list_for_machines() -> None:
    listed = {item["file"]: item for item in json.loads(runner.invoke(app, ["list", "--json"]).stdout)}
    assert listed.keys() == {FREE, BOUND}
    assert listed[FREE]["permissive"]
    assert not listed[BOUND]["permissive"]
    assert listed[BOUND]["licence"] == "research only"
    assert listed[FREE]["path"] == str(place(FREE))
    assert not listed[FREE]["present"]


def test_fetch_prints_the_paths() -> None:
    result = runner.invoke(app, ["fetch", FREE, BOUND])
    assert result.exit_code == 0
    assert result.stdout.split() == [str(place(FREE)), str(place(BOUND))]
    assert place(FREE).is_file()
    assert place(BOUND).is_file()


def test_fetch_goes_on_after_an_error_and_ends_with_1() -> None:
    result = runner.invoke(app, ["fetch", "fre.pth", FREE])
    assert result.exit_code == 1
    assert "did you mean 'free.pth'" in result.stderr
    assert place(FREE).is_file()


def test_fetch_under_the_permissive_policy() -> None:
    result = runner.invoke(app, ["fetch", "--license-policy", "permissive", BOUND, FREE])
    assert result.exit_code == 1
    assert "research only" in result.stderr
    assert not place(BOUND).exists()
    assert place(FREE).is_file()
    assert current_policy().license_policy == "any"


def test_verify_names_what_is_wrong() -> None:
    runner.invoke(app, ["fetch", FREE, BOUND])
    good = runner.invoke(app, ["verify"])
    assert good.exit_code == 0
    lines = good.stdout.splitlines()
    assert lines[0].startswith("good")
    assert lines[1].startswith("unproven")
    assert sha256_of_file(place(BOUND)) in lines[1]
    place(FREE).write_bytes(b"<html>login</html>")
    bad = runner.invoke(app, ["verify", FREE, BOUND])
    assert bad.exit_code == 1
    assert bad.stdout.splitlines()[0].startswith("wrong: it is a web page")


def test_verify_of_a_missing_file() -> None:
    assert runner.invoke(app, ["verify"]).exit_code == 0
    result = runner.invoke(app, ["verify", FREE])
    assert result.exit_code == 1
    assert "is missing" in result.stderr


def test_where() -> None:
    absent = runner.invoke(app, ["where", FREE])
    assert (absent.exit_code, absent.stdout.strip()) == (1, str(place(FREE)))
    runner.invoke(app, ["fetch", FREE])
    present = runner.invoke(app, ["where", FREE])
    assert (present.exit_code, present.stdout.strip()) == (0, str(place(FREE)))
    assert isinstance(runner.invoke(app, ["where", "nothing"]).exception, WeightsError)


def test_convert_writes_what_the_method_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def convert(path: Path, output: Path | None) -> Path:
        asked.append((path, output))
        return output or current_policy().folder / "delg.safetensors"

    monkeypatch.setattr("extractors.delg_weights.convert_delg", convert)
    result = runner.invoke(app, ["convert", "delg", str(tmp_path)])
    assert result.stdout.strip() == str(place("delg.safetensors"))
    assert runner.invoke(app, ["convert", "delg", "a", "--output", "b"]).stdout == "b\n"
    assert asked == [(tmp_path, None), (Path("a"), Path("b"))]


def test_convert_knows_its_methods() -> None:
    result = runner.invoke(app, ["convert", "dleg", "somewhere"])
    assert isinstance(result.exception, SettingsError)
    assert "did you mean 'delg'" in str(result.exception)
