"""Photos are prepared on threads that leave the cores to the network."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from networks.loading import Loading, prepared_batches

pytestmark = pytest.mark.usefixtures("three_threads")


def test_preparing_has_one_core_to_a_thread_and_the_network_all(tmp_path: Path) -> None:
    counts: list[int] = []

    def prepare(image: np.ndarray) -> torch.Tensor:
        counts.append(torch.get_num_threads())
        return torch.from_numpy(image)

    photos = [(number, tmp_path / f"{number}.png") for number in range(4)]
    for number, path in photos:
        Image.fromarray(np.full((8, 9, 3), number, np.uint8)).save(path)

    def refuse(key: int, error: Exception) -> None:
        raise AssertionError(key) from error

    found = [
        (batch[0].key, int(batch[0].tensor.max()), torch.get_num_threads())
        for batch in prepared_batches(photos, prepare, Loading(workers=2), refuse)
    ]
    assert found == [(number, number, 3) for number in range(4)]
    assert counts == [1] * 4
