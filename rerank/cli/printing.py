"""Printing tables of runs, and writing them to files."""

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from data.errors import SettingsError
from data.files import write_text
from networks.settings import nearest
from rerank.run import Run
from rerank.table_formats import to_csv, to_latex, to_markdown, to_terminal
from rerank.tables import Table, make_tables

PIPED_WIDTH = 160  # so that nothing is cut where no terminal sets the width

WRITERS: dict[str, tuple[str, Callable[[Sequence[Table]], str]]] = {
    "markdown": ("table.md", to_markdown),
    "csv": ("table.csv", to_csv),
    "latex": ("table.tex", to_latex),
}


def wide_console() -> Console:
    """Return a console on standard output that is wide enough for a table also when piped."""
    console = Console()
    return console if console.is_terminal else Console(width=PIPED_WIDTH)


def print_tables(runs: Sequence[Run], form: str = "terminal") -> None:
    """Print the tables of runs: "terminal", "markdown", "csv" or "latex"; raises SettingsError."""
    tables = make_tables(runs)
    if form == "terminal":
        console = wide_console()
        for table in to_terminal(tables):
            console.print(table)
        return
    if form not in WRITERS:
        raise SettingsError(f"no table format is called {form!r}{nearest(form, ['terminal', *WRITERS])}")
    print(WRITERS[form][1](tables), end="")


def write_tables(runs: Sequence[Run], folder: Path) -> None:
    """Write the tables of runs as Markdown, CSV and LaTeX into `folder`."""
    tables = make_tables(runs)
    for name, writer in WRITERS.values():
        write_text(folder / name, writer(tables))
