"""What is compared: pairs of methods, with their settings on either side."""

from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.pipeline.job import MADE_UP, PAIRS, MethodSettings
from benchmarks.pipeline.published import PUBLISHED
from networks.registry import SEEDED
from rerank.configuration import Configuration, split_pair
from rerank.presets import SMALL, THESIS


@dataclass(frozen=True)
class Case:
    """A pair of methods.

    name: as tables have it. settings: of the published way, method -> settings. own: those of the pipeline,
    where it is to differ; None where it is not. weights: as of `Configuration`.
    """

    name: str
    pair: str
    settings: MethodSettings
    own: MethodSettings | None = None
    weights: tuple[str, ...] = ()

    @property
    def extractor(self) -> str:
        """What decides the features: cases with the same text share them."""
        name = split_pair(self.pair)[0]
        return f"{name} {self.settings.get(name, {})} {self.weights}"

    @property
    def way(self) -> str:
        """What decides the published way's scores."""
        return f"{self.extractor} {self.pair} {self.settings}"

    def published(self, city: Path, device: str) -> Configuration:
        """Return what the published way builds its methods by."""
        return replace(self._configuration(city, device, self.settings), settings=PUBLISHED)

    def pipeline(self, city: Path, device: str) -> Configuration:
        """Return what the pipeline builds its methods by, in float32."""
        return self._configuration(city, device, self.settings if self.own is None else self.own)

    def _configuration(self, city: Path, device: str, settings: MethodSettings) -> Configuration:
        return Configuration(
            dataset=str(city),
            pairs=(self.pair,),
            pair_settings={self.pair: settings},
            weights=self.weights,
            device=device,
        )


def learned_cases() -> list[Case]:
    """Return the pairs whose recall means something: those of the weights that come with the project."""
    cases = []
    for extractor in ("superpoint", "rootsift"):
        features = {extractor: SMALL.pairs[f"{extractor}+ransac"].get(extractor, {})}
        pair = f"{extractor}+ransac"
        published = features | PAIRS[pair]
        cases += [
            Case(pair, pair, published),
            Case(f"{pair}, own estimator", pair, published, own=features),
            Case(f"{extractor}+rapid", f"{extractor}+rapid", features),
        ]
    return cases


def made_up_cases() -> list[Case]:
    """Return the published pairs with made-up weights, by which scores can be compared, and nothing else."""
    return [Case(pair, pair, MADE_UP | THESIS.pairs[pair], weights=(SEEDED,)) for pair in THESIS.pairs]
