"""`rerank evaluate`, `compare`, `table` and `sweep`: reading what was computed, computing nothing."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from data.errors import ResultError
from networks.settings import settings_dict
from rerank import compare as comparing
from rerank.adaptive_sweep import TOLERATED_POINTS, Saving, sweep_adaptive
from rerank.cli.options import RunFolders, Threshold
from rerank.cli.printing import print_tables, wide_console
from rerank.metrics import first_hits
from rerank.recall import recall_report
from rerank.results import RunFolder, find_runs
from rerank.run import Run
from rerank.statistics import Interval
from rerank.sweeps import SWEEP_NS, Sweep, sweep_candidates, sweep_fusion, sweep_thresholds
from retrieval.candidates import labels_from_names, read_candidates

ADAPTIVE = "adaptive"


def evaluate(
    cache: Annotated[Path, typer.Argument(help="A candidate cache, candidates.h5.")],
    threshold_m: Threshold = 25.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
) -> None:
    """Print the recall of a candidate cache, from the positions in its file names alone."""
    candidates = read_candidates(cache)
    labels = labels_from_names(candidates, threshold_m)
    report = recall_report(first_hits(labels), labels.shape[1], seed=seed)
    if as_json:
        typer.echo(json.dumps(report, indent=2))
        return
    for name, recall in report.items():
        if isinstance(recall, dict):
            typer.echo("{:<6} {value:6.2f}  [{low:.2f}, {high:.2f}]".format(name, **recall))
    typer.echo(
        f"{report['queries']} queries, {report['queries_without_positives']} without a photo within "
        f"{threshold_m:g} m among their {labels.shape[1]} candidates; 95 % bootstrap intervals"
    )


def compare(
    run_a: Annotated[Path, typer.Argument(help="A run's folder, DATASET/METHOD.")],
    run_b: Annotated[Path, typer.Argument(help="Another, on the same queries.")],
    n: Annotated[list[int] | None, typer.Option("-n", min=1, help="The N of R@N; default 1, 5, 10.")] = None,
    threshold_m: Annotated[float | None, typer.Option(min=0.0, help="Metres; default as measured.")] = None,
    picture: Annotated[
        Path | None,
        typer.Option(help="Plot the queries won and lost here, .png, .svg or .pdf; at the first -n."),
    ] = None,
) -> None:
    """Say which of two runs is better, by McNemar's exact test and the paired bootstrap."""
    a, b = RunFolder(run_a).read(), RunFolder(run_b).read()
    comparisons = [comparing.compare(a, b, count, threshold_m) for count in n or SWEEP_NS]
    for comparison in comparisons:
        typer.echo(comparison.sentence())
    for note in comparisons[0].notes:
        typer.echo(f"note: {note}")
    if picture is not None:
        from rerank.plots import save_as, won_lost  # here, so that --help does not wait for matplotlib

        for path in save_as(won_lost(a, b, n=comparisons[0].n, threshold_m=threshold_m), picture):
            typer.echo(path)


def table(
    runs: RunFolders,
    form: Annotated[str, typer.Option("--format", help="terminal, markdown, csv or latex.")] = "terminal",
) -> None:
    """Print the table of finished runs."""
    print_tables(read_runs(runs), form)


def sweep(
    runs: RunFolders,
    over: Annotated[
        str,
        typer.Option(
            help="candidates, threshold, fusion: the retriever's share in the scores, or adaptive: the loss "
            "tolerated by a rule that stops early."
        ),
    ] = "candidates",
    tolerate: Annotated[
        list[float] | None,
        typer.Option(min=0.0, max=100.0, help="For adaptive: points of R@1; repeatable. Default 1, 2, 3, 5."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Print recall against candidates re-ranked, the threshold, fusion, or a loss tolerated for speed."""
    if over == ADAPTIVE:
        _sweep_adaptive(runs, tolerate or TOLERATED_POINTS, as_json)
        return
    swept = {f"{run.identity.dataset} {run.name}": _swept(run, over) for run in read_runs(runs)}
    if as_json:
        typer.echo(json.dumps({name: _as_dict(found) for name, found in swept.items()}, indent=2))
        return
    for name, found in swept.items():
        wide_console().print(_table(name, over, found))


def read_runs(paths: list[Path]) -> list[Run]:
    """Read every finished run in or below the given folders; raises ResultError when there is none."""
    folders = [folder for path in paths for folder in find_runs(path)]
    if not folders:
        raise ResultError(f"no finished run below {', '.join(map(str, paths))}; run `rerank benchmark` first")
    return [folder.read() for folder in folders]


def _swept(run: Run, over: str) -> Sweep:
    if over == "candidates":
        return sweep_candidates(run)
    if over == "threshold":
        return sweep_thresholds(run)
    if over == "fusion":
        return sweep_fusion(run)
    raise ResultError(f"--over takes candidates, threshold, fusion or {ADAPTIVE}, found {over!r}")


def _sweep_adaptive(runs: list[Path], tolerated: Sequence[float], as_json: bool) -> None:
    """Print what stopping early saves and loses, for every run that re-ranks."""
    swept = {
        f"{run.identity.dataset} {run.name}": sweep_adaptive(run, tolerated)
        for run in read_runs(runs)
        if run.identity.method.reranks
    }
    if as_json:
        told = {name: [settings_dict(saving) for saving in found] for name, found in swept.items()}
        typer.echo(json.dumps(told, indent=2))
        return
    for name, found in swept.items():
        wide_console().print(_saving_table(name, found))
    typer.echo("each query by a rule learned on other queries of the run; 95 % bootstrap intervals")


def _saving_table(title: str, found: Sequence[Saving]) -> Table:
    heads = ("tolerated", "candidates", "given up", *(f"R@{n}" for n in SWEEP_NS))
    shown = Table(*heads, "R@1 lost", "cold seconds saved", "warm seconds saved", title=title)
    for saving in found:
        shown.add_row(
            f"{saving.tolerated_points:g}",
            f"{saving.candidates:.1f}",
            f"{saving.given_up_percent:.0f} %",
            *(_written(saving.recalls[n]) for n in SWEEP_NS),
            _written(saving.lost),
            _written(saving.cold_saved, " %"),
            _written(saving.warm_saved, " %"),
        )
    return shown


def _written(interval: Interval | None, unit: str = "") -> str:
    if interval is None:
        return "not measured"
    return f"{interval.value:.1f}{unit} [{interval.low:.1f}, {interval.high:.1f}]"


def _as_dict(swept: Sweep) -> list[dict[str, float]]:
    return [
        {"step": float(step)} | {f"R@{n}": float(value) for n, value in zip(swept.ns, values, strict=True)}
        for step, values in zip(swept.steps, swept.value, strict=True)
    ]


def _table(title: str, over: str, swept: Sweep) -> Table:
    shown = Table(over, *(f"R@{n}" for n in swept.ns), title=title)
    for number, step in enumerate(swept.steps):
        cells = zip(swept.value[number], swept.low[number], swept.high[number], strict=True)
        shown.add_row(f"{step:g}", *(f"{value:.1f} [{low:.1f}, {high:.1f}]" for value, low, high in cells))
    return shown
