"""Assembling the command line, and turning the project's errors into messages."""

import logging
import sys
from collections.abc import Callable

import typer

from data.errors import RerankError
from rerank.cli import curate, data, index_sweep, methods, plot, report, results, run, show, train, weights

REFUSED = 2  # exit code; 1 is for work that was done but for some photos

app = typer.Typer(
    name="rerank",
    help="Evaluate re-ranking for visual place recognition: recall, statistics and latency.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(curate.app, name="curate")
app.add_typer(data.app, name="data")
app.add_typer(show.app, name="show")
app.add_typer(train.app, name="train")
app.add_typer(weights.app, name="weights")
app.command(name="demo")(run.demo)
app.command(name="retrieve")(run.retrieve)
app.command(name="benchmark")(run.benchmark)
app.command(name="evaluate")(results.evaluate)
app.command(name="compare")(results.compare)
app.command(name="table")(results.table)
app.command(name="sweep")(results.sweep)
app.command(name="plot")(plot.plot)
app.command(name="index-sweep")(index_sweep.index_sweep)
app.command(name="report")(report.report)
app.command(name="methods")(methods.methods)


_single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
_single.command()(run.one_pair)


@app.callback()
def _options(
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Log warnings and errors alone."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Log every step."),
) -> None:
    _log_at(logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO)


def run_one() -> None:
    """Run `run_rerank.py`: one extractor and one matcher on one dataset."""
    main(_single)


def main(command: Callable[[], object] = app) -> None:
    """Run a command line; an error made on purpose ends it with its message and code 2."""
    _log_at(logging.INFO)
    try:
        command()
    except RerankError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        sys.exit(REFUSED)
    except KeyboardInterrupt:
        typer.secho("stopped; the same command continues where this one ended", err=True)
        sys.exit(130)


def _log_at(level: int) -> None:
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr, force=True)
    for noisy in ("matplotlib", "PIL", "h5py", "faiss"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
