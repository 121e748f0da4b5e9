"""Exact search at city scale against the machine's limits, and kinds of index against exact search.

    python -m benchmarks.search [--rows 2800000] [--queries 1 100 1000] [--index-rows 100000]

Descriptors of 512 numbers are drawn in clusters and stored as a retriever's are, in float32 and in
float16: 8.6 GB of disk for 2.8 million, deleted at the end, or kept in `--folder`, where a stopped run goes
on. Every search is a process of its own, which tells its peak memory. Beside it stand what bounds it:
reading the same shards and doing nothing; reading as many bytes of memory; and the bare products, in
float32, of the queries and as many rows. The table of kinds is measured on `--index-rows` of them, with a
thousand more as queries. Figures go to `results/benchmarks/search.json`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.figures import hardware, read_figures, save_figures
from benchmarks.pipeline.peak import forget_peak, peak_mib
from networks.products import product
from networks.timing import Stopwatch
from rerank.progress import stage
from retrieval.blocks import Block
from retrieval.descriptors import STORED_AS, DescriptorStore
from retrieval.exact import TILE_ROWS, search_exact
from retrieval.index_sweep import sweep_indexes, usual_choices

DIMENSION, TOP_K = 512, 100
INTRINSIC = 32  # dimensions, which distances between descriptors of photos have about
ROWS_PER_CLUSTER, SPREAD, NOISE = 200, 0.7, 0.2
HELD_OUT = 1000
SAMPLED_TILES = 20  # of which the time of the products is told
MEMORY_BYTES = 512 * 2**20


def main() -> None:
    options = parse()
    if options.one:
        search_once(options)
        return
    if not options.indexes_alone:
        with tempfile.TemporaryDirectory() as temporary:
            measure_exact(Path(options.folder or temporary), options)
    if options.index_rows:
        measure_indexes(options.index_rows)


def measure_exact(folder: Path, options: argparse.Namespace) -> None:
    """Search descriptors in every format for every number of queries, keeping each figure as it comes."""
    figures = {**read_figures("search"), "environment": hardware(), "exact": []}
    for stored_as in STORED_AS:
        store = fill(folder, options.rows, stored_as)
        size = options.rows * DIMENSION * np.dtype(stored_as).itemsize
        for queries in options.queries:
            read_s = seconds_of(lambda store=store: [len(block.indices) for block in store.blocks()])
            told = search_apart(folder, options.rows, stored_as, queries)
            figures["exact"].append(
                {
                    "rows": options.rows,
                    "stored_as": stored_as,
                    "queries": queries,
                    "bytes": size,
                    "read_s": read_s,
                    "memory_s": size / memory_bytes_per_s(),
                    "products_s": products_s(options.rows, queries),
                    **told,
                }
            )
            print(figures["exact"][-1], flush=True)
            save_figures("search", figures)


def search_apart(folder: Path, rows: int, stored_as: str, queries: int) -> dict[str, float]:
    """Search in a process of its own; returns its seconds and peak memory."""
    command = [sys.executable, "-m", "benchmarks.search", "--one", stored_as, "--folder", str(folder)]
    command += ["--rows", str(rows), "--queries", str(queries)]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return told


def search_once(options: argparse.Namespace) -> None:
    """Search for one number of queries and print seconds and peak memory."""
    store = fill(Path(options.folder), options.rows, options.one)
    queries = Clusters(options.rows).draw(options.queries[0], seed=(1,))
    forget_peak()
    seconds = seconds_of(lambda: search_exact(store.blocks(), queries, TOP_K))
    print(json.dumps({"search_s": seconds, "peak_mib": peak_mib()}))


def measure_indexes(rows: int) -> None:
    """Measure every kind of index on drawn descriptors in memory, keeping each figure as it comes."""
    figures = {**read_figures("search"), "environment": hardware(), "indexes": {"rows": rows, "kinds": []}}
    drawn = Clusters(rows).draw(rows + HELD_OUT, seed=(2,))
    blocks = [Block(drawn[:rows], np.arange(rows))]
    choices = usual_choices(rows, DIMENSION)
    for measured in sweep_indexes(blocks, drawn[rows:], choices, TOP_K):
        figures["indexes"]["kinds"].append(asdict(measured))
        print(f"{len(figures['indexes']['kinds'])} of {len(choices) + 1}", measured, flush=True)
        save_figures("search", figures)


class Clusters:
    """Unit descriptors whose differences have few dimensions, in clusters, with noise in all dimensions.

    The same for the same number of rows.
    """

    def __init__(self, rows: int) -> None:
        draw = np.random.default_rng(0)
        self.centres = draw.standard_normal((max(rows // ROWS_PER_CLUSTER, 1), INTRINSIC), np.float32)
        self.axes = draw.standard_normal((INTRINSIC, DIMENSION), np.float32) / np.float32(INTRINSIC**0.5)

    def draw(self, count: int, seed: tuple[int, ...]) -> np.ndarray:
        """Draw descriptors: (count, D) float32."""
        draw = np.random.default_rng(seed)
        places = SPREAD * draw.standard_normal((count, INTRINSIC), np.float32)
        places += self.centres[draw.integers(0, len(self.centres), count)]
        rows = places @ self.axes + NOISE * draw.standard_normal((count, DIMENSION), np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def fill(folder: Path, rows: int, stored_as: str) -> DescriptorStore:
    """Draw and store the descriptors that are not there."""
    identity = {"made up": rows, "stored_as": stored_as}
    store = DescriptorStore(folder / f"{rows}-{stored_as}", identity, rows, stored_as=stored_as)
    missing = store.missing()
    if not missing:
        return store
    clusters = Clusters(rows)
    with stage(f"writing {rows} descriptors in {stored_as}", len(missing)) as progress:
        for lacking in missing:
            drawn = clusters.draw(len(lacking.rows), seed=(0, lacking.shard))
            store.add(lacking.shard, dict(zip(lacking.rows.tolist(), drawn, strict=True)))
            progress.advance()
    return store


def products_s(rows: int, queries: int) -> float:
    """Return the seconds of the products of queries and all tiles, told from some of them."""
    draw = np.random.default_rng(3)
    asking, tile = (
        torch.from_numpy(draw.random((count, DIMENSION), np.float32)) for count in (queries, TILE_ROWS)
    )
    product(asking, tile)
    sampled = seconds_of(lambda: [product(asking, tile) for _ in range(SAMPLED_TILES)])
    return sampled * rows / TILE_ROWS / SAMPLED_TILES


def memory_bytes_per_s() -> float:
    """Return how fast memory is read."""
    numbers = np.ones(MEMORY_BYTES // 4, np.float32)
    return MEMORY_BYTES / min(seconds_of(numbers.max) for _ in range(3))


def seconds_of(work: Any) -> float:
    """Return the seconds that a call of `work` takes."""
    clock = Stopwatch()
    with clock.measure("work"):
        work()
    return clock.seconds["work"]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=2_800_000)
    parser.add_argument("--queries", type=int, nargs="+", default=[1, 100, 1000])
    parser.add_argument("--index-rows", type=int, default=100_000, help="0 to leave the kinds out")
    parser.add_argument("--indexes-alone", action="store_true", help="leave the exact search out")
    parser.add_argument("--folder", help="where descriptors are kept; by default a temporary one")
    parser.add_argument("--one", choices=STORED_AS, help="one search alone")
    return parser.parse_args()


if __name__ == "__main__":
    main()
