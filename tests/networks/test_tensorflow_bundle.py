import tarfile
from pathlib import Path

import numpy as np
import pytest

from data.errors import WeightsError
from networks.tensorflow_bundle import read_variables
from tests.networks.tensorflow_writer import write_variables

ARRAYS = {
    "net/conv/weights": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "net/scalar": np.float32(3.0).reshape(()),
    "net/half": np.array([0.5, 2], np.float16),
    "step": np.array(7, np.int64),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A SavedModel."""
    write_variables(tmp_path / "model" / "variables" / "variables.index", ARRAYS)
    (tmp_path / "model" / "saved_model.pb").write_bytes(b"graph")
    return tmp_path / "model"


def hold(found: dict[str, np.ndarray]) -> None:
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].shape == array.shape and found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_index_file_and_folders(folder: Path) -> None:
    for path in (folder / "variables" / "variables.index", folder / "variables", folder, folder.parent):
        hold(read_variables(path))


@pytest.mark.parametrize("ending", ["tar", "tar.gz"])
def test_archives_are_read_without_unpacking(folder: Path, ending: str) -> None:
    path = folder.parent / f"model.{ending}"
    with tarfile.open(path, "w:gz" if ending == "tar.gz" else "w") as archive:
        archive.add(folder, "r50delg")
    hold(read_variables(path))
    assert sorted(item.name for item in folder.parent.iterdir()) == ["model", f"model.{ending}"]


def test_of_several_checkpoints_one_must_be_named(tmp_path: Path) -> None:
    for step in (1, 2):
        index = write_variables(tmp_path / f"ckpt-{step}.index", {"a": np.float32([step])})
    assert read_variables(index)["a"] == 2
    with pytest.raises(WeightsError, match=r"found: ckpt-1\.index, ckpt-2\.index\. Name the file"):
        read_variables(tmp_path)


def test_a_folder_without_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"a file NAME\.index; found: none"):
        read_variables(tmp_path)


def test_without_its_data_file(folder: Path) -> None:
    (folder / "variables" / "variables.data-00000-of-00001").unlink()
    with pytest.raises(WeightsError, match=r"variables\.data-00000-of-00001 is missing beside"):
        read_variables(folder)


def test_a_cut_data_file(folder: Path) -> None:
    data = folder / "variables" / "variables.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:40])
    with pytest.raises(WeightsError, match="net/conv/weights ends 56 bytes beyond the data file"):
        read_variables(folder)


def test_a_changed_value(folder: Path) -> None:
    data = folder / "variables" / "variables.data-00000-of-00001"
    changed = bytearray(data.read_bytes())
    changed[5] ^= 1
    data.write_bytes(changed)
    with pytest.raises(WeightsError, match="check sum of net/conv/weights is wrong"):
        read_variables(folder)


def test_a_damaged_index(folder: Path) -> None:
    index = folder / "variables" / "variables.index"
    index.write_bytes(index.read_bytes()[:-1])
    with pytest.raises(WeightsError, match=r"variables\.index.*damaged or of a newer format.*Fetch it anew"):
        read_variables(folder)


@pytest.mark.parametrize("kept", [30, -30])
def test_a_cut_archive(folder: Path, kept: int) -> None:
    path = folder.parent / "model.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, "r50delg")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(WeightsError, match=r"model\.tar\.gz cannot be read"):
        read_variables(path)
