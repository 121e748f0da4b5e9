import json

import numpy as np

from rerank.metrics import NEVER
from rerank.recall import recall_intervals, recall_report
from rerank.statistics import proportion_interval

FIRST_HITS = np.array([0, 3, 7, 15, NEVER, 0, NEVER, 60])


def test_intervals_are_those_of_the_counts():
    recalls = recall_intervals(FIRST_HITS, (1, 5, 100), seed=3)
    assert list(recalls) == [1, 5, 100]
    assert recalls[5] == proportion_interval(3, 8, seed=3)


def test_report_has_the_keys_that_machines_read():
    report = json.loads(json.dumps(recall_report(FIRST_HITS, 100)))
    assert list(report)[:5] == ["R@1", "R@5", "R@10", "R@20", "R@100"]
    assert [report[key]["value"] for key in list(report)[:5]] == [25.0, 37.5, 50.0, 62.5, 75.0]
    assert set(report["R@1"]) == {"value", "low", "high"}
    assert report["R@1"]["low"] <= 25.0 <= report["R@1"]["high"]
    assert report["queries"] == 8
    assert report["queries_without_positives"] == 2


def test_positives_counted_in_the_database_win():
    report = recall_report(FIRST_HITS, 100, queries_without_positives=1)
    assert report["queries_without_positives"] == 1


def test_n_above_k_is_the_recall_of_all_candidates():
    report = recall_report(np.array([0, 16, NEVER, NEVER]), 17)
    assert report["R@20"]["value"] == report["R@100"]["value"] == 50.0
    assert report["candidates_per_query"] == 17


def test_no_query_gives_null():
    report = recall_report(np.zeros(0, np.int64), 100)
    assert report["R@1"] == {"value": None, "low": None, "high": None}
    assert report["queries"] == 0
