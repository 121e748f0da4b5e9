"""The log of a training: one JSON object a line, in step with its checkpoints."""

import json
import os
from pathlib import Path
from typing import Any

from data.errors import TrainingError
from data.files import write_text

LOSS = "loss"  # which rows of steps have, and rows of validation have not
PLACES = ("step", "epoch", "seconds")  # of a row, which say where it belongs


class TrainingLog:
    """Rows of figures by step, in a file that a kill leaves readable."""

    def __init__(self, path: Path, step: int) -> None:
        """Open the log of a training that has done `step` steps; what was told of later ones is dropped."""
        self.path = path
        kept = [row for row in read_log(path) if row["step"] <= step] if path.exists() else []
        write_text(path, "".join(_line(row) for row in kept))

    def add(self, row: dict[str, Any]) -> None:
        """Append a row, which has a `step`; it is on disk when this returns."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(_line(row))
            file.flush()
            os.fsync(file.fileno())


def read_log(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a log; a last line that a kill has cut off is left out.

    Raises TrainingError for a file that is no such log.
    """
    *lines, _unfinished = path.read_text(encoding="utf-8").split("\n")
    try:
        rows = [json.loads(line) for line in lines]
    except ValueError as error:
        raise TrainingError(f"{path} is not a log of training: {error}; move it away") from error
    if not all(isinstance(row, dict) and "step" in row for row in rows):
        raise TrainingError(f"{path} is not a log of training: a line has no step; move it away")
    return rows


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, sort_keys=True) + "\n"
