"""The log of a training, cut off or of something else."""

from pathlib import Path

import pytest

from data.errors import TrainingError
from networks.training.log import TrainingLog, read_log


def test_what_came_after_the_checkpoint_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = TrainingLog(path, 0)
    for step in (10, 20, 30):
        log.add({"step": step, "loss": 1.0})
    with path.open("a") as file:
        file.write('{"step": 40, "lo')  # what a kill leaves
    assert [row["step"] for row in read_log(path)] == [10, 20, 30]
    TrainingLog(path, 20).add({"step": 30, "loss": 0.5})
    assert read_log(path) == [{"step": 10, "loss": 1.0}, {"step": 20, "loss": 1.0}, {"step": 30, "loss": 0.5}]


@pytest.mark.parametrize("text", ["no JSON\n", "[1, 2]\n", '{"loss": 1}\n'])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(text)
    with pytest.raises(TrainingError, match="not a log of training"):
        read_log(path)
