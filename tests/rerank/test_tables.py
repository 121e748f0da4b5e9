import csv
import dataclasses
import io

import numpy as np
import pytest
from rich.console import Console

from rerank.statistics import Interval
from rerank.table_formats import to_csv, to_latex, to_markdown, to_terminal
from rerank.tables import make_tables
from tests.rerank.made_runs import make_run, make_shortlist, run_of_hits

GOOD, POOR = [True] * 10 + [False] * 2, [False] * 12


@pytest.fixture
def runs():
    return [
        run_of_hits(GOOD, "r2d2", "ransac"),
        run_of_hits(POOR, "vlad"),
        run_of_hits(POOR, "r2d2", "rapid"),
    ]


def test_retrieval_comes_first_and_has_no_gain(runs):
    (table,) = make_tables(runs)
    assert [row.method for row in table.rows] == ["vlad", "r2d2+ransac", "r2d2+rapid"]
    assert table.rows[0].gain is None
    assert table.rows[1].gain.value == pytest.approx(1000 / 12)
    assert table.rows[2].gain.value == 0.0


def test_the_best_is_marked_only_where_the_test_separates_it(runs):
    (table,) = make_tables(runs, ns=(1, 2))
    assert [row.best for row in table.rows] == [frozenset(), {1}, frozenset()]
    almost = run_of_hits([True] * 9 + [False] * 3, "superpoint", "ransac")
    (table,) = make_tables([*runs, almost], ns=(1, 2))
    assert [row.best for row in table.rows] == [frozenset()] * 4


def test_one_method_is_never_best():
    (table,) = make_tables([run_of_hits(GOOD)])
    assert table.rows[0].best == frozenset()


def test_datasets_and_protocols_have_tables_of_their_own(runs):
    day = run_of_hits(GOOD, dataset="toy_day")
    protocol = dataclasses.replace(runs[0].identity.protocol, exif=False)
    other = dataclasses.replace(runs[0], identity=dataclasses.replace(runs[0].identity, protocol=protocol))
    tables = make_tables([runs[0], day, runs[2], other])
    assert [(table.dataset, len(table.rows)) for table in tables] == [
        ("toy_night", 2),
        ("toy_day", 1),
        ("toy_night", 1),
    ]
    assert "not comparable with the first table of toy_night: EXIF orientation" in tables[2].notes[-1]
    assert not any("not comparable" in note for table in tables[:2] for note in table.notes)


def test_notes_say_what_was_measured(runs):
    notes = make_tables(runs)[0].notes
    assert notes[0].startswith("12 queries (0 without positives), 2 candidates of vlad, 25 m")
    assert notes[1] == "R@5, R@10, R@20, R@100: recall of all 2 candidates"


def test_markdown_by_hand(runs):
    lines = to_markdown(make_tables(runs[:2], ns=(1, 2))).splitlines()
    assert lines[0] == "**toy\\_night**"
    assert lines[2] == "| method | R@1 | R@2 | gain at R@1 | cold | warm |"
    assert lines[3] == "| --- | ---: | ---: | ---: | ---: | ---: |"
    assert lines[4] == "| vlad | 0.0 [0.0, 0.0] | 100.0 [100.0, 100.0] | - | - | - |"
    assert lines[5].startswith("| r2d2+ransac | **83.3 [58.3, 100.0]** | 100.0 [100.0, 100.0] | +83.3 [")


def test_latex_is_a_booktabs_tabular(runs):
    text = to_latex(make_tables(runs[:2], ns=(1, 2)))
    assert text.count(r"\toprule") == text.count(r"\midrule") == text.count(r"\bottomrule") == 1
    assert r"\begin{tabular}{lrrrrr}" in text
    assert r"r2d2+ransac & \textbf{83.3 [58.3, 100.0]} & 100.0" in text
    assert text.count(r"\textbf") == 1
    assert "% 12 queries" in text


def test_latex_escapes_names():
    text = to_latex(make_tables([run_of_hits(GOOD, "my_net", "a&b")]))
    assert r"my\_net+a\&b & " in text


def test_csv_has_numbers_alone(runs):
    rows = list(csv.DictReader(io.StringIO(to_csv(make_tables(runs)))))
    assert [row["method"] for row in rows] == ["vlad", "r2d2+ransac", "r2d2+rapid"]
    assert float(rows[1]["R@1"]) == pytest.approx(1000 / 12)
    assert float(rows[1]["R@1_low"]) < float(rows[1]["R@1"]) < float(rows[1]["R@1_high"])
    assert rows[0]["gain"] == rows[0]["cold_s"] == ""
    assert rows[0]["dataset"] == "toy_night"


def test_latency_is_shown_where_it_was_measured():
    shortlist = make_shortlist(8, 3)
    tables = make_tables([make_run(shortlist, np.zeros((8, 3)), stage_s=0.05)])
    assert "| 300 ms | 250 ms |" in to_markdown(tables)
    assert float(next(csv.DictReader(io.StringIO(to_csv(tables))))["cold_s"]) == pytest.approx(0.3)


def test_the_terminal_shows_every_method(runs):
    console = Console(width=200, record=True, file=io.StringIO())
    for table in to_terminal(make_tables(runs)):
        console.print(table)
    shown = console.export_text()
    assert all(text in shown for text in ("toy_night", "r2d2+rapid", "83.3 [58, 100]", "without positives"))


def test_brackets_in_names_are_no_terminal_markup():
    console = Console(width=200, file=io.StringIO())
    console.print(*to_terminal(make_tables([run_of_hits(GOOD, "net[bold]")])))
    assert "net[bold]" in console.file.getvalue()


def test_no_run_gives_no_table():
    assert make_tables([]) == []
    assert to_terminal([]) == []
    assert to_markdown([]) == "No finished run.\n"
    assert to_latex([]) == "% No finished run.\n"
    assert len(to_csv([]).splitlines()) == 1


@pytest.mark.parametrize("hits", [[], [True]])
def test_no_query_and_one(hits):
    tables = make_tables([run_of_hits(hits, "a", "b"), run_of_hits(hits, "vlad")])
    assert tables[0].queries == len(hits)
    assert ("100.0 [100.0, 100.0]" in to_markdown(tables)) == bool(hits)
    assert "nan" not in to_markdown(tables) + to_csv(tables) + to_latex(tables)


def test_nothing_is_shown_as_minus_zero(runs):
    (table,) = make_tables(runs[:2], ns=(1,))
    row = dataclasses.replace(table.rows[1], gain=Interval(-0.04, -3.0, 0.04))
    assert "+0.0 [-3.0, +0.0]" in to_markdown([dataclasses.replace(table, rows=(row,))])


def test_names_that_look_like_code_are_written_as_they_are():
    name = r"<b>day</b> [v2] ~^\x"
    tables = make_tables([run_of_hits(GOOD, "r2d2", "ransac", dataset=name)])
    assert r"**\<b\>day\</b\> [v2] ~^\\x**" in to_markdown(tables)
    console = Console(width=120, file=io.StringIO(), force_terminal=False)
    console.print(to_terminal(tables)[0])
    assert name in console.file.getvalue()
    odd = make_tables([run_of_hits(GOOD, "a<b", r"c~^\d")])
    assert r"a\textless{}b+c\textasciitilde{}\textasciicircum{}\textbackslash{}d" in to_latex(odd)
