import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from data.errors import SettingsError, StoreError
from rerank.cli.app import app
from rerank.plots import index_trade_off
from retrieval.index_sweep import Measured
from tests.retrieval.test_approximate import made


@pytest.fixture
def database(tmp_path: Path) -> Path:
    np.save(tmp_path / "database.npy", made(2000, 0).astype(np.float16))
    return tmp_path / "database.npy"


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, ["index-sweep", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_figures_of_every_kind_are_written_and_drawn(database: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    printed = run(database, "--held-out", 50, "-o", out, "--index", "ivf:lists=16,nprobe=1/16")
    assert {path.name for path in out.iterdir()} == {
        "index_sweep.json", "index_sweep.csv", "index_sweep.png", "index_sweep.svg",
    }  # fmt: skip
    stored = json.loads((out / "index_sweep.json").read_text())
    assert (stored["about"]["rows"], stored["about"]["queries"], stored["about"]["dimension"]) == (
        1950,
        50,
        32,
    )
    rows = list(csv.DictReader((out / "index_sweep.csv").open()))
    assert [row["kind"] for row in rows] == ["exact", "ivf:lists=16,nprobe=1", "ivf:lists=16,nprobe=16"]
    assert [one["kind"] for one in stored["measured"]] == [row["kind"] for row in rows]
    assert rows[2]["recall@100 %"] == "100.0" != rows[1]["recall@100 %"]
    assert "ivf:lists=16,nprobe=1" in printed.replace("\n", "")


def test_queries_of_their_own_file(database: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "queries.npy", made(30, 1))
    out = tmp_path / "out"
    run(database, "--queries", tmp_path / "queries.npy", "-o", out, "--index", "hnsw", "--top-k", 10)
    stored = json.loads((out / "index_sweep.json").read_text())
    assert (stored["about"]["rows"], stored["about"]["queries"]) == (2000, 30)
    assert stored["measured"][1]["recalls"].keys() == {"1", "10"}


def test_what_does_not_fit_is_refused(database: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "queries.npy", made(30, 1)[:, :5])
    with pytest.raises(StoreError, match="different retrievers"):
        run(database, "--queries", tmp_path / "queries.npy")
    with pytest.raises(SettingsError, match="did you mean 'ivf'"):
        run(database, "--index", "iwf")


def test_the_plot_has_a_line_for_each_index_and_tells_its_memory() -> None:
    def one(kind: str, recall: float, time_s: float, size: int) -> Measured:
        return Measured(kind, {1: recall, 100: recall}, time_s, time_s, size, 1.0)

    measured = [
        one("exact", 100.0, 1e-2, 0),
        one("ivf:lists=8,nprobe=4", 90.0, 2e-3, 4_000_000_000),
        one("ivf:lists=8,nprobe=1", 50.0, 1e-3, 4_000_000_000),
        one("pq:codes=8,refine=4", 40.0, 5e-3, 40_000_000),
    ]
    figure = index_trade_off(measured)
    exact, ivf, pq = figure.axes[0].get_lines()
    assert list(exact.get_xdata()) == [1e-2, 1e-2]
    np.testing.assert_array_equal(ivf.get_xydata(), [[1e-3, 50.0], [2e-3, 90.0]])
    np.testing.assert_array_equal(pq.get_xydata(), [[5e-3, 40.0]])
    assert ivf.get_markersize() > pq.get_markersize()
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["ivf:lists=8: 4.0 GB", "pq:codes=8,refined: 40 MB", "exact, streamed"]


def test_nothing_measured_is_said() -> None:
    figure = index_trade_off([Measured("exact", {100: 100.0}, 1.0, 1.0, 0, 0.0)])
    assert figure.texts[0].get_text() == "no index was measured"
