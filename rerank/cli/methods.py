"""`rerank methods`: every retriever, extractor and matcher, and what each needs."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from data.files import write_text

MEASURED = Path("results/benchmarks/features.json")  # by benchmarks/features.py, in the repository


def methods(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, every field, for machines.")] = False,
    page: Annotated[Path | None, typer.Option(help="Write docs/methods.md, or another such file.")] = None,
) -> None:
    """List every method: settings, pairs that fit, weights, licence, and whether the weights are here."""
    from rerank.catalogue import describe_all  # here, so that --help does not wait for torch

    if page is not None:
        _write_page(page)
        return
    described = describe_all()
    if as_json:
        typer.echo(json.dumps(described, indent=2))
        return
    console = Console()
    for kind, found in described.items():
        console.print(f"\n[bold]{kind}s[/bold]")
        for method in found:
            console.print(_table(method), highlight=False)


def _write_page(page: Path) -> None:
    from rerank.methods_page import methods_page

    measured = json.loads(MEASURED.read_text(encoding="utf-8"))["extractors"] if MEASURED.exists() else {}
    write_text(page, methods_page(measured))


def _table(method: dict[str, Any]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 2))
    extra = " (beyond the published benchmark)" if method["beyond_benchmark"] else ""
    table.add_row(f"[bold]{method['name']}[/bold]", method["summary"] + extra)
    if method["goes_with"]:
        table.add_row("", f"goes with: {', '.join(method['goes_with'])}")
    settings = ", ".join(f"{name}={value}" for name, value in method["settings"].items())
    table.add_row("", f"settings: {settings or 'none'}")
    table.add_row("", f"licence: {method['licence']}")
    if weights := method["weights"]:
        here = "here" if weights["present"] else "not here; fetched when first needed"
        table.add_row("", f"weights: {weights['file']} ({here}); {weights['licence']}")
    table.add_row("", f"source: {method['source']}")
    return table
