"""`rerank plot`: figures of stored results, written as PNG and SVG."""

from pathlib import Path
from typing import Annotated

import typer

from data.errors import SettingsError
from networks.settings import nearest
from rerank.cli.options import RunFolders
from rerank.cli.results import read_runs


def plot(
    runs: RunFolders,
    kinds: Annotated[
        list[str] | None,
        typer.Option("--kind", help="A plot; may be given again. By default all that the results allow."),
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="The N of R@N.")] = 1,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the plots.")] = Path("plots"),
) -> None:
    """Plot finished runs: latency, candidates, thresholds, day and night, the drawn city's dials, stages.

    Each plot is written as PNG and SVG; the names are printed, and what could not be plotted, and why.
    """
    from rerank.plots import KINDS, save  # here, so that --help does not wait for matplotlib

    for kind in kinds or ():
        if kind not in KINDS:
            raise SettingsError(f"no plot is called {kind!r}{nearest(kind, KINDS)}")
    read = read_runs(runs)
    for name in kinds or KINDS:
        lacking = KINDS[name].lacking(read)
        if lacking and not kinds:
            typer.echo(f"{name}: not plotted: {lacking}")
            continue
        for path in save(KINDS[name].draw(read, n), output / name):
            typer.echo(path)
