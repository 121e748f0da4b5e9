"""Methods that pictures are drawn of: features as a run stored them, or extracted for the picture."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from data.errors import StoreError, WeightsError
from data.files import digest_of
from data.photos import read_photo
from extractors import Extractor, Features
from extractors.store import FeatureStore
from matchers import Matcher, Matches
from networks.settings import make_settings, settings_dict
from rerank.configuration import Configuration, split_pair
from rerank.methods import REGISTRIES, Builder, check_pairs
from rerank.plots.panels import labels_of
from rerank.provenance import Part
from rerank.run import Run
from rerank.sources import open_features

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Photo:
    """A photo to draw features of. key: what feature stores know it by, "" where unknown."""

    path: Path
    key: str = ""


@dataclass
class FeatureSource:
    """Where features of one extractor come from; it is built when first needed.

    label: what pictures call it. settings: of the extractor. store: features that need not be extracted.
    """

    label: str
    settings: dict[str, Any]
    make: Callable[[], Extractor]
    exif: bool = True
    store: FeatureStore | None = field(default=None, repr=False)

    @cached_property
    def extractor(self) -> Extractor:
        """The extractor."""
        return self.make()

    def features(self, photo: Photo) -> Features:
        """Return a photo's features, stored or extracted now; raises PhotoError for a bad photo."""
        if self.store is not None and photo.key and not self.store.missing([photo.key]):
            return self.store.read([photo.key])[0]
        image = read_photo(photo.path, exif=self.exif)
        size = image.shape[0], image.shape[1]
        return self.extractor.extract(self.extractor.prepare(image)[None], [size])[0]


@dataclass
class Pair:
    """Features and a matcher of them, which is built when first needed."""

    label: str
    source: FeatureSource
    make_matcher: Callable[[], Matcher]

    @cached_property
    def matcher(self) -> Matcher:
        """The matcher."""
        return self.make_matcher()

    def matches(self, query: Photo, candidate: Photo) -> Matches:
        """Return the correspondences of two photos; raises PhotoError for a bad photo."""
        return self.matcher.match(self.source.features(query), self.source.features(candidate))


def pair_of_run(run: Run, label: str, configuration: Configuration) -> Pair:
    """Return the pair that a run was made with, its settings and weights, and its stored features.

    configuration: gives the device, and weights beside those that the run names.
    """
    extractor, matcher = run.identity.method.parts[:2]
    build = partial(_rebuild, run=run, configuration=configuration)
    exif = run.identity.protocol.exif
    source = FeatureSource(
        extractor.name, extractor.settings, lambda: build("extractor", extractor), exif, _stored(run)
    )
    return Pair(label, source, lambda: build("matcher", matcher))


def pairs_of_runs(runs: Sequence[Run], configuration: Configuration) -> list[Pair]:
    """Return the pair of each run, told apart by their labels."""
    return [pair_of_run(run, label, configuration) for run, label in zip(runs, labels_of(runs), strict=True)]


def sources_of_runs(runs: Sequence[Run], configuration: Configuration) -> list[FeatureSource]:
    """Return the extractors that runs were made with, each once, as `pair_of_run` gives them."""
    sources: dict[str, FeatureSource] = {}
    for run in runs:
        identity = settings_dict(run.identity.method.parts[0])
        sources.setdefault(digest_of(identity), pair_of_run(run, run.name, configuration).source)
    return list(sources.values())


def pair_of_name(text: str, configuration: Configuration) -> Pair:
    """Return the pair EXTRACTOR+MATCHER as configured; raises SettingsError or PairError for others."""
    extractor, matcher = split_pair(text)
    check_pairs([(extractor, matcher)])
    builder = Builder(configuration)
    return Pair(
        text, source_of(extractor, configuration, text), lambda: builder.build("matcher", matcher, text)
    )


def source_of(extractor: str, configuration: Configuration, pair: str = "") -> FeatureSource:
    """Return an extractor as configured, as a part of `pair` or for itself alone."""
    builder = Builder(configuration)
    method = REGISTRIES["extractor"].load(extractor)
    settings = make_settings(
        method.Settings, builder.settings_of("extractor", extractor, pair), owner=extractor
    )
    make = partial(builder.build, "extractor", extractor, pair)
    return FeatureSource(extractor, settings_dict(settings), make, configuration.exif)


def _stored(run: Run) -> FeatureStore | None:
    try:
        return open_features(run)
    except StoreError as error:
        log.info("%s: %s; extracting for the picture instead", run.name, error)
        return None


def _rebuild(kind: str, part: Part, *, run: Run, configuration: Configuration) -> Any:
    """Build a part of a run's method as it was; raises WeightsError where its weights are others now."""
    given = (*configuration.weights, *(run.origin.weights if run.origin else ()))
    builder = Builder(Configuration("", weights=given, device=configuration.device))
    registry = REGISTRIES[kind]
    built = registry.build(
        part.name,
        weights=builder.weights_of(registry.load(part.name), part.settings),
        device=builder.device(),
        precision=run.identity.method.precision,
        **part.settings,
    )
    if built.weights_digest != part.weights:
        raise WeightsError(
            f"{run.identity.dataset}/{run.name} was made with other weights of {part.name} (digest "
            f"{part.weights}) than are here ({built.weights_digest}); give the file with --weights"
        )
    return built
