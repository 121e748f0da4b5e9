"""What the report says of queries and their candidates."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from rerank.report.album import Album
from rerank.report.queries import TOP, candidates_of, photos_of, query_columns, shown_columns
from rerank.report.subjects import Subject, make_subjects, query_ids
from tests.rerank.made_runs import make_run, make_shortlist
from tests.rerank.report.made_results import make_runs, make_street


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    street = make_street(tmp_path / "street")
    (made,), warnings = make_subjects(make_runs(tmp_path / "results", street), {})
    assert warnings == []
    return made


def placeless(indices: list[list[int]], distances_m: list[list[float]], values: list[list[float]]) -> Subject:
    """Return a subject without photos whose candidates are these."""
    shortlist = dataclasses.replace(
        make_shortlist(len(indices), len(indices[0])),
        indices=np.array(indices),
        distances_m=np.array(distances_m),
    )
    (made,), _ = make_subjects([make_run(shortlist, np.array(values))], {})
    return made


def album_of(subject: Subject, tmp_path: Path) -> Album:
    album = Album(tmp_path / "photos", 64)
    album.add(photos_of(subject))
    return album


def test_ranks_and_distances_before_and_after(tmp_path: Path) -> None:
    subject = placeless(
        [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
        [[30.0, 25.0, 60.0], [10.0, 70.0, 80.0], [99.0, 98.0, 97.0]],
        [[1.0, 2.0, 3.0], [1.0, 3.0, 2.0], [3.0, 2.0, 1.0]],
    )
    columns = query_columns(subject, album_of(subject, tmp_path))
    assert columns["before"] == {"ranks": [1, 0, -1], "metres": [30.0, 10.0, 99.0]}
    assert columns["after"] == [{"ranks": [1, 2, -1], "metres": [60.0, 70.0, 99.0]}]
    assert columns["positions"] is None
    assert columns["photos"] == [None] * 3


def test_candidates_are_those_put_first_with_the_truth_of_each(tmp_path: Path) -> None:
    subject = placeless([[1, 2, 3]], [[30.0, 25.0, 25.04]], [[1.0, 2.0, -np.inf]])
    found = candidates_of(subject, range(1), album_of(subject, tmp_path))
    assert [entry[:4] for entry in found["after"][0][0]] == [
        [2, 1, 25.0, 1],
        [1, 0, 30.0, 0],
        [3, 2, 25.0, 0],
    ]
    assert [entry[4] for entry in found["after"][0][0]] == [2.0, 1.0, None]  # not scored
    assert [entry[:2] for entry in found["before"][0]] == [[1, 0], [2, 1], [3, 2]]
    assert found["photos"] == [(row, f"database photo {row}", None) for row in (1, 2, 3)]


def test_padding_is_not_shown(tmp_path: Path) -> None:
    subject = placeless([[1, -1, -1]], [[30.0, np.inf, np.inf]], [[1.0, -np.inf, -np.inf]])
    assert [columns.tolist() for columns in shown_columns(subject, 0)] == [[0], [0]]
    found = candidates_of(subject, range(1), album_of(subject, tmp_path))
    assert [row for row, _, _ in found["photos"]] == [1]


def test_every_shown_photo_is_in_the_album_and_no_other(subject: Subject, tmp_path: Path) -> None:
    album = album_of(subject, tmp_path)
    queries = range(len(subject.query_ids))
    found = candidates_of(subject, queries, album)
    shown = {photo for _, _, photo in found["photos"]} | set(query_columns(subject, album)["photos"])
    assert shown == {path.stem for path in (tmp_path / "photos").iterdir()}
    assert len(shown) == len(album)
    assert max(len(entries) for entries in found["before"]) == TOP


def test_names_and_positions_are_those_of_the_dataset(subject: Subject, tmp_path: Path) -> None:
    album = album_of(subject, tmp_path)
    columns = query_columns(subject, album)
    assert subject.task is not None
    assert columns["names"] == subject.task.dataset.queries.names
    assert columns["positions"][0] == subject.task.dataset.queries.positions[0].round(2).tolist()
    found = candidates_of(subject, range(1), album)
    names = {row: name for row, name, _ in found["photos"]}
    first = found["before"][0][0][0]
    assert names[first] == subject.task.dataset.database.names[first]


def test_a_missing_photo_has_no_picture(subject: Subject, tmp_path: Path) -> None:
    assert subject.task is not None
    subject.task.dataset.queries.path(0).unlink()
    columns = query_columns(subject, album_of(subject, tmp_path))
    assert columns["photos"][0] is None
    assert None not in columns["photos"][1:]


def test_the_id_of_a_query_is_that_of_its_dataset_and_name() -> None:
    ids = query_ids("tokyo", ["a.jpg", "b.jpg", "a.jpg"])
    assert len(set(ids)) == 3
    assert query_ids("tokyo", ["b.jpg", "a.jpg"]) == [ids[1], ids[0]]
    assert not set(query_ids("svox", ["a.jpg", "b.jpg"])) & set(ids)
    assert all(len(each) == 12 for each in ids)


def test_ids_stay_when_the_protocol_changes_and_the_files_do_not_collide(tmp_path: Path) -> None:
    shortlist = make_shortlist()
    runs = [make_run(shortlist, np.zeros((6, 5)), "vlad")]
    protocol = dataclasses.replace(runs[0].identity.protocol, threshold_m=10.0)
    runs.append(
        dataclasses.replace(runs[0], identity=dataclasses.replace(runs[0].identity, protocol=protocol))
    )
    subjects, _ = make_subjects(runs, {})
    assert subjects[0].query_ids == subjects[1].query_ids
    assert subjects[0].key != subjects[1].key
