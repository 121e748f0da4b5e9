"""`rerank train`: the project's own networks, from drawn cities or any dataset, and their publication."""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from data.errors import SettingsError
from networks.settings import parse_assignments

app = typer.Typer(help="Train networks of one's own, and publish their weights.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="Where the training is kept; a stopped one goes on.")]
Sources = Annotated[
    list[str] | None,
    typer.Option("--dataset", help="What to learn from: a folder, table or name; may be given again."),
]
Validation = Annotated[str | None, typer.Option(help="A dataset that is held out, to measure on.")]
DrawCities = Annotated[
    int | None, typer.Option(min=1, help="Draw so many cities instead, and one more to measure on.")
]
Seed = Annotated[int, typer.Option(min=1, help="Of the first drawn city; the next ones count up.")]
Cities = Annotated[Path, typer.Option(help="Where drawn cities are kept.")]
Preset = Annotated[str | None, typer.Option(help='"small": the settings of the weights that come with it.')]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="SETTING=VALUE, such as epochs=5; may be given again.")
]
Weights = Annotated[Path | None, typer.Option(exists=True, help="A file of weights to begin with.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, or auto: a GPU where there is one.")]
Workers = Annotated[int, typer.Option(min=1, help="Threads that prepare photos.")]
CITIES = Path("datasets/training")


@app.command()
def cosplace(
    folder: Folder,
    dataset: Sources = None,
    validation: Validation = None,
    queries_folder: Annotated[
        list[str] | None, typer.Option(help="Query folder to measure on; default all; may be given again.")
    ] = None,
    draw_cities: DrawCities = None,
    seed: Seed = 11,
    cities: Cities = CITIES,
    preset: Preset = None,
    settings: Settings = None,
    weights: Weights = None,
    device: Device = "auto",
    workers: Workers = 2,
) -> None:
    """Train a CosPlace retriever: places are classes; R@1 on held-out queries after each epoch."""
    chosen: dict[str, Any] = {"preset": preset, "weights": weights, "device": device, "workers": workers}
    chosen["query_folders"] = tuple(queries_folder or ())
    _train("cosplace", folder, dataset, validation, (draw_cities, seed, cities), settings, chosen)


@app.command()
def superpoint(
    folder: Folder,
    dataset: Sources = None,
    validation: Validation = None,
    draw_cities: DrawCities = None,
    seed: Seed = 11,
    cities: Cities = CITIES,
    preset: Preset = None,
    settings: Settings = None,
    weights: Weights = None,
    device: Device = "auto",
    workers: Workers = 2,
) -> None:
    """Train a SuperPoint extractor on drawn cities, whose corners are known."""
    chosen = {"preset": preset, "weights": weights, "device": device, "workers": workers}
    _train("superpoint", folder, dataset, validation, (draw_cities, seed, cities), settings, chosen)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="A training.")],
    path: Annotated[Path, typer.Argument(help="The .safetensors file to write, with its card beside it.")],
    scores: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="JSON file of figures for the card.")
    ] = None,
) -> None:
    """Publish the best weights of a training as float16 safetensors, with a card."""
    from rerank.training import export as export_training  # torch is not needed for --help

    figures = {} if scores is None else json.loads(scores.read_text(encoding="utf-8"))
    export_training(folder, path, figures)
    typer.echo(path)


def _train(
    method: str,
    folder: Path,
    sources: list[str] | None,
    validation: str | None,
    drawn: tuple[int | None, int, Path],
    settings: list[str] | None,
    chosen: dict[str, Any],
) -> None:
    """Train on what is given, or on cities that are drawn for it."""
    from rerank.training import Plan, draw_training_cities, run_training

    count, seed, cities = drawn
    if (count is None) == (not sources):
        raise SettingsError("say what to learn from: either --dataset and --validation, or --draw-cities N")
    learned_from = tuple(sources or ())
    if count is not None:
        learned_from, validation = draw_training_cities(cities, count, seed)
    if validation is None:
        raise SettingsError("--validation is missing: a dataset that is not learned from, to measure on")
    plan = Plan(method, learned_from, validation, settings=parse_assignments(settings or []), **chosen)
    outcome = run_training(plan, folder, shlex.join(["rerank", *sys.argv[1:]]))
    typer.echo(json.dumps({"steps": outcome.steps, "seconds": outcome.seconds, **outcome.best}))
