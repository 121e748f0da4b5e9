"""`rerank index-sweep`: recall, time and memory of kinds of index on a file of descriptors."""

import logging
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from rerank.cli.printing import wide_console

log = logging.getLogger(__name__)

Descriptors = Annotated[
    Path,
    typer.Argument(
        help="Descriptors of a database: a folder of shards, as in caches/, an .npy, or an .h5 file."
    ),
]
Queries = Annotated[
    Path | None,
    typer.Option(help="Descriptors of queries, likewise; by default rows drawn from the database."),
]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        help="A kind, with / between values to try, such as ivf:lists=1024,nprobe=1/4/16; may be given "
        "again. By default all kinds, with sizes that suit the database."
    ),
]


def index_sweep(
    descriptors: Descriptors,
    queries: Queries = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")] = Path("indexes"),
    index: Kinds = None,
    held_out: Annotated[
        int, typer.Option(min=1, help="Rows drawn as queries where none are given; left out of the database.")
    ] = 1000,
    top_k: Annotated[int, typer.Option(min=1, help="Neighbours searched for.")] = 100,
    seed: Annotated[int, typer.Option(help="Draws the rows.")] = 0,
) -> None:
    """Measure kinds of index on descriptors: recall against the exact search, time, memory, build time.

    Results are written as they come, as CSV, JSON, and a plot. Threads are as $OMP_NUM_THREADS says.
    """
    from rerank.index_files import row_of, write_sweep  # here, so that --help does not wait for FAISS
    from rerank.plots import index_trade_off, save
    from rerank.provenance import current_environment
    from retrieval.descriptor_files import DescriptorFile, check_lengths
    from retrieval.index_sweep import expand, sweep_indexes, usual_choices

    if queries is None:
        database, wanted = DescriptorFile(descriptors).hold_out(held_out, seed)
    else:
        database, wanted = DescriptorFile(descriptors), DescriptorFile(queries).read()
        check_lengths(database, wanted, queries)
    size = (len(database), database.dimension)
    choices = [one for text in index for one in expand(text)] if index else usual_choices(*size)
    environment = current_environment()
    about = {"rows": size[0], "dimension": size[1], "queries": len(wanted), "top_k": top_k}
    about |= {name: getattr(environment, name) for name in ("cpu", "threads", "versions")}
    measured = []
    for one in sweep_indexes(database, wanted, choices, top_k):
        measured.append(one)
        log.info("%d of %d: %s", len(measured), len(choices) + 1, row_of(one))
        files = write_sweep(output, measured, about)
    wide_console().print(_table([row_of(one) for one in measured]))
    plot = index_trade_off(measured, n=max(measured[0].recalls), title=_title(about))
    for path in [*files, *save(plot, output / "index_sweep")]:
        typer.echo(path)


def _title(about: dict[str, Any]) -> str:
    threads = "1 thread" if about["threads"] == 1 else f"{about['threads']} threads"
    return f"{about['rows']:,} rows of {about['dimension']}, {about['queries']:,} queries, {threads}"


def _table(rows: list[dict[str, object]]) -> Table:
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    return table
