"""Building the methods that a configuration names, and telling what methods there are."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import extractors
import matchers
import retrieval
from data.errors import SettingsError, WeightsError
from extractors import ExtractorSpec
from matchers import MatcherSpec
from networks.checkpoints import find_checkpoint
from networks.compiling import check_compiler
from networks.registry import COMPILED, SEEDED, Registry
from networks.settings import knows, make_settings, nearest
from rerank.configuration import Configuration, split_pair

log = logging.getLogger(__name__)

REGISTRIES: dict[str, Registry] = {
    "retriever": retrieval.registry,
    "extractor": extractors.registry,
    "matcher": matchers.registry,
}


@dataclass(frozen=True)
class Builder:
    """Builds methods by name with a configuration's settings, weights, device and precision."""

    configuration: Configuration

    def __post_init__(self) -> None:
        known = {name for registry in REGISTRIES.values() for name in registry.names()}
        for name in self.configuration.settings:
            if name not in known:
                raise SettingsError(f"--set names no method: {name!r}{nearest(name, known)}")
        for text in self.configuration.weights:
            _check_weights(text, known)

    def settings_of(self, kind: str, name: str, pair: str = "") -> dict[str, Any]:
        """Return the settings given for a method as a part of `pair`, or for itself alone.

        Where an extractor and a matcher share a name, a setting that only the other one has is left to it.
        """
        of_pair = self.configuration.pair_settings.get(pair, {}).get(name, {})
        given = {**of_pair, **self.configuration.settings.get(name, {})}
        own, *others = (
            REGISTRIES[other].load(name).Settings
            for other in sorted(REGISTRIES, key=lambda other: other != kind)
            if name in REGISTRIES[other].names()
        )
        chosen = {
            setting: value
            for setting, value in given.items()
            if knows(own, setting) or not any(knows(other, setting) for other in others)
        }
        if kind != "matcher" or not pair:
            return chosen
        extractor = extractors.registry.load(split_pair(pair)[0]).spec
        return matchers.settings_in_pair(extractor, matchers.registry.load(name).spec, chosen)

    def build(self, kind: str, name: str, pair: str = "") -> Any:
        """Build the method `name` of a kind, "retriever", "extractor" or "matcher", as a part of `pair`.

        Raises SettingsError for an unknown one.
        """
        registry = REGISTRIES[kind]
        method = registry.load(name)
        settings = self.settings_of(kind, name, pair)
        return registry.build(
            name,
            weights=self.weights_of(method, settings),
            device=self.device(),
            precision=self.configuration.precision,
            **settings,
        )

    def fetch_weights(self, kind: str, name: str, pair: str = "") -> None:
        """Find or download the weights of a method, so that a missing file is told before any work."""
        method = REGISTRIES[kind].load(name)
        settings = self.settings_of(kind, name, pair)
        wanted = method.checkpoint(make_settings(method.Settings, settings, owner=name))
        given = self.weights_of(method, settings)
        if given == SEEDED:
            log.warning("%s has made-up weights: it runs, and what it gives means nothing", name)
        elif wanted is not None:
            find_checkpoint(wanted, given)

    def check_precision(self) -> None:
        """Refuse a precision that asks for compiled networks where none can be; raises SettingsError."""
        if self.configuration.precision.endswith(COMPILED):
            check_compiler(self.device())

    def device(self) -> str:
        """Return the torch device in use; "auto" is a GPU where there is one."""
        if self.configuration.device != "auto":
            return self.configuration.device
        return "cuda" if torch.cuda.is_available() else "cpu"

    def batch_size(self) -> int:
        """Return photos per network call: as configured, else 1 on a CPU and 8 on a GPU.

        One at a time costs a CPU nothing and makes a resumed run equal an undisturbed one bit for bit.
        """
        return self.configuration.batch_size or (1 if self.device() == "cpu" else 8)

    def weights_of(self, method: Any, settings: dict[str, Any]) -> Path | str | None:
        """Return the file or folder given for a method's weights, None to look where they usually lie.

        METHOD=FILE names the method; a folder serves every method whose published file it holds, a file
        the method whose published file has its name. SEEDED serves what has nothing else.
        """
        name = method.spec.name
        wanted = method.checkpoint(make_settings(method.Settings, settings, owner=name))
        for text in self.configuration.weights:
            owner, equals, path = text.partition("=")
            if equals and owner == name:
                return SEEDED if path == SEEDED else Path(path)
            if wanted and (Path(text).name == Path(wanted).name or (Path(text) / wanted).is_file()):
                return Path(text)
        return SEEDED if wanted and SEEDED in self.configuration.weights else None


def _check_weights(text: str, known: set[str]) -> None:
    owner, equals, path = text.partition("=")
    if equals and owner not in known:
        raise SettingsError(f"--weights {text!r} names no method: {owner!r}{nearest(owner, known)}")
    place = Path(path if equals else text)
    if str(place) != SEEDED and not place.exists():
        raise WeightsError(f"--weights {text!r}: {place} does not exist")


def specs_of(kind: str) -> list[Any]:
    """Return the specs of every method of a kind, sorted by name."""
    registry = REGISTRIES[kind]
    return [registry.load(name).spec for name in registry.names()]


def check_pairs(pairs: list[tuple[str, str]]) -> None:
    """Refuse unknown methods and impossible pairs before any work; raises SettingsError, PairError."""
    all_extractors: list[ExtractorSpec] = specs_of("extractor")
    all_matchers: list[MatcherSpec] = specs_of("matcher")
    for extractor, matcher in pairs:
        matchers.check_pair(
            extractors.registry.load(extractor).spec,
            matchers.registry.load(matcher).spec,
            all_extractors,
            all_matchers,
        )
