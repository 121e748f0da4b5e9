"""Filling a feature store for a task: a few photos first, to tell what the rest will take."""

import logging
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from extractors import Extractor
from extractors.store import FeatureStore
from networks.loading import Loading
from networks.stages import Counter
from networks.timing import Stopwatch
from rerank.extraction import Sink, extract_photos
from rerank.progress import stage
from rerank.run import BadPhoto
from rerank.space import Work, check_space, estimate

log = logging.getLogger(__name__)

PROBE_PHOTOS = 8
ADVICE = (
    "Free some space, give --caches on another disk, re-rank fewer queries or candidates, or give "
    "--cache-limit, such as 20GB: features are then kept up to that size, and some photos extracted again"
)


@dataclass
class Filling:
    """What came of it. computed: photos extracted. seconds: what that took."""

    computed: int = 0
    seconds: float = 0.0
    bad_photos: list[BadPhoto] = field(default_factory=list)

    def add(self, more: "Filling") -> None:
        """Add what came of filling again; a bad photo that was tried again is told once."""
        self.computed += more.computed
        self.seconds += more.seconds
        self.bad_photos = list(dict.fromkeys([*self.bad_photos, *more.bad_photos]))


def fill_store(
    name: str, photos: dict[str, Path], extractor: Extractor, store: FeatureStore, loading: Loading
) -> Filling:
    """Extract those of `photos` (key -> file) that `store` lacks.

    name: of the stage, for people. Raises DiskSpaceError, before most of the work, when the disk cannot
    hold what is coming.
    """
    lacking = {key: photos[key] for key in store.missing(photos)}
    probe = dict(islice(lacking.items(), PROBE_PHOTOS))
    rest = dict(islice(lacking.items(), PROBE_PHOTOS, None))
    filling = Filling()
    with stage(f"extracting {name}", len(lacking)) as progress:
        _fill(probe, extractor, store, loading, progress, filling)
        if rest:
            _tell_and_check(name, len(rest), store, filling)
            _fill(rest, extractor, store, loading, progress, filling)
    return filling


def extract_into(
    sink: Sink,
    photos: dict[str, Path],
    extractor: Extractor,
    loading: Loading,
    progress: Counter,
    filling: Filling,
) -> None:
    """Extract `photos` (key -> file) into `sink`, and add to `filling` what came of it."""
    stopwatch = Stopwatch(extractor.device)
    with stopwatch.measure("extracting"):
        outcome = extract_photos(photos, extractor, sink, loading, progress)
    filling.computed += outcome.computed
    filling.seconds += stopwatch.seconds["extracting"]
    filling.bad_photos += [BadPhoto(key, reason) for key, reason in outcome.bad.items()]


def _fill(
    photos: dict[str, Path],
    extractor: Extractor,
    store: FeatureStore,
    loading: Loading,
    progress: Counter,
    filling: Filling,
) -> None:
    with store.writer() as writer:
        extract_into(writer, photos, extractor, loading, progress, filling)


def _tell_and_check(name: str, remaining: int, store: FeatureStore, filling: Filling) -> None:
    """Log what the remaining photos will take, and refuse when the disk cannot hold it."""
    per_photo_bytes = store.bytes_per_photo()
    if per_photo_bytes is None or not filling.computed:
        return
    work = Work(f"extracting {name}", remaining, per_photo_bytes, filling.seconds / filling.computed)
    log.info("%s", estimate([work]))
    check_space(store.folder, [work], ADVICE)
