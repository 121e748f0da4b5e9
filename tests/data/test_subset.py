import shutil

import pytest

import data.subset
from data.errors import DatasetError
from data.subset import make_tokyo_subsets
from tests.data.samples import named, write_dataset


def tokyo(tmp_path, numbers=range(10, 19), pano_id="{:05d}.jpg", **fields):
    fields = {"zone": "54S", **fields}
    queries = [named(380000 + n, 3950000, pano_id=pano_id.format(n), **fields) for n in numbers]
    return write_dataset(tmp_path / "tokyo247", {"database": [named(1)], "queries": queries})


@pytest.mark.parametrize("pano_id", ["{:05d}.jpg", "{:05d}", "{}.JPG"])
@pytest.mark.parametrize("link", [True, False])
def test_queries_are_parted_by_their_number(tmp_path, pano_id, link):
    root = tokyo(tmp_path, pano_id=pano_id)
    assert make_tokyo_subsets(root, link=link) == {"queries_day": 3, "queries_sunset": 3, "queries_night": 3}
    test = root / "images" / "test"
    expected = {"queries_night": (12, 15, 18), "queries_day": (10, 13, 16), "queries_sunset": (11, 14, 17)}
    for name, numbers in expected.items():
        photos = sorted((test / name).iterdir())
        assert [photo.name.split("@")[7] for photo in photos] == [pano_id.format(n) for n in numbers]
        for photo in photos:
            original = test / "queries" / photo.name
            assert photo.read_bytes() == original.read_bytes()
            assert photo.samefile(original) == link
    assert sorted(path.name for path in test.iterdir()) == sorted(["database", "queries", *expected])


def test_a_disk_without_links_gets_copies(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("no links here")

    monkeypatch.setattr(data.subset.Path, "hardlink_to", refuse)
    root = tokyo(tmp_path)
    make_tokyo_subsets(root)
    assert len(list((root / "images" / "test" / "queries_night").iterdir())) == 3


def test_making_them_twice_changes_nothing_and_other_photos_are_not_overwritten(tmp_path):
    root = tokyo(tmp_path)
    first = make_tokyo_subsets(root)
    assert make_tokyo_subsets(root / "images" / "test") == first
    night = root / "images" / "test" / "queries_night"
    next(night.iterdir()).unlink()
    with pytest.raises(DatasetError, match="queries_night is there already and holds other photos"):
        make_tokyo_subsets(root)


def test_a_failure_leaves_no_half_a_subset(tmp_path, monkeypatch):
    def fill_up(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(shutil, "copy2", fill_up)
    root = tokyo(tmp_path)
    with pytest.raises(OSError, match="No space"):
        make_tokyo_subsets(root, link=False)
    assert sorted(path.name for path in (root / "images" / "test").iterdir()) == ["database", "queries"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"pano_id": "a{}"}, "field 7 of .* is 'a10', not a number"),
        ({"pano_id": ""}, "field 7 of .* is None"),
        ({"pano_id": "7"}, "1 numbers occur twice, such as 7"),
        ({"numbers": [10, 11, 12, 13]}, "of the three photos 13 to 15 not all are there"),
        ({"zone": "17T"}, "UTM zone 17T, Tokyo in 54S"),
    ],
)
def test_other_datasets_are_refused(tmp_path, options, reason):
    root = tokyo(tmp_path, **options)
    with pytest.raises(DatasetError, match=f"not the queries of Tokyo 24/7: .*{reason}"):
        make_tokyo_subsets(root)
    assert not (root / "images" / "test" / "queries_night").exists()


def test_no_queries(tmp_path):
    with pytest.raises(DatasetError, match="no folder queries"):
        make_tokyo_subsets(write_dataset(tmp_path / "tokyo247", {"database": [named(1)]}))
