from pathlib import Path

import h5py
import numpy as np
import pytest

from data.errors import StoreError
from retrieval import descriptor_files
from retrieval.descriptor_files import DescriptorFile, check_lengths
from retrieval.descriptors import DescriptorStore

ROWS = np.random.default_rng(0).standard_normal((50, 8)).astype(np.float32)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptor_files, "BLOCK_ROWS", 7)


def npy(folder: Path, rows: np.ndarray) -> Path:
    np.save(folder / "rows.npy", rows)
    return folder / "rows.npy"


def hdf5(folder: Path, **arrays: np.ndarray) -> Path:
    with h5py.File(folder / "rows.h5", "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return folder / "rows.h5"


def shards(folder: Path, stored_as: str = "float32") -> Path:
    store = DescriptorStore(folder / "shards", {}, len(ROWS), shard_photos=20, stored_as=stored_as)
    for missing in store.missing():
        store.add(missing.shard, {row: ROWS[row] for row in missing.rows.tolist()})
    return store.folder


@pytest.mark.parametrize("form", ["npy", "one array", "named array", "shards"])
def test_every_form_gives_the_rows_in_order(form: str, tmp_path: Path) -> None:
    path = {
        "npy": lambda: npy(tmp_path, ROWS),
        "one array": lambda: hdf5(tmp_path, anything=ROWS, names=np.arange(50)),
        "named array": lambda: hdf5(tmp_path, positions=ROWS[:, :2], descriptors=ROWS),
        "shards": lambda: shards(tmp_path),
    }[form]()
    file = DescriptorFile(path)
    assert (len(file), file.dimension) == (50, 8)
    for _ in range(2):  # as often as it is asked for
        blocks = list(file)
        np.testing.assert_array_equal(np.concatenate([block.indices for block in blocks]), range(50))
        np.testing.assert_array_equal(np.concatenate([block.descriptors for block in blocks]), ROWS)
        assert max(len(block.indices) for block in blocks) == 7


def test_half_precision_stays_as_it_is_stored(tmp_path: Path) -> None:
    for path in (npy(tmp_path, ROWS.astype(np.float16)), shards(tmp_path, "float16")):
        file = DescriptorFile(path)
        assert next(iter(file)).descriptors.dtype == np.float16
        np.testing.assert_array_equal(file.read(), ROWS.astype(np.float16).astype(np.float32))


def test_rows_held_out_are_queries_and_not_in_the_database(tmp_path: Path) -> None:
    file, queries = DescriptorFile(npy(tmp_path, ROWS)).hold_out(10, seed=1)
    left = np.concatenate([block.indices for block in file])
    assert (len(file), len(left), queries.shape) == (40, 40, (10, 8))
    np.testing.assert_array_equal(file.read(), ROWS[left])
    taken = np.setdiff1d(np.arange(50), left)
    np.testing.assert_array_equal(queries, ROWS[taken])
    assert not np.array_equal(taken, np.arange(10))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "none.npy", "does not exist"),
        (lambda folder: folder, "no shards"),
        (lambda folder: npy(folder, ROWS[0]), r"\(N, D\) floats, found float32 of shape \(8,\)"),
        (lambda folder: npy(folder, np.zeros((3, 4), np.int64)), "found int64"),
        (lambda folder: npy(folder, ROWS[:0]), "no descriptors"),
        (lambda folder: hdf5(folder, one=ROWS, other=ROWS), "no array called 'descriptors'"),
    ],
)
def test_other_forms_are_refused(make, message: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(StoreError, match=message):
        DescriptorFile(make(tmp_path))


def test_damaged_and_odd_files_are_refused(tmp_path: Path) -> None:
    for name in ("a.npy", "a.h5"):
        (tmp_path / name).write_bytes(b"damaged")
        with pytest.raises(StoreError, match=f"{name} cannot be read"):
            DescriptorFile(tmp_path / name)
    (tmp_path / "a.txt").write_text("1 2 3")
    with pytest.raises(StoreError, match=r"from \.npy and \.h5"):
        DescriptorFile(tmp_path / "a.txt")


def test_rows_that_are_not_finite_are_named(tmp_path: Path) -> None:
    rows = ROWS.copy()
    rows[33, 2] = np.nan
    with pytest.raises(StoreError, match="1 rows are not finite, the first is row 33"):
        DescriptorFile(npy(tmp_path, rows)).read()


def test_queries_of_another_length_and_too_few_rows_are_refused(tmp_path: Path) -> None:
    file = DescriptorFile(npy(tmp_path, ROWS))
    with pytest.raises(StoreError, match=r"9 numbers, .* of 8"):
        check_lengths(file, np.zeros((2, 9), np.float32), Path("queries.npy"))
    with pytest.raises(StoreError, match="50 rows, too few to take 26"):
        file.hold_out(26, seed=0)
