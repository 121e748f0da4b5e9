"""`rerank train`: the project's own networks, from drawn cities or any dataset, and their publication."""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from data.errors import SettingsError
from networks.settings import parse_assignments
from rerank.cli.options import sharing

app = typer.Typer(help="Train networks of one's own, and publish their weights.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="Where the training is kept; a stopped one goes on.")]
CITIES = Path("datasets/training")

# Of every training.
TRAINING: dict[str, Any] = {
    "dataset": Annotated[
        list[str] | None,
        typer.Option(help="What to learn from: a folder, table or name; may be given again."),
    ],
    "validation": Annotated[str | None, typer.Option(help="A dataset that is held out, to measure on.")],
    "draw_cities": Annotated[
        int | None, typer.Option(min=1, help="Draw so many cities instead, and one more to measure on.")
    ],
    "seed": Annotated[int, typer.Option(min=1, help="Of the first drawn city; the next ones count up.")],
    "cities": Annotated[Path, typer.Option(help="Where drawn cities are kept.")],
    "preset": Annotated[
        str | None, typer.Option(help='"small": the settings of the weights that come with it.')
    ],
    "settings": Annotated[
        list[str] | None, typer.Option("--set", help="SETTING=VALUE, such as epochs=5; may be given again.")
    ],
    "weights": Annotated[Path | None, typer.Option(exists=True, help="A file of weights to begin with.")],
    "device": Annotated[str, typer.Option(help="cpu, cuda, or auto: a GPU where there is one.")],
    "workers": Annotated[int, typer.Option(min=1, help="Threads that prepare photos.")],
}
training = sharing(TRAINING, seed=11, cities=CITIES, device="auto", workers=2)


@app.command()
@training
def cosplace(
    folder: Folder,
    queries_folder: Annotated[
        list[str] | None, typer.Option(help="Query folder to measure on; default all; may be given again.")
    ] = None,
    **shared: Any,
) -> None:
    """Train a CosPlace retriever: places are classes; R@1 on held-out queries after each epoch."""
    _train("cosplace", folder, query_folders=tuple(queries_folder or ()), **shared)


@app.command()
@training
def superpoint(folder: Folder, **shared: Any) -> None:
    """Train a SuperPoint extractor on drawn cities, whose corners are known."""
    _train("superpoint", folder, **shared)


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
    dataset: list[str] | None,
    validation: str | None,
    draw_cities: int | None,
    seed: int,
    cities: Path,
    settings: list[str] | None,
    **chosen: Any,
) -> None:
    """Train on what is given, or on cities that are drawn for it."""
    from rerank.training import Plan, draw_training_cities, run_training

    if (draw_cities is None) == (not dataset):
        raise SettingsError("say what to learn from: either --dataset and --validation, or --draw-cities N")
    learned_from = tuple(dataset or ())
    if draw_cities is not None:
        learned_from, validation = draw_training_cities(cities, draw_cities, seed)
    if validation is None:
        raise SettingsError("--validation is missing: a dataset that is not learned from, to measure on")
    plan = Plan(method, learned_from, validation, settings=parse_assignments(settings or []), **chosen)
    outcome = run_training(plan, folder, shlex.join(["rerank", *sys.argv[1:]]))
    typer.echo(json.dumps({"steps": outcome.steps, "seconds": outcome.seconds, **outcome.best}))
