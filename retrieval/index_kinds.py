"""The kinds of index, by name: what FAISS builds for each, and what can be set.

A kind is written NAME or NAME:SETTING=VALUE,..., such as "ivfpq:lists=4096,nprobe=32". Adding a kind is
one line in `KINDS`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from data.errors import SettingsError
from networks.settings import nearest, parse_assignments

EXACT = "exact"
REFINE = "refine"  # of every kind but the exact one
BYTE_CENTROIDS, HALF_BYTE_CENTROIDS = 256, 16  # of each sub-quantiser


@dataclass(frozen=True)
class IndexKind:
    """A kind of index. factory: FAISS's description, with sizes to fill in.

    sizes: what it is built with. knobs: what may change between searches, by FAISS's names. centroids:
    of each sub-quantiser. Both with their defaults, all of them integers above 0.
    """

    summary: str
    factory: str
    sizes: Mapping[str, int] = field(default_factory=dict)
    knobs: Mapping[str, int] = field(default_factory=dict)
    centroids: int = 0

    @property
    def defaults(self) -> dict[str, int]:
        """Every setting with its default."""
        return {**self.sizes, **self.knobs}


# Sizes: lists and cells of the inverted files; codes, sub-quantisers of 8 or of 4 bits; links of the graph.
# "np" leaves out FAISS's training for polysemous codes, which takes most of the time and serves nothing here.
KINDS: Mapping[str, IndexKind] = {
    EXACT: IndexKind("every row compared, streamed from the shards", ""),
    "ivf": IndexKind("inverted file", "IVF{lists},Flat", {"lists": 1024}, {"nprobe": 16}),
    "pq": IndexKind("product quantisation", "PQ{codes}x8np", {"codes": 64}, {}, BYTE_CENTROIDS),
    "ivfpq": IndexKind(
        "inverted file of product-quantised residuals", "IVF{lists},PQ{codes}x8np",
        {"lists": 1024, "codes": 64}, {"nprobe": 16}, BYTE_CENTROIDS,
    ),
    "imi": IndexKind(
        "inverted multi-index of product-quantised residuals", "IMI2x{cell_bits},PQ{codes}x8np",
        {"cell_bits": 8, "codes": 64}, {"nprobe": 256}, BYTE_CENTROIDS,
    ),
    "hnsw": IndexKind(
        "graph of neighbours", "HNSW{links},Flat", {"links": 32, "efConstruction": 40}, {"efSearch": 128}
    ),
    "pqfs": IndexKind("fast scan of 4-bit codes", "PQ{codes}x4fs", {"codes": 128}, {}, HALF_BYTE_CENTROIDS),
    "ivfpqfs": IndexKind(
        "inverted file with fast scan of 4-bit codes", "IVF{lists},PQ{codes}x4fs",
        {"lists": 1024, "codes": 128}, {"nprobe": 16}, HALF_BYTE_CENTROIDS,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class IndexChoice:
    """A kind with its settings. refine: candidates compared exactly for each one wanted, 0 for none."""

    name: str
    settings: Mapping[str, int]
    refine: int = 0

    @property
    def kind(self) -> IndexKind:
        """The line of the table."""
        return KINDS[self.name]

    @property
    def text(self) -> str:
        """The choice with every setting written out, which `parse_kind` reads."""
        settings = dict(self.settings) | ({REFINE: self.refine} if self.refine else {})
        written = ",".join(f"{name}={value}" for name, value in settings.items())
        return f"{self.name}:{written}" if written else self.name

    @property
    def build_text(self) -> str:
        """What it is built with alone: equal for choices that differ in knobs."""
        sizes = {name: value for name, value in self.settings.items() if name in self.kind.sizes}
        return IndexChoice(self.name, sizes, min(self.refine, 1)).text

    @property
    def factory(self) -> str:
        """The text for `faiss.index_factory`."""
        return self.kind.factory.format(**self.settings) + (",RFlat" if self.refine else "")

    @property
    def knobs(self) -> dict[str, int]:
        """What to set before a search, by the names of `faiss.ParameterSpace`."""
        knobs = {name: self.settings[name] for name in self.kind.knobs}
        return knobs | ({"k_factor_rf": self.refine} if self.refine else {})

    @property
    def centroids(self) -> int:
        """The largest number of centroids that are trained together, 0 where nothing is trained."""
        cells = 2 ** self.settings["cell_bits"] if "cell_bits" in self.settings else 0
        return max(self.settings.get("lists", 0), cells, self.kind.centroids)

    def misfit(self, rows: int, dimension: int) -> str:
        """Say why a database of that many rows and dimensions cannot have this index; "" where it can."""
        codes = self.settings.get("codes", 1)
        parts = math.lcm(codes, 2) if "cell_bits" in self.settings else codes
        if dimension % parts:
            return (
                f"{dimension} dimensions cannot be divided among {parts} sub-quantisers; give codes=N, an N "
                "that divides them"
            )
        if rows < self.centroids:
            return (
                f"it has {self.centroids} centroids to learn, and the database {rows} rows to learn them "
                f"from; use the index {EXACT}, or fewer lists"
            )
        return ""


def parse_kind(text: str) -> IndexChoice:
    """Read a kind, NAME or NAME:SETTING=VALUE,...; raises SettingsError for what is unknown or no number."""
    name, _, assigned = text.partition(":")
    if name not in KINDS:
        raise SettingsError(f"no index is called {name!r}{nearest(name, KINDS)}")
    defaults = KINDS[name].defaults | ({} if name == EXACT else {REFINE: 0})
    given = parse_assignments(assigned.split(",")) if assigned else {}
    for setting in given:
        if setting not in defaults:
            raise SettingsError(f"index {name} has no setting {setting!r}{nearest(setting, defaults)}")
    settings = defaults | {setting: _number(text, setting, value) for setting, value in given.items()}
    refine = settings.pop(REFINE, 0)
    return IndexChoice(name, settings, refine)


def _number(text: str, setting: str, value: object) -> int:
    least = 0 if setting == REFINE else 1
    if not str(value).isdecimal() or int(str(value)) < least:
        raise SettingsError(f"index {text!r}: {setting} must be a whole number from {least}, found {value!r}")
    return int(str(value))
