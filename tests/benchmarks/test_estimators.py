"""What the bar of estimators is, on figures worked by hand."""

import numpy as np
import pytest

from benchmarks.estimators import BAR_RATIOS, PUBLISHED, RATIOS, draw_matches, total_s, verdict

FOUND = [10.0, 0.6, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0]


def cell(matches: int, ms: float, found: list[float]) -> dict[str, object]:
    times = [ms if ratio in BAR_RATIOS else 1000.0 for ratio in RATIOS]
    return {"matches": matches, "ratios": RATIOS, "ms": times, "found": found}


def changed(index: int, by: float) -> list[float]:
    return [value + by * (place == index) for place, value in enumerate(FOUND)]


def test_seconds_are_of_the_shares_of_the_bar() -> None:
    assert total_s(cell(1000, 1.2, FOUND)) == pytest.approx(0.12)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ([cell(1000, 1.4, FOUND)], "pass"),
        ([cell(1000, 1.5, FOUND)], "fail: too slow"),
        ([cell(1000, 1.0, changed(2, -0.01)), cell(100, 9.0, changed(0, 0.9))], "pass"),
        ([cell(1000, 1.0, FOUND), cell(100, 1.0, changed(2, -0.05))], "fail: worse at 100 matches"),
        ([cell(1000, 2.0, changed(0, 1.5))], "fail: worse at 1000 matches and too slow"),
        ([cell(100, 1.0, FOUND)], "not held to the bar"),
    ],
    ids=["good", "slow", "by chance", "fewer true", "more false", "too few matches"],
)
def test_an_estimator_is_held_to_time_and_truth(cells: list[dict[str, object]], told: str) -> None:
    published = [cell(1000, 10.0, FOUND), cell(100, 10.0, FOUND)]
    assert verdict({PUBLISHED: published, "other": cells}, "other") == told


def test_drawn_matches_are_true_or_clearly_false() -> None:
    _, target, true = draw_matches(np.random.default_rng(0), 200, 0.15, 24.0)
    assert true.sum() == 30
    assert target.shape == (200, 2)
