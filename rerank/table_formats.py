"""Result tables for the terminal, Markdown, CSV and LaTeX."""

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import astuple

from rich import markup
from rich.table import Table as TerminalTable
from rich.text import Text

from rerank.latency import Percentiles
from rerank.space import humanise_seconds
from rerank.statistics import Interval
from rerank.tables import Row, Table

NOTHING = "No finished run."
ABSENT = "-"
TERMINAL_DECIMALS = 0  # of intervals, so that a table fits 120 columns

# What has a meaning of its own -> how to write it.
MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_|<>"})
LATEX = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
    }
)


def to_terminal(tables: Sequence[Table]) -> list[TerminalTable]:
    """Return one rich table for each dataset; bold where the paired test separates the best."""
    made = []
    for table in tables:
        caption = markup.escape("\n".join(table.notes))
        shown = TerminalTable(title=markup.escape(table.dataset), caption=caption, caption_justify="left")
        for number, heading in enumerate(_headings(table)):
            shown.add_column(heading, justify="right" if number else "left")
        for row in table.rows:
            shown.add_row(
                *(Text(text, "bold" if bold else "") for text, bold in _cells(table, row, TERMINAL_DECIMALS))
            )
        made.append(shown)
    return made


def to_markdown(tables: Sequence[Table]) -> str:
    """Return the tables as GitHub's Markdown, the notes below each."""
    blocks = []
    for table in tables:
        headings = _headings(table)
        lines = [_markdown_line(headings), _markdown_line(["---", *["---:"] * (len(headings) - 1)])]
        for row in table.rows:
            lines.append(_markdown_line(_marked(table, row, _markdown_text, "**{}**")))
        notes = "\n".join(f"{_markdown_text(note)}  " for note in table.notes)
        blocks.append(f"**{_markdown_text(table.dataset)}**\n\n" + "\n".join(lines) + f"\n\n{notes}\n")
    return "\n".join(blocks) or NOTHING + "\n"


def to_latex(tables: Sequence[Table]) -> str:
    """Return the tables for the LaTeX package booktabs, each a `tabular` with its notes as comments."""
    blocks = []
    for table in tables:
        headings = [_latex_text(heading) for heading in _headings(table)]
        rows = [" & ".join(_marked(table, row, _latex_text, r"\textbf{{{}}}")) + r" \\" for row in table.rows]
        blocks.append(
            "\n".join(
                [
                    *(f"% {note}" for note in (table.dataset, *table.notes)),
                    rf"\begin{{tabular}}{{l{'r' * (len(headings) - 1)}}}",
                    r"\toprule",
                    " & ".join(headings) + r" \\",
                    r"\midrule",
                    *rows,
                    r"\bottomrule",
                    r"\end{tabular}",
                    "",
                ]
            )
        )
    return "\n".join(blocks) or f"% {NOTHING}\n"


def to_csv(tables: Sequence[Table]) -> str:
    """Return all rows of all tables as one CSV with numbers alone: percent, points and seconds."""
    ns = sorted({n for table in tables for n in table.ns})
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    measures = [*(f"R@{n}" for n in ns), "gain"]
    intervals = [f"{name}{end}" for name in measures for end in ("", "_low", "_high")]
    seconds = [f"{name}{end}_s" for name in ("cold", "warm") for end in ("", "_low", "_high")]
    writer.writerow(["dataset", "method", "queries", *intervals, *seconds])
    for table in tables:
        for row in table.rows:
            numbers = [number for n in ns for number in _triple(row.recalls.get(n))]
            numbers += _triple(row.gain) + _seconds(row.cold) + _seconds(row.warm)
            writer.writerow([table.dataset, row.method, table.queries, *numbers])
    return written.getvalue()


def _headings(table: Table) -> list[str]:
    return ["method", *(f"R@{n}" for n in table.ns), "gain at R@1", "cold", "warm"]


def _cells(table: Table, row: Row, decimals: int = 1) -> list[tuple[str, bool]]:
    """Return the cells of a row as text, and whether each is bold. decimals: of the intervals' ends."""
    recalls = [(_interval(row.recalls[n], "{:.1f}", decimals), n in row.best) for n in table.ns]
    rest = [_interval(row.gain, "{:+.1f}", decimals), _latency(row.cold), _latency(row.warm)]
    return [(row.method, False), *recalls, *((text, False) for text in rest)]


def _marked(table: Table, row: Row, escape: Callable[[str], str], bold: str) -> list[str]:
    return [bold.format(escape(text)) if mark else escape(text) for text, mark in _cells(table, row)]


def _interval(interval: Interval | None, number: str, decimals: int) -> str:
    if interval is None or math.isnan(interval.value):
        return ABSENT
    ends = number.replace("1", str(decimals))
    low, high = (_written(end, ends, decimals) for end in (interval.low, interval.high))
    return f"{_written(interval.value, number, 1)} [{low}, {high}]"


def _written(value: float, form: str, decimals: int) -> str:
    return form.format(round(value, decimals) + 0.0)  # + 0.0: no "-0.0"


def _latency(percentiles: Percentiles | None) -> str:
    return ABSENT if percentiles is None else humanise_seconds(percentiles.median_s)


def _triple(interval: Interval | None) -> list[float | str]:
    if interval is None or math.isnan(interval.value):
        return ["", "", ""]
    return list(astuple(interval))


def _seconds(percentiles: Percentiles | None) -> list[float | str]:
    if percentiles is None:
        return ["", "", ""]
    return [percentiles.median_s, percentiles.low_s, percentiles.high_s]


def _markdown_line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown_text(text: str) -> str:
    return text.translate(MARKDOWN)


def _latex_text(text: str) -> str:
    return text.translate(LATEX)
