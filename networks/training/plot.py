"""Curves of a training, drawn from its log: figures of the steps above, those of validation below."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from data.files import replacing
from networks.training.log import LOSS, PLACES, read_log

SMOOTHED_ROWS = 20


def plot_log(log: Path, picture: Path) -> None:
    """Draw the figures of a log over its steps as a PNG file."""
    rows = read_log(log)
    figure = Figure(figsize=(8, 7), layout="constrained")
    axes = figure.subplots(2, 1, sharex=True)
    validation = _names(row for row in rows if LOSS not in row)
    for name in _names(rows):
        steps, values = zip(*((row["step"], row[name]) for row in rows if name in row), strict=True)
        if name in validation:
            axes[1].plot(steps, values, marker=".", label=name)
        else:
            axes[0].plot(steps, _smoothed(np.array(values)), label=name)
    for axis, title in zip(axes, ("training", "validation"), strict=True):
        axis.set_title(title)
        axis.grid(alpha=0.3)
        if axis.lines:
            axis.legend()
    axes[1].set_xlabel("step")
    with replacing(picture) as part:
        figure.savefig(part, format="png", dpi=100)


def _names(rows: Any) -> list[str]:
    """Return the names of all figures, in the order of their first appearance."""
    return list(dict.fromkeys(name for row in rows for name in row if name not in PLACES))


def _smoothed(values: np.ndarray) -> np.ndarray:
    """Return the mean of each value and those before it, up to SMOOTHED_ROWS of them."""
    sums = np.cumsum(np.concatenate([[0.0], values]))
    stop = np.arange(1, len(values) + 1)
    start = np.maximum(0, stop - SMOOTHED_ROWS)
    return (sums[stop] - sums[start]) / (stop - start)
