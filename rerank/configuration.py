"""What a run is asked to do: strict, frozen, printed at the start and saved beside its results."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.errors import SettingsError
from networks.settings import make_settings, settings_dict
from rerank.presets import PairSettings, find_preset
from rerank.space import parse_bytes
from retrieval.index_kinds import EXACT, parse_kind


@dataclass(frozen=True)
class Configuration:
    """One benchmark: datasets, a retriever, pairs of extractor and matcher, and how to run them.

    dataset: a named dataset, a folder, or a .csv or .parquet table. queries_folders: query folders
    to run one after another; empty for the only one. candidates: a candidate cache to re-rank
    instead of retrieving. retriever: registry name. index: how its descriptors are searched, a kind of
    `retrieval.index_kinds`. descriptors: the number format that they are stored in, float32 or float16.
    pairs: "EXTRACTOR+MATCHER" texts.
    settings: method name -> its settings. pair_settings: pair -> method -> settings in that pair alone,
    over which `settings` win. weights: folders to look for checkpoints in, METHOD=FILE, and "seeded" or
    METHOD=seeded for made-up weights.
    candidates_per_query: how many of the retriever's candidates are re-ranked. threshold_m: metres
    within which a photo shows the right place. adaptive: a folder of finished runs on other queries, which
    teach a rule that stops early. tolerated_points: of R@1 that it may lose. cache_limit: how much of an
    extractor's features of a database is kept, as "20GB"; all where none is given. exif: apply EXIF
    orientation. device: "auto" takes a GPU when there is one. precision: as `Registry.build` takes it.
    batch_size: photos per network call; 0 means 1 on a CPU, 8 on a GPU. workers: decoding threads. results,
    caches: folders.
    """

    dataset: str
    pairs: tuple[str, ...] = ()
    queries_folders: tuple[str, ...] = ()
    database_folder: str | None = None
    candidates: Path | None = None
    retriever: str = "vlad"
    index: str = EXACT
    descriptors: str = "float32"
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    pair_settings: PairSettings = field(default_factory=dict)
    weights: tuple[str, ...] = ()
    candidates_per_query: int = 100
    threshold_m: float = 25.0
    adaptive: Path | None = None
    tolerated_points: float = 1.0
    cache_limit: str | None = None
    exif: bool = True
    device: str = "auto"
    precision: str = "float32"
    batch_size: int = 0
    workers: int = 2
    results: Path = Path("results")
    caches: Path = Path("caches")

    def __post_init__(self) -> None:
        for name in ("candidates_per_query", "threshold_m", "workers"):
            if getattr(self, name) <= 0:
                raise SettingsError(f"{name} must be above 0, found {getattr(self, name)}")
        if self.batch_size < 0:
            raise SettingsError(f"batch_size must be 0 (automatic) or more, found {self.batch_size}")
        parse_kind(self.index)
        if self.cache_limit_bytes is not None and self.adaptive is not None:
            raise SettingsError("--adaptive takes all queries together and cannot keep to a --cache-limit")

    @property
    def cache_limit_bytes(self) -> int | None:
        """The limit of an extractor's features, None without one; raises SettingsError for other forms."""
        return None if self.cache_limit is None else parse_bytes(self.cache_limit)

    def split_pairs(self) -> list[tuple[str, str]]:
        """Return the (extractor, matcher) names of every pair; raises SettingsError for other forms."""
        return [split_pair(text) for text in self.pairs]

    def as_dict(self) -> dict[str, Any]:
        """Return the configuration as a JSON-able mapping."""
        return settings_dict(self)


def split_pair(text: str) -> tuple[str, str]:
    """Split "EXTRACTOR+MATCHER"; raises SettingsError for other forms."""
    extractor, plus, matcher = text.partition("+")
    if not plus or not extractor or not matcher or "+" in matcher:
        raise SettingsError(f"a pair is written EXTRACTOR+MATCHER, such as rootsift+ransac; found {text!r}")
    return extractor, matcher


def make_configuration(given: Mapping[str, Any], file: Path | None = None) -> Configuration:
    """Build a configuration from a TOML file and what was given beside it, which wins.

    given: values by name, None for "not given"; "preset" stands for its retriever, and for its pairs or
    those of them that "pairs" chooses. Raises SettingsError for unknown or impossible values.
    """
    values = _read_toml(file) if file is not None else {}
    values |= {name: value for name, value in given.items() if value not in (None, [], {})}
    if "preset" in values:
        values = _with_preset(values)
    if "dataset" not in values:
        raise SettingsError("no dataset: give --dataset with a folder, a table or a named dataset")
    return make_settings(Configuration, values, owner=str(file) if file else "this command")


def _with_preset(values: dict[str, Any]) -> dict[str, Any]:
    """Replace "preset" by what it stands for; a retriever and settings that were given win over its own."""
    preset = find_preset(values.pop("preset"), values.get("pairs"))
    values |= {"pairs": list(preset.pairs), "pair_settings": preset.pairs}
    retriever = values.setdefault("retriever", preset.retriever) if preset.retriever else None
    if retriever is not None and retriever == preset.retriever:
        given = values.get("settings", {})
        own = {**preset.retriever_settings, **given.get(retriever, {})}
        values["settings"] = {**given, retriever: own}
    return values


def split_settings(assigned: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Turn {"rootsift.max_keypoints": 500} into {"rootsift": {"max_keypoints": 500}}."""
    settings: dict[str, dict[str, Any]] = {}
    for key, value in assigned.items():
        method, dot, name = key.partition(".")
        if not dot:
            raise SettingsError(
                f"--set takes METHOD.SETTING=VALUE, such as rootsift.max_keypoints=500; found {key!r}"
            )
        settings.setdefault(method, {})[name] = value
    return settings


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file} is not a readable TOML file: {error}") from error
