"""Boards: of whole tasks, and of the conditions of tasks that mix several."""

from pathlib import Path

import numpy as np

from rerank.report.leaderboard import make_boards, of_queries
from rerank.report.subjects import Subject, make_subjects
from rerank.run import Run
from tests.rerank.made_runs import run_of_hits
from tests.rerank.report.made_results import make_runs, make_street

HITS = [True] * 9 + [False]


def subjects_of(*runs: Run) -> list[Subject]:
    return make_subjects(runs, {})[0]


def test_bold_is_where_the_paired_test_tells_the_best_from_all_others() -> None:
    (board,) = make_boards(
        subjects_of(run_of_hits([False] * 10, "vlad"), run_of_hits(HITS, "rootsift", "ransac"))
    )
    assert [row["method"] for row in board["rows"]] == ["vlad", "rootsift+ransac"]
    assert [row["best"][0] for row in board["rows"]] == [False, True]
    assert board["rows"][1]["recalls"][0][0] == 90.0
    assert board["rows"][1]["gain"][0] == 90.0
    assert board["rows"][0]["gain"] is None
    (tied,) = make_boards(subjects_of(run_of_hits(HITS, "vlad"), run_of_hits(HITS, "rootsift", "ransac")))
    assert not any(any(row["best"]) for row in tied["rows"])


def test_latency_is_in_seconds_and_in_words(tmp_path: Path) -> None:
    runs = make_runs(tmp_path / "results", make_street(tmp_path / "street"), ["rootsift+rapid"])
    (board,) = make_boards(subjects_of(*runs))
    retrieval, method = board["rows"]
    assert retrieval["cold"] is None
    assert method["cold"]["seconds"][0] == 0.9  # six stages of 0.15 s
    assert method["cold"]["words"][0] == "900 ms"


def test_a_task_that_mixes_conditions_has_a_board_for_each(tmp_path: Path) -> None:
    street = make_street(tmp_path / "street", notes=["night", "night", "day", "day", "day"])
    (subject,) = subjects_of(*make_runs(tmp_path / "results", street, ["rootsift+rapid"]))
    boards = make_boards([subject])
    assert [(board["condition"], board["whole"], board["queries"]) for board in boards] == [
        ("", True, 12),
        ("day", False, 3),
        ("night", False, 2),
    ]
    night = subject.reranking[0].run
    hits = night.first_hits()[subject.conditions == "night"] == 0
    assert boards[2]["rows"][1]["recalls"][0][0] == 100 * hits.mean()


def test_the_condition_of_a_dataset_without_photos_is_in_its_name() -> None:
    (board,) = make_boards(subjects_of(run_of_hits(HITS, dataset="toy_night")))
    assert (board["condition"], board["whole"]) == ("night", True)
    (board,) = make_boards(subjects_of(run_of_hits(HITS, dataset="toy")))
    assert (board["condition"], board["whole"]) == ("", True)


def test_a_part_of_a_run_has_its_queries_alone() -> None:
    run = run_of_hits([True, False, True])
    part = of_queries(run, np.array([True, False, True]))
    assert part.shortlist.query_names == [run.shortlist.query_names[row] for row in (0, 2)]
    assert part.first_hits().tolist() == [0, 0]
    assert len(part.seconds) == len(part.turns) == 2


def test_no_queries_give_no_numbers() -> None:
    (board,) = make_boards(subjects_of(run_of_hits([])))
    assert board["rows"][0]["recalls"] == [None] * 5
