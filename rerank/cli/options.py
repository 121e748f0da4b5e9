"""Options that several commands share."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

DATASET_HELP = "A folder, a .csv or .parquet table, or a named dataset (`rerank data list`)."

DatasetArgument = Annotated[str, typer.Argument(help=DATASET_HELP)]
DatabaseFolder = Annotated[str | None, typer.Option(help="Database folder; default database or gallery.")]
Threshold = Annotated[float, typer.Option(min=0.0, help="Metres within which a photo shows the place.")]
Exif = Annotated[bool, typer.Option("--exif/--no-exif", help="Turn photos as their EXIF orientation says.")]
RunFolders = Annotated[
    list[Path], typer.Argument(help="Run folders, DATASET/METHOD, or folders that hold some.")
]
Preset = Annotated[
    str | None,
    typer.Option(
        help='Published settings: "thesis" is the ten rows of the benchmark, or those given as pairs.'
    ),
]
MethodSettings = Annotated[
    list[str] | None,
    typer.Option("--set", help="METHOD.SETTING=VALUE, such as r2d2.max_keypoints=500; repeatable."),
]
Weights = Annotated[
    list[str] | None,
    typer.Option(
        help="A folder of checkpoints, a file, or METHOD=FILE; may be given again. "
        '"seeded" makes weights up, to try methods out: results mean nothing.'
    ),
]
Device = Annotated[
    str | None, typer.Option(help="cpu, cuda, or auto: a GPU where there is one; the default.")
]

# Of every command that computes, by the names of `Configuration`; None is "not given".
COMPUTING: dict[str, Any] = {
    "queries_folders": Annotated[
        list[str] | None,
        typer.Option("--queries-folder", help="Query folder beside the database; may be given again."),
    ],
    "database_folder": DatabaseFolder,
    "candidates": Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A candidate cache to use instead of retrieving."),
    ],
    "retriever": Annotated[
        str | None, typer.Option(help="Default vlad, which needs no weights; see `rerank methods`.")
    ],
    "index": Annotated[
        str | None,
        typer.Option(
            help="How descriptors are searched: exact, the default, or ivf, pq, ivfpq, imi, hnsw, pqfs, "
            "ivfpqfs, with settings as in ivfpq:lists=4096,nprobe=32,refine=4; see `rerank index-sweep`."
        ),
    ],
    "descriptors": Annotated[
        str | None, typer.Option(help="Stored as float32, the default, or float16: half the disk.")
    ],
    "settings": MethodSettings,
    "weights": Weights,
    "license_policy": Annotated[
        str | None, typer.Option(help='"permissive" refuses weights that are not free for every use.')
    ],
    "candidates_per_query": Annotated[
        int | None,
        typer.Option("--candidates-per-query", "-k", min=1, help="Candidates re-ranked; default 100."),
    ],
    "threshold_m": Annotated[
        float | None,
        typer.Option(min=0.0, help="Metres within which a photo shows the place; default 25."),
    ],
    "adaptive": Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Stop early, by a rule learned on the finished runs of the same methods in this folder, on "
            "other queries; off by default.",
        ),
    ],
    "tolerated_points": Annotated[
        float | None,
        typer.Option(
            "--tolerate", min=0.0, max=100.0, help="For --adaptive: R@1 that may be lost; default 1."
        ),
    ],
    "cache_limit": Annotated[
        str | None,
        typer.Option(
            help="Keep at most so much of an extractor's features, such as 20GB, where all do not fit: "
            "queries are taken by place, photos extracted again when wanted again. Default: all are kept."
        ),
    ],
    "exif": Annotated[
        bool | None,
        typer.Option("--exif/--no-exif", help="Turn photos as their EXIF orientation says; the default."),
    ],
    "device": Device,
    "precision": Annotated[
        str | None,
        typer.Option(
            help="float32 (default), bf16 or fp16; followed by -compiled, as in float32-compiled, the "
            "extractor's network goes through torch.compile."
        ),
    ],
    "batch_size": Annotated[int | None, typer.Option(min=1, help="Photos per network call.")],
    "workers": Annotated[int | None, typer.Option(min=1, help="Decoding threads; default 2.")],
    "results": Annotated[Path | None, typer.Option(help="Where results go; default results/.")],
    "caches": Annotated[Path | None, typer.Option(help="Where features are kept; default caches/.")],
    "config": Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="TOML file of options; the command line wins."),
    ],
}


def sharing(
    options: Mapping[str, Any], **defaults: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that gives a command, beside its own options, `options`, which it takes as keywords.

    options: name -> annotated type. defaults: of those that have one; the others are None where not given.
    """

    def share(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command).parameters.values()
        parameters = [one for one in own if one.kind is not inspect.Parameter.VAR_KEYWORD]
        parameters += [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=defaults.get(name), annotation=kind
            )
            for name, kind in options.items()
        ]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {one.name: one.annotation for one in parameters}
        return command

    return share


computing = sharing(COMPUTING)
