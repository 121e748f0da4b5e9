"""The training loop: it learns, stops, goes on to the same bits, and refuses what does not fit."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from data.errors import TrainingError
from networks.training.log import read_log
from networks.training.loop import BEST, CHECKPOINT, CURVES, LOG, Outcome, outcome_of, train
from tests.networks.training.toy import ToyTask, ToyTraining

ROOT = Path(__file__).resolve().parents[3]


def killed_at(folder: Path, *steps: object) -> list[list[int]]:
    """Train in a process for each step; returns each one's signal and the step of its checkpoint."""
    command = [sys.executable, "-m", "tests.networks.training.toy", str(folder), *map(str, steps)]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [[int(word) for word in line.split()] for line in told.splitlines()]


def untimed(folder: Path) -> list[dict[str, Any]]:
    rows = read_log(folder / LOG)
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def checkpoint(folder: Path) -> dict[str, Any]:
    state = torch.load(folder / CHECKPOINT, weights_only=True)
    state["progress"].pop("seconds")
    return state


def same(first: Any, second: Any) -> bool:
    """Compare nested states to the last bit."""
    if isinstance(first, torch.Tensor):
        return torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list):
        return len(first) == len(second) and all(map(same, first, second))
    return first == second


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    train(ToyTask(ToyTraining()), folder)
    return folder


def test_it_learns_and_tells_of_it(undisturbed: Path) -> None:
    rows = untimed(undisturbed)
    losses = [row["loss"] for row in rows if "loss" in row]
    assert len(losses) == 24
    assert sum(losses[-6:]) < 0.3 * sum(losses[:6])
    assert [row["epoch"] for row in rows if "closeness" in row] == [0, 1, 2, 3]
    assert (undisturbed / CURVES).read_bytes().startswith(b"\x89PNG")
    best = max(row["closeness"] for row in rows if "closeness" in row)
    assert checkpoint(undisturbed)["progress"]["best"] == pytest.approx(best, abs=1e-6)


def test_the_best_epoch_is_kept(undisturbed: Path) -> None:
    task = ToyTask(ToyTraining())
    task.network.load_state_dict(torch.load(undisturbed / BEST, weights_only=True))
    assert task.validate()["closeness"] == pytest.approx(checkpoint(undisturbed)["progress"]["best"])


def test_killed_again_and_again_it_ends_with_the_same_bits(undisturbed: Path, tmp_path: Path) -> None:
    ends = killed_at(tmp_path, 3, 8, 14, 23, "end")
    kill = int(signal.SIGKILL)
    assert [signal_of for signal_of, _ in ends] == [kill] * 4 + [0]
    assert [step for _, step in ends] == [0, 5, 10, 20, 24]  # of 5 steps each: less than one is lost
    assert same(checkpoint(tmp_path), checkpoint(undisturbed))
    assert untimed(tmp_path) == untimed(undisturbed)
    assert same(*(torch.load(folder / BEST, weights_only=True) for folder in (tmp_path, undisturbed)))


def test_a_finished_training_does_nothing_more(undisturbed: Path) -> None:
    before = (undisturbed / CHECKPOINT).read_bytes()
    outcome = train(ToyTask(ToyTraining()), undisturbed)
    assert outcome == outcome_of(undisturbed / LOG, "closeness")
    assert outcome.steps == 24
    assert outcome.best["closeness"] == pytest.approx(checkpoint(undisturbed)["progress"]["best"], abs=1e-6)
    assert (undisturbed / CHECKPOINT).read_bytes() == before


def test_another_seed_gives_other_weights(undisturbed: Path, tmp_path: Path) -> None:
    train(ToyTask(ToyTraining(seed=1)), tmp_path)
    assert not same(checkpoint(tmp_path)["parts"], checkpoint(undisturbed)["parts"])


@pytest.mark.parametrize(
    ("task", "told"),
    [
        (ToyTask(ToyTraining(learning_rate=0.1)), r"learning_rate 0\.05, now 0\.1"),
        (ToyTask(ToyTraining(), slope=2.0), r"slope 3\.0, now 2\.0"),
    ],
)
def test_a_folder_of_another_training_is_refused(undisturbed: Path, task: ToyTask, told: str) -> None:
    with pytest.raises(TrainingError, match=told):
        train(task, undisturbed)


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT).write_bytes(b"half a file")
    with pytest.raises(TrainingError, match="delete it to begin anew"):
        train(ToyTask(ToyTraining()), tmp_path)


def test_a_loss_that_is_not_finite_ends_it(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="the loss of step 0 is nan"):
        train(ToyTask(ToyTraining(), slope=float("nan")), tmp_path)


def test_before_the_first_validation_there_is_no_outcome(tmp_path: Path) -> None:
    path = tmp_path / LOG
    path.write_text(json.dumps({"step": 1, "loss": 2.0}) + "\n")
    with pytest.raises(TrainingError, match="no validation yet"):
        outcome_of(path, "closeness")
    rows = [{"step": 6, "epoch": 0, "seconds": 1.5, "closeness": -0.5}]
    rows += [{"step": 12, "epoch": 1, "seconds": 3.5, "closeness": -0.7}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert outcome_of(path, "closeness") == Outcome(12, 3.5, {"closeness": -0.5})
