import json

import pytest

from data.datasets import open_dataset
from data.doctor import examine
from data.named import NAMED_SETS
from tests.data.samples import named, oriented, write_dataset, write_photo


def examined(root, **options):
    return examine(open_dataset(root), **options)


def test_a_sound_dataset_has_no_problems(tmp_path):
    names = [named(500000 + i, timestamp=f"20{13 + i}", heading=30.0 * i) for i in range(3)]
    root = write_dataset(tmp_path / "toy", {"database": names, "queries_night": [named(500001, pano_id="q")]})
    report = examined(root)
    assert report.problems == []
    assert report.warnings == []
    assert report.positives == (3, 3.0, 3)
    assert report.database.count == report.database.checked == 3
    assert report.database.sizes == {"12x8": 3}
    assert report.database.zones == {"10S": 3}
    assert report.queries.conditions == {"night": 1}
    assert (report.database.first_time, report.database.last_time) == (
        "2013-01-01T00:00:00",
        "2015-01-01T00:00:00",
    )
    text = "\n".join(report.lines())
    assert "toy_night" in text
    assert "base name" in text
    assert json.loads(json.dumps(report.as_dict()))["queries"]["digest"] == report.queries.digest


def test_unreadable_photos_are_named_with_their_reasons(tmp_path):
    root = write_dataset(tmp_path / "toy")
    database = root / "images" / "test" / "database"
    whole = write_photo(database / named(1), 200, 300).read_bytes()
    (database / named(1)).write_bytes(whole[: len(whole) // 2])
    (database / named(2)).touch()
    report = examined(root)
    assert set(report.database.unreadable) == {named(1), named(2)}
    assert "truncated" in report.database.unreadable[named(1)]
    assert [line for line in report.problems if "empty (0 bytes)" in line]
    assert len(report.problems) == 2
    assert sum(report.database.sizes.values()) == 4


@pytest.mark.parametrize(
    ("exif", "size", "treated"), [(True, "8x12", "turned upright"), (False, "12x8", "as stored")]
)
def test_rotated_photos(tmp_path, exif, size, treated):
    root = write_dataset(tmp_path / "toy")
    write_photo(root / "images" / "test" / "database" / named(5), exif=oriented(6))
    report = examined(root, exif=exif)
    assert report.database.rotated == (named(5),)
    assert report.database.sizes == {"12x8": 4} | ({size: 1} if exif else {"12x8": 5})
    assert [line for line in report.warnings if treated in line and named(5) in line]
    assert not report.problems


def test_queries_without_positives(tmp_path):
    report = examined(write_dataset(tmp_path / "toy"))
    assert report.without_positives == (named(501000, pano_id="q1"),)
    assert [line for line in report.warnings if "recall ends at 50.0 %" in line]
    assert not report.problems
    nowhere = examined(write_dataset(tmp_path / "far", {"database": [named(1)], "queries": [named(9000)]}))
    assert [line for line in nowhere.problems if "no query has a database photo within 25 m" in line]
    assert not examined(write_dataset(tmp_path / "toy"), threshold_m=1000).without_positives


def test_duplicate_and_shared_names(tmp_path):
    twice = [named(1), f"again/{named(1)}"]
    report = examined(write_dataset(tmp_path / "toy", {"database": twice, "queries": [named(1)]}))
    assert report.database.duplicates == (named(1),)
    assert report.shared_names == (named(1),)
    assert len(report.warnings) == 2


def test_zones(tmp_path):
    database = [named(500000, zone="10S"), named(500001, zone="33U"), named(500002, zone=None)]
    report = examined(
        write_dataset(tmp_path / "toy", {"database": database, "queries": [named(500003, zone="10S")]})
    )
    assert report.database.zones == {"": 1, "10S": 1, "33U": 1}
    assert report.across_zones == 1
    assert [line for line in report.problems if "different UTM zones" in line]
    assert [line for line in report.warnings if "several UTM zones" in line and "unknown (1)" in line]


def test_photos_that_the_list_leaves_out(tmp_path):
    root = write_dataset(tmp_path / "toy")
    (root / "images" / "test" / "database_images_paths.txt").write_text(named(500010) + "\n")
    report = examined(root)
    assert (report.database.count, report.database.unlisted, report.database.ordering) == (1, 3, "list file")
    assert [line for line in report.warnings if "3 photos on disk are not in the list file" in line]


def test_counts_of_named_sets_are_warnings(tmp_path):
    known = NAMED_SETS["tokyo_night"]
    write_dataset(tmp_path, {"database": [named(1)], known.queries: [named(2)]}, below=known.folder)
    report = examine(open_dataset("tokyo_night", root=tmp_path))
    assert "queries: 1 photos, tokyo_night is published with 105" in report.warnings
    assert known.trap in report.warnings
    assert not report.problems


@pytest.mark.parametrize(("sample", "checked"), [(None, [4, 2]), (2, [2, 2]), (3, [3, 2]), (99, [4, 2])])
def test_a_sample_is_spread_over_the_set(tmp_path, sample, checked):
    root = write_dataset(tmp_path / "toy")
    (root / "images" / "test" / "database" / named(500030)).write_bytes(b"")
    seen = []
    report = examined(root, sample=sample, advance=lambda: seen.append(1))
    assert [report.database.checked, report.queries.checked] == checked
    assert len(seen) == sum(checked)
    assert len(report.problems) == 1  # first and last are always among them


def test_lines_stay_short_where_much_is_wrong(tmp_path):
    root = write_dataset(
        tmp_path / "toy", {"database": [named(1)], "queries": [named(9000 + i) for i in range(50)]}
    )
    for path in (root / "images" / "test" / "queries").iterdir():
        path.write_bytes(b"")
    report = examined(root)
    assert len(report.problems) == 51
    shown = [line for line in report.lines() if line.startswith("problem")]
    assert len(shown) == 21
    assert "no query has a database photo" in shown[0]
    assert shown[-1] == "problem: ... and 31 more"
