"""Work on independent items is spread over threads that torch counts as one core each."""

import threading
import time

import numpy as np
import pytest
import torch

from networks import cores
from networks.cores import fill_by_batches, on_cores

CPU = torch.device("cpu")

pytestmark = pytest.mark.usefixtures("three_threads")


def test_results_come_in_order_from_threads_with_one_core_each() -> None:
    together = threading.Barrier(3)  # passed only if three items are in work at once

    def work(item: int) -> tuple[int, int, str]:
        together.wait(60)
        return item, torch.get_num_threads(), threading.current_thread().name

    found = on_cores(work, range(6))
    assert [item for item, _, _ in found] == list(range(6))
    assert {count for _, count, _ in found} == {1}
    assert len({name for _, _, name in found}) == 3


def test_the_caller_and_threads_started_later_keep_all_cores() -> None:
    on_cores(lambda item: item, range(3))
    counts = [torch.get_num_threads()]
    later = threading.Thread(target=lambda: counts.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert counts == [3, 3]


def test_a_single_item_has_one_core_too() -> None:
    assert on_cores(lambda _: torch.get_num_threads(), [0]) == [1]


def test_within_an_item_and_elsewhere_than_on_a_cpu_nothing_is_spread() -> None:
    here = threading.current_thread().name
    inner = on_cores(
        lambda _: (
            on_cores(lambda _: threading.current_thread().name, [0, 1])[1] == threading.current_thread().name
        ),
        [0],
    )
    assert inner == [True]
    assert on_cores(lambda _: threading.current_thread().name, [0, 1], torch.device("meta")) == [here, here]
    assert on_cores(lambda item: item, []) == []


def test_an_error_reaches_the_caller_and_the_rest_is_not_begun() -> None:
    begun: list[int] = []

    def work(item: int) -> float:
        begun.append(item)
        time.sleep(0.01)
        return 1 / item

    with pytest.raises(ZeroDivisionError):
        on_cores(work, [0, *range(1, 1000)])
    assert len(begun) < 500


def test_the_published_way_has_all_cores_for_each_item(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "_spread", True)  # and put back
    cores.share_cores()
    assert on_cores(lambda _: torch.get_num_threads(), [0, 1]) == [3, 3]


def test_batches_fill_their_places() -> None:
    values = np.full(5, -1.0)
    fill_by_batches(values, iter([[3, 1], np.array([0, 4])]), lambda batch: 10.0 * np.asarray(batch), CPU)
    assert values.tolist() == [0, 10, -1, 30, 40]
