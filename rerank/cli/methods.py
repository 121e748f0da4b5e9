"""`rerank methods`: every retriever, extractor and matcher, and what each needs."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table


def methods(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, every field, for machines.")] = False,
) -> None:
    """List every method: settings, pairs that fit, weights, licence, and whether the weights are here."""
    from rerank.catalogue import describe_all  # here, so that --help does not wait for torch

    described = describe_all()
    if as_json:
        typer.echo(json.dumps(described, indent=2))
        return
    console = Console()
    for kind, found in described.items():
        console.print(f"\n[bold]{kind}s[/bold]")
        for method in found:
            console.print(_table(method), highlight=False)


def _table(method: dict[str, Any]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 2))
    table.add_row(f"[bold]{method['name']}[/bold]", method["summary"])
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
