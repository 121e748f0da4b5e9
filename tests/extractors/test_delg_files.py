from pathlib import Path

import numpy as np
import pytest

from data.errors import StoreError
from extractors.delg_files import read_published
from tests.networks.tensorflow_writer import field


def datum(values: np.ndarray) -> bytes:
    return field(1, field(1, bytes(values.shape))) + field(2, field(1, values.astype("<f4").tobytes()))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    local, whole = tmp_path / "photo.delg_local", tmp_path / "photo.delg_global"
    first = (
        field(1, datum(np.arange(4))) + field(2, 8.0) + field(4, 2.0) + field(6, 500.5)
    )  # y is 0: left out
    second = field(1, datum(np.ones(4))) + field(2, 1.0) + field(3, 9.0) + field(4, 0.5) + field(6, 460.0)
    local.write_bytes(field(1, first) + field(1, second))
    whole.write_bytes(datum(np.arange(3)))
    return local, whole


def test_features_with_numbers_that_are_left_out(files: tuple[Path, Path]) -> None:
    found = read_published(*files, image_size=(20, 30))
    assert found.image_size == (20, 30)
    assert found.keypoints.tolist() == [[8, 0], [1, 9]]
    assert found.scales.tolist() == [2, 0.5]
    assert found.scores.tolist() == [500.5, 460]
    assert found.descriptors.tolist() == [[0, 1, 2, 3], [1, 1, 1, 1]]
    assert found.global_descriptor.tolist() == [0, 1, 2]


def test_a_photo_without_features(files: tuple[Path, Path]) -> None:
    files[0].write_bytes(b"")
    assert len(read_published(*files, image_size=(20, 30))) == 0


@pytest.mark.parametrize("number", [0, 1])
def test_a_damaged_file_is_named(files: tuple[Path, Path], number: int) -> None:
    files[number].write_bytes(files[number].read_bytes()[:-2])
    with pytest.raises(StoreError, match=files[number].name):
        read_published(*files, image_size=(20, 30))
