"""`rerank methods`: every retriever, extractor and matcher, and what each needs."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from matchers import fits
from networks.checkpoint_table import CHECKPOINTS
from networks.settings import settings_dict
from networks.weights_admin import status
from rerank.methods import REGISTRIES, specs_of


def methods(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, every field, for machines.")] = False,
) -> None:
    """List every method: settings, pairs that fit, weights, licence, and whether the weights are here."""
    described = {kind: [describe(kind, name) for name in REGISTRIES[kind].names()] for kind in REGISTRIES}
    if as_json:
        typer.echo(json.dumps(described, indent=2))
        return
    console = Console()
    for kind, found in described.items():
        console.print(f"\n[bold]{kind}s[/bold]")
        for method in found:
            console.print(_table(method), highlight=False)


def describe(kind: str, name: str) -> dict[str, Any]:
    """Return what is known of a method as a JSON-able mapping."""
    method = REGISTRIES[kind].load(name)
    settings = method.Settings()
    file = method.checkpoint(settings)
    return {
        "name": name,
        "summary": method.spec.summary,
        "source": method.spec.source,
        "licence": method.spec.licence,
        "settings": settings_dict(settings),
        "weights": _weights(file) if file else None,
        "goes_with": _partners(kind, method.spec),
    }


def _weights(file: str) -> dict[str, Any]:
    listed = CHECKPOINTS.get(file)
    return {
        "file": file,
        "licence": listed.licence if listed else "unknown",
        "permissive": bool(listed and listed.permissive),
        "present": status(file).present,
    }


def _partners(kind: str, spec: Any) -> list[str]:
    if kind == "extractor":
        return [other.name for other in specs_of("matcher") if fits(spec, other)]
    if kind == "matcher":
        return [other.name for other in specs_of("extractor") if fits(other, spec)]
    return []


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
