"""Measure everything that `docs/performance.md` tells of, and write its tables.

    python -m benchmarks [NAME ...]

NAME: some of PARTS; default: all. Each part has its own process, and prints and keeps its figures; options
of a part are given by running `python -m benchmarks.NAME`. On two quiet cores all take about an hour, the
first time: pipeline 20 minutes, agreement 7, matching 4, estimators 1, search 15, scaling 4. What a part
keeps and finds again is not measured anew.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

PARTS = ("pipeline", "agreement", "matching", "estimators", "search", "scaling")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PARTS)}")
    chosen = parser.parse_args().names or PARTS
    if unknown := sorted(set(chosen) - set(PARTS)):
        parser.error(f"unknown parts {', '.join(unknown)}; choose from {', '.join(PARTS)}")
    failed = [name for name in chosen if not _run(name)]
    _run("tables")
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def _run(name: str) -> bool:
    """Run a part in a process of its own, and tell whether it ended well."""
    print(f"== {name}", flush=True)
    start_s = time.perf_counter()
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=root, check=False)
    print(f"== {name}: {time.perf_counter() - start_s:.0f} s", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    main()
