import json

import numpy as np
import pytest
import torch

from benchmarks import tables
from benchmarks.pipeline.ranking import compare_rankings
from benchmarks.pipeline.tables import (
    bound_table,
    cold_of_set_s,
    cold_s,
    published_s,
    speed_table,
    summary_table,
    times_as_fast,
    warm_s,
)
from benchmarks.pipeline.whole_set import count, different_share
from benchmarks.pipeline.work import gflop_of
from networks.convolutions import convolved
from networks.products import product
from retrieval.candidates import Candidates, write_candidates

NAIVE = {"query_s": 1.0, "candidate_s": 0.5, "score_s": 0.1}
OURS = {"photo_s": 0.2, "score_s": 0.01, "own_score_s": 0.005}


def test_rankings_are_compared_score_by_score_and_pair_by_pair():
    published = np.array([[3.0, 2.0, 1.0], [5.0, 5.0, 1.0]])
    told = compare_rankings(published, np.array([[3.0, 2.00001, 4.0], [1.0, 5.0, 5.0]]))
    assert told == {
        "scores": 6,
        "identical": pytest.approx(2 / 6),  # 3 and a 5
        "equal": pytest.approx(3 / 6),
        "same_first": 0.5,  # the last one comes first; of the others a tie of the published best
        "same_order": pytest.approx(1 / 5),  # 3 > 2 alone, of the five pairs that are told apart
    }


def test_the_same_scores_are_the_same_ranking():
    scores = np.random.default_rng(0).integers(0, 3, (4, 5)).astype(float)
    told = compare_rankings(scores, scores)
    assert {told[name] for name in ("identical", "equal", "same_first", "same_order")} == {1.0}


def test_seconds_are_of_one_query_with_a_hundred_candidates():
    assert published_s(NAIVE) == pytest.approx(61)
    assert cold_s(OURS) == pytest.approx(21.2)
    assert cold_of_set_s(OURS, 0.25) == pytest.approx(6.2)
    assert cold_of_set_s(OURS, 1.0) == pytest.approx(cold_s(OURS))
    assert warm_s(OURS) == pytest.approx(1.2)
    assert warm_s(OURS, "own_score_s") == pytest.approx(0.7)


def test_photos_that_queries_share_are_counted_once(tmp_path):
    indices = np.array([[4, 7, 9], [7, 4, -1]])
    names = np.array([["a", "b", "c"], ["b", "a", ""]], object)
    found = Candidates(["q", "r"], names, indices, np.zeros((2, 3), np.float32))
    write_candidates(tmp_path / "found.h5", found)
    told = count(tmp_path / "found.h5")
    assert told == {"source": "found", "queries": 2, "candidates": 3, "different": 3}
    assert different_share(told) == 0.5


def test_the_column_of_a_whole_set_is_empty_until_one_was_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.figures.FOLDER", tmp_path)
    of_pair = {"rootsift+ransac": {"float32": {"naive": [NAIVE], "ours": [OURS]}}}
    (tmp_path / "pipeline.json").write_text(json.dumps({"pairs": of_pair}))
    assert "| 2.88 (2.88 to 2.88) |  | 50.8 " in speed_table("float32")
    told = {"source": "found", "queries": 2, "candidates": 4, "different": 2}
    (tmp_path / "whole_set.json").write_text(json.dumps(told))
    assert "| 2.88 (2.88 to 2.88) | 9.84 (9.84 to 9.84) | 50.8 " in speed_table("float32")


def test_the_summary_has_both_precisions_beside_each_other(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.figures.FOLDER", tmp_path)
    measured = {"naive": [NAIVE], "ours": [OURS]}
    half = {"naive": [NAIVE], "ours": [{**OURS, "photo_s": 0.1}]}
    of_pair = {"rootsift+ransac": {"float32": measured, "bf16": half}, "cvnet+cvnet": {"float32": measured}}
    (tmp_path / "pipeline.json").write_text(json.dumps({"pairs": of_pair}))
    assert summary_table().splitlines()[2:] == [
        "| cvnet+cvnet | 61 | 21.2 | 1.2 | 2.88 | 50.8 |",
        "| rootsift+ransac | 61 | 21.2 | 1.2 | 2.88 / 5.5 | 50.8 / 55.5 |",
    ]


def test_what_products_alone_would_take_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.figures.FOLDER", tmp_path)
    work = {"photo_gflop": 20.0, "pair_gflop": 1.0}
    of_pair = {"transvpr+ransac": {"float32": {"naive": [NAIVE], "ours": [OURS], "work": work}}}
    limits = {"gemm_float32_gflops": 200.0}
    (tmp_path / "pipeline.json").write_text(json.dumps({"pairs": of_pair, "limits": limits}))
    # a photo 0.1 s, a pair 0.005 s: 10.6 s a query cold and 0.6 warm, of 61 the published way
    row = bound_table().splitlines()[2]
    assert row.startswith("| transvpr+ransac | 20 | 100 |")
    assert row.endswith("| 5.75 (5.75 to 5.75) | 102 (102 to 102) | 3, 40 |")


def test_operations_of_products_and_convolutions_are_counted():
    rows, columns = torch.ones(30, 8), torch.ones(20, 8)
    maps, layer = torch.ones(1, 4, 10, 10), torch.nn.Conv2d(4, 6, 3, padding=1)
    before = torch.get_num_threads()

    def work():
        with torch.inference_mode():
            product(rows, columns)
            plain = layer(maps)
            for added in (None, plain):
                convolved(layer, torch.nn.Identity(), maps, added)

    assert gflop_of(work) == pytest.approx((2 * 30 * 20 * 8 + 3 * 2 * 100 * 6 * 4 * 9) / 1e9)
    assert torch.get_num_threads() == before


def test_ratios_are_taken_round_by_round():
    slow = {name: 2 * seconds for name, seconds in NAIVE.items()}
    measured = {"naive": [NAIVE, slow, slow], "ours": [OURS, OURS, OURS]}
    assert times_as_fast(measured, warm_s) == "102 (50.8 to 102)"


def test_tables_are_written_between_their_comments(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.figures.FOLDER", tmp_path)
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    monkeypatch.setattr(tables, "PAGES", ("page.md",))
    row = {"queries": 1000, "candidates": 10, "seconds": 2.0, "peak_mib": 300.4}
    (tmp_path / "scaling.json").write_text(json.dumps({"rows": [row]}))
    (tmp_path / "page.md").write_text("before\n<!-- table scaling -->\nold\n<!-- end of table -->\nafter\n")
    tables.main()
    text = (tmp_path / "page.md").read_text()
    assert text.startswith("before\n<!-- table scaling -->\n| queries |")
    assert "| 1,000 | 10 | 2 | 200 | 300 |\n<!-- end of table -->\nafter" in text
    assert "old" not in text
    tables.main()
    assert (tmp_path / "page.md").read_text() == text
