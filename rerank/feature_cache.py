"""A feature store kept below a limit: photos give way to others, and are extracted again when wanted again.

Which photo gives way is Belady's rule (IBM Systems Journal, 1966): the one that is wanted again last. No rule
extracts fewer photos of one size, and what it needs to know is known here, the candidates of every query.
"""

from collections.abc import Iterable, Mapping

from data.errors import SettingsError
from extractors import Features
from extractors.shard_writer import ShardWriter
from extractors.store import FeatureStore
from rerank.query_order import NEVER
from rerank.space import humanise_bytes

ROUNDING = 1.01  # sizes are told in three digits, which must not be too few bytes


class FeatureCache:
    """Features of photos, each in a shard of its own, below `limit_bytes` together.

    Shards of several photos, which runs without a limit write, count and stay. One process at a time may keep
    a store below a limit. query_photos: how many photos a query needs at most, itself among them.
    """

    def __init__(self, store: FeatureStore, writer: ShardWriter, limit_bytes: int, query_photos: int) -> None:
        self.store = store
        self.limit_bytes = limit_bytes
        self._writer = writer
        self._query_photos = query_photos
        sizes = store.removable()
        self._staying_bytes = store.size_bytes() - sum(sizes.values())
        self._wanted = dict.fromkeys(sizes, NEVER)  # photo -> number of the query that wants it next
        self._held: frozenset[str] = frozenset()
        self.largest_bytes = max([int(store.bytes_per_photo() or 0), *sizes.values()])

    def hold(self, keys: Iterable[str]) -> None:
        """Let these photos stay, instead of those that were held before."""
        self._held = frozenset(keys)

    def check(self) -> None:
        """Refuse a limit that cannot hold a query's photos, as large as the largest, and one in the making.

        Raises SettingsError, which tells the least that will do.
        """
        least = self._staying_bytes + (self._query_photos + 1) * self.largest_bytes
        if least > self.limit_bytes:
            raise SettingsError(
                f"--cache-limit is {humanise_bytes(self.limit_bytes)}, too small for one query: it needs "
                f"{self._query_photos} photos of up to {humanise_bytes(self.largest_bytes)} in "
                f"{self.store.folder}, beside {humanise_bytes(self._staying_bytes)} that runs without a "
                f"limit stored. Give at least {humanise_bytes(ROUNDING * least)}, or re-rank fewer candidates"
            )

    def expect(self, uses: Mapping[str, int]) -> None:
        """Take note of when photos are wanted next: photo -> number of the query, `NEVER` for none."""
        self._wanted.update((key, query) for key, query in uses.items() if key in self._wanted)

    def add(self, key: str, features: Features, *, decode_s: float, extract_s: float) -> None:
        """Store the features of one photo, as a sink of `extract_photos`."""
        before = self.store.size_bytes()
        self._writer.add(key, features, decode_s=decode_s, extract_s=extract_s)
        self._writer.flush()
        self._wanted[key] = NEVER
        self.largest_bytes = max(self.largest_bytes, self.store.size_bytes() - before)
        self._make_room()

    def _make_room(self) -> None:
        """Remove photos until one more fits, or only held ones are left, which `check` would refuse."""
        while self.store.size_bytes() + self.largest_bytes > self.limit_bytes:
            removable = self._wanted.keys() - self._held
            if not removable:
                return
            last = max(removable, key=self._wanted.__getitem__)
            self.store.remove(last)
            del self._wanted[last]
