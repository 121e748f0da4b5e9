"""`rerank weights`: which published checkpoints there are, where they lie; fetch, check, convert them."""

import importlib
import json
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from data.errors import RerankError, SettingsError
from networks.checkpoints import find_checkpoint
from networks.settings import nearest
from networks.weights_admin import Status, Verdict, list_checkpoints, status, verify
from networks.weights_policy import current_policy, using_policy

_PIPED_WIDTH = 240  # so that nothing is cut where no terminal sets the width

# method -> what converts its published files: called with the source and the output, or None
CONVERTERS = {"delg": "extractors.delg_weights:convert_delg"}

app = typer.Typer(help="List, fetch, check and convert published weights.", no_args_is_help=True)


@app.command(name="list")
def list_weights(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, every field, for machines.")] = False,
) -> None:
    """List every published checkpoint: licence, size, and whether it is here."""
    statuses = list_checkpoints()
    if as_json:
        typer.echo(json.dumps([_as_dict(item) for item in statuses], indent=2))
        return
    console = Console()
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    for licence, group in groupby(statuses, key=_licence):
        console.print(licence, style="bold", highlight=False)
        console.print(_table(list(group)))
    typer.echo(f"Weights folder: {current_policy().folder}")


@app.command()
def fetch(
    names: Annotated[list[str], typer.Argument(help="File names, as `rerank weights list` gives them.")],
    license_policy: Annotated[
        str | None, typer.Option(help='"permissive" refuses weights that are not free for every use.')
    ] = None,
) -> None:
    """Download checkpoints that are not here yet, and print where each lies."""
    policy = current_policy()
    if license_policy is not None:
        policy = replace(policy, license_policy=license_policy)
    failed = False
    with using_policy(policy):
        for name in names:
            try:
                typer.echo(find_checkpoint(status(name).checkpoint.file))
            except RerankError as error:  # named, and the rest go on
                typer.echo(f"error: {error}", err=True)
                failed = True
    if failed:
        raise typer.Exit(1)


@app.command(name="verify")
def verify_weights(
    names: Annotated[list[str] | None, typer.Argument(help="File names; none for all that are here.")] = None,
) -> None:
    """Hold files to their published size and digests; ends with 1 if any is missing or wrong."""
    failed = False
    for name in names or [item.checkpoint.file for item in list_checkpoints() if item.present]:
        try:
            verdict = verify(name)
        except RerankError as error:
            typer.echo(f"error: {error}", err=True)
            failed = True
            continue
        typer.echo(f"{_in_words(verdict)}  {verdict.path}  sha256 {verdict.sha256}")
        failed |= verdict.fault is not None
    if failed:
        raise typer.Exit(1)


@app.command()
def where(name: Annotated[str, typer.Argument(help="File name.")]) -> None:
    """Print the path where a checkpoint lies or belongs; ends with 1 if it is not there."""
    found = status(name)
    typer.echo(found.path)
    if not found.present:
        raise typer.Exit(1)


@app.command()
def convert(
    method: Annotated[str, typer.Argument(help=f"One of: {', '.join(CONVERTERS)}.")],
    path: Annotated[Path, typer.Argument(help="What was published: a file, a folder or an archive.")],
    output: Annotated[
        Path | None, typer.Option(help="Default: a file of that name in the weights folder.")
    ] = None,
) -> None:
    """Convert weights of another framework to safetensors, with their provenance; print where they lie."""
    if method not in CONVERTERS:
        raise SettingsError(f"no conversion is known for {method!r}{nearest(method, CONVERTERS)}")
    module, _, function = CONVERTERS[method].partition(":")
    written = getattr(importlib.import_module(module), function)(path, output)
    typer.echo(written)


def _licence(item: Status) -> str:
    checkpoint = item.checkpoint
    return f"{checkpoint.licence}: {'permissive' if checkpoint.permissive else 'not permissive'}"


def _table(items: list[Status]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in ("file", "here", "MB"):
        table.add_column(no_wrap=True)
    table.add_column()  # the purpose, which a narrow terminal wraps
    for item in items:
        checkpoint = item.checkpoint
        fetchable = bool(checkpoint.parts) or current_policy().address_of(checkpoint) is not None
        size = item.path.stat().st_size if item.present else checkpoint.size_bytes
        table.add_row(
            f"  {checkpoint.file}",
            "here" if item.present else "to fetch" if fetchable else "by hand",
            "" if size is None else f"{size / 1e6:.1f} MB",
            checkpoint.purpose,
        )
    return table


def _as_dict(item: Status) -> dict[str, object]:
    return asdict(item.checkpoint) | {
        "permissive": item.checkpoint.permissive,
        "path": str(item.path),
        "present": item.present,
    }


def _in_words(verdict: Verdict) -> str:
    if verdict.fault is not None:
        return f"wrong: {verdict.fault}"
    return "good" if verdict.proven else "unproven (no digest is published)"
