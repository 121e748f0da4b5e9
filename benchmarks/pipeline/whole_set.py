"""How many of the candidates of a whole set of queries are different photos.

    python -m benchmarks.pipeline.whole_set CANDIDATES.h5

The pipeline extracts a photo once, however many queries it is a candidate of. CANDIDATES.h5 is a candidate
cache, this project's or another's. What is counted goes to `results/benchmarks/whole_set.json`, and the
tables of `benchmarks.pipeline` tell what a query costs where that share of its candidates is extracted.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import save_figures
from retrieval.candidates import read_candidates


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("candidates", type=Path, help="a candidate cache")
    told = count(parser.parse_args().candidates)
    save_figures("whole_set", told)
    print(f"{told['different']:,} different photos among {told['queries']} x {told['candidates']} candidates")


def count(path: Path) -> dict[str, Any]:
    """Return the source's name, the numbers of queries and candidates, and how many photos are different."""
    indices = read_candidates(path).indices
    queries, candidates = indices.shape
    different = len(np.unique(indices[indices >= 0]))
    return {"source": path.stem, "queries": queries, "candidates": candidates, "different": different}


def different_share(told: dict[str, Any]) -> float:
    """Return how many photos are to be extracted for each candidate, of what `count` told."""
    return float(told["different"] / (told["queries"] * told["candidates"]))


if __name__ == "__main__":
    main()
