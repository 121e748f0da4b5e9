"""Agreement between curators, on numbers worked by hand."""

from pathlib import Path

import pytest

from data.curation.agreement import agreements, cohen_kappa
from data.curation.records import Spot
from tests.data.curation.made import decided, harvested, project


def test_kappa_is_that_of_a_table_worked_by_hand() -> None:
    # 20 both take, 15 both leave, 5 and 10 apart: p_o = 0.7, p_e = 0.5.
    first = ["y"] * 25 + ["n"] * 25
    second = ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)
    assert cohen_kappa(second, first) == pytest.approx(0.4)
    assert cohen_kappa(["a", "b", "c"], ["a", "b", "c"]) == 1
    assert cohen_kappa(["a", "b"], ["b", "a"]) == -1
    assert cohen_kappa(["a"], ["a"]) is None
    assert cohen_kappa([], []) is None


def test_only_standing_judgements_of_the_same_photo_count(tmp_path: Path) -> None:
    with project(tmp_path) as made:
        made.journal.append("harvest", *(harvested(n) for n in range(1, 6)))
        made.journal.append("ada", *(decided(n) for n in (1, 2)), decided(3, "reject", reason="day"))
        made.journal.append("bob", decided(1, "move", Spot(548003.0, 4180004.0)), decided(3, "skip"))
        made.journal.append("bob", decided(2, "reject", reason="day"))
        (first,) = agreements(made.state().items.values())
        assert (first.curators, first.photos, first.same, first.apart_m) == (("ada", "bob"), 2, 1, 5.0)
        undo = made.state().undo("bob")
        assert undo is not None
        made.journal.append("bob", undo)
        (second,) = agreements(made.state().items.values())
    assert (second.photos, second.same, second.kappa) == (1, 1, None)
