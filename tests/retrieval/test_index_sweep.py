import numpy as np
import pytest

from data.errors import SettingsError
from retrieval import index_sweep
from retrieval.index_kinds import EXACT, KINDS, parse_kind
from retrieval.index_sweep import expand, sweep_indexes, usual_choices
from tests.retrieval.test_approximate import blocks, made


def test_several_values_give_every_combination() -> None:
    choices = expand("ivfpq:lists=16/32,codes=8,nprobe=1/2/4")
    assert [choice.text for choice in choices] == [
        f"ivfpq:lists={lists},codes=8,nprobe={nprobe}" for lists in (16, 32) for nprobe in (1, 2, 4)
    ]
    assert expand("hnsw") == [parse_kind("hnsw")]
    with pytest.raises(SettingsError, match="no setting 'list'"):
        expand("ivf:list=1/2")


def test_indexes_are_built_once_and_held_to_the_exact_search(monkeypatch: pytest.MonkeyPatch) -> None:
    built = []
    build = index_sweep.build_index

    def counting(database, choice):  # type: ignore[no-untyped-def]
        built.append(choice.text)
        return build(database, choice)

    monkeypatch.setattr(index_sweep, "build_index", counting)
    choices = [*expand("ivf:lists=16,nprobe=1/16"), parse_kind(EXACT), parse_kind("pqfs:codes=32,refine=9")]
    exact, narrow, wide, refined = sweep_indexes(blocks(), made(40, 1), choices)
    assert built == ["ivf:lists=16,nprobe=1", "pqfs:codes=32,refine=9"]
    assert exact.recalls == wide.recalls == {1: 100.0, 10: 100.0, 100: 100.0}
    assert narrow.recalls[100] < 90.0 < refined.recalls[10]
    assert (exact.bytes, narrow.bytes) == (0, wide.bytes)
    assert wide.bytes > 3000 * 32 * 4
    assert min(one.together_s for one in (exact, narrow, wide, refined)) > 0
    assert narrow.build_s == wide.build_s > 0 == exact.build_s


def test_recall_counts_the_first_n_of_both() -> None:
    truth = index_sweep.Neighbours(np.zeros((1, 10)), np.arange(10)[None])
    found = index_sweep.Neighbours(np.zeros((1, 10)), np.array([[1, 0, 2, 3, 4, -1, -1, -1, -1, 20]]))
    assert index_sweep._recalls(found, truth) == {1: 0.0, 10: 50.0}


@pytest.mark.parametrize(
    "size", [(1, 1), (300, 7), (5000, 512), (2_800_000, 512), (100_000, 4096), (9000, 30)]
)
def test_usual_choices_fit_any_database(size: tuple[int, int]) -> None:
    choices = usual_choices(*size)
    assert all(choice.misfit(*size) == "" for choice in choices)
    if size[0] >= 5000 and size[1] % 4 == 0:
        assert {choice.name for choice in choices} == set(KINDS) - {EXACT}
