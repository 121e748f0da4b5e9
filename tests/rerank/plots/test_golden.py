import dataclasses

import numpy as np
import pytest

from rerank.plots import latency_recall
from tests.rerank.plots.golden import FOLDER, NAMES, TOLERANCE, draw, pixels, read, runs_of, worst_block


@pytest.mark.parametrize("name", NAMES)
def test_plots_look_as_they_did(name):
    golden, drawn = read(FOLDER / f"{name}.png"), pixels(draw(name))
    assert drawn.shape == golden.shape
    assert worst_block(drawn, golden) < TOLERANCE


def test_every_golden_plot_is_tested():
    assert {path.stem for path in FOLDER.glob("*.png")} == set(NAMES)


def test_a_moved_mark_is_caught():
    runs = runs_of("latency_recall")
    slower = dataclasses.replace(runs[2], seconds=1.1 * runs[2].seconds)
    drawn = pixels(latency_recall([*runs[:2], slower, *runs[3:]]))
    assert worst_block(drawn, read(FOLDER / "latency_recall.png")) > TOLERANCE


def test_a_shift_below_half_a_pixel_is_not():
    golden = read(FOLDER / "recall_candidates.png")
    shifted = 0.6 * golden + 0.4 * np.roll(golden, 1, axis=1)
    assert 0.0 < worst_block(shifted, golden) < TOLERANCE
