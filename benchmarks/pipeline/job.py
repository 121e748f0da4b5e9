"""What is measured of one pair, and how its methods are built."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.datasets import Dataset, open_dataset
from extractors import Extractor
from matchers import Matcher
from networks.registry import SEEDED
from rerank.configuration import Configuration, split_pair
from rerank.methods import Builder
from rerank.presets import THESIS, PairSettings

EXTRA_PAIRS = ("rootsift+ransac", "superpoint+ransac", "aliked+ransac")
# By pair, and behind a space what else tells it from another case of the same pair.
PAIRS: PairSettings = {
    **THESIS.pairs,
    "patchnetvlad+rapid 512-D": {"patchnetvlad": {"num_pcs": 512}},
    **{pair: {"ransac": {"estimator": "ransac", "iterations": 2000}} for pair in EXTRA_PAIRS},
}
# What made-up weights need to find as much as real ones do.
MADE_UP = {"delg": {"score_threshold": 0.0}}
MethodSettings = dict[str, dict[str, Any]]
NO_OTHERS: MethodSettings = {}
QUERIES_FOLDER = "queries_day"


@dataclass(frozen=True)
class Job:
    """One pair to measure.

    pair: of PAIRS. city: folder of the drawn photos. different: candidates that are different photos;
    `candidates` of a query are these again and again under other names, each stored. naive: candidates of
    each round that are scored the published way.
    """

    pair: str
    city: Path
    precision: str = "float32"
    device: str = "auto"
    threads: int = 1
    candidates: int = 12
    different: int = 2
    naive: int = 1

    @property
    def names(self) -> tuple[str, str]:
        """The extractor's and the matcher's names."""
        return split_pair(self.methods)

    @property
    def methods(self) -> str:
        """The pair without what is told of its settings."""
        return self.pair.split(" ")[0]

    def builder(self, settings: MethodSettings = NO_OTHERS) -> Builder:
        """Return what builds the methods, as published but for `settings`, with made-up weights."""
        return Builder(
            Configuration(
                dataset=str(self.city),
                pairs=(self.methods,),
                pair_settings={self.methods: PAIRS[self.pair]},
                settings={**MADE_UP, **settings},
                weights=(SEEDED,),
                device=self.device,
                precision=self.precision,
            )
        )

    def dataset(self) -> Dataset:
        """Open the drawn city."""
        return open_dataset(self.city, queries_folder=QUERIES_FOLDER, cache=False)

    def build(self, settings: MethodSettings = NO_OTHERS) -> tuple[Extractor, Matcher]:
        """Build the pair as the pipeline does. settings: method -> settings beside those of the pair."""
        extractor, matcher = self.names
        builder = self.builder(settings)
        return builder.build("extractor", extractor, self.methods), builder.build(
            "matcher", matcher, self.methods
        )

    def default_estimator(self) -> Matcher | None:
        """Build the matcher with the project's own robust estimator; None for pairs without one."""
        import matchers

        _, name = self.names
        published = PAIRS[self.pair].get(name, {})
        if "estimator" not in published:
            return None
        own = {key: value for key, value in published.items() if key not in ("estimator", "iterations")}
        return matchers.build(name, device=self.builder().device(), precision=self.precision, **own)
