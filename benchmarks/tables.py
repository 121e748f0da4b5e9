"""Write the tables of `docs/performance.md` and the README from the figures in `results/benchmarks/`.

    python -m benchmarks.tables

A table stands between the comments `<!-- table NAME -->` and `<!-- end of table -->`; what is there is
replaced. TABLES names them.
"""

import re
from collections.abc import Callable
from pathlib import Path

from benchmarks.agreement.tables import identity_table, recall_table
from benchmarks.estimators import estimator_table
from benchmarks.figures import read_figures
from benchmarks.markdown import digits, table
from benchmarks.matching import matching_table
from benchmarks.pipeline.tables import (
    bound_table,
    limits_table,
    ranking_table,
    speed_table,
    stage_table,
    summary_table,
)
from data.files import write_text

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("docs/performance.md", "README.md")
BLOCK = re.compile(r"(<!-- table (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def main() -> None:
    for name in PAGES:
        page = ROOT / name
        text = page.read_text(encoding="utf-8")
        filled = BLOCK.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}\n{found[3]}", text)
        if filled != text:
            write_text(page, filled)
            print(f"{name}: tables written")


def search_table() -> str:
    """Return the seconds of exact searches beside what bounds them, and their peak memory."""
    rows = [
        [
            f"{told['rows']:,} {told['stored_as']}",
            f"{told['queries']:,}",
            f"{told['bytes'] / 1e9:.2f}",
            *(digits(told[name]) for name in ("search_s", "read_s", "products_s", "memory_s")),
            digits(told["search_s"] / (told["read_s"] + told["products_s"])),
            f"{told['peak_mib']:,.0f}",
        ]
        for told in read_figures("search").get("exact", [])
    ]
    heads = ("database", "queries", "GB", "search s", "reading alone s", "products alone s")
    return table((*heads, "reading memory s", "search / (reading + products)", "peak MiB"), rows)


def index_table() -> str:
    """Return recall, time, memory and building time of every kind of index."""
    found = read_figures("search").get("indexes", {"kinds": []})
    rows = [
        [
            told["kind"],
            *(f"{recall:.1f}" for recall in told["recalls"].values()),
            digits(1000 * told["together_s"]),
            digits(1000 * told["single_s"]),
            f"{told['bytes'] / 1e6:,.1f}",
            digits(told["build_s"]),
        ]
        for told in found["kinds"]
    ]
    counts = [f"recall@{n} %" for n in (found["kinds"][0]["recalls"] if rows else ())]
    name = f"kind, of {found['rows']:,} rows" if rows else "kind"
    return table((name, *counts, "ms, all together", "ms, one by one", "MB", "build s"), rows)


def scaling_table() -> str:
    """Return seconds and peak memory of scoring by the number of queries and candidates."""
    rows = [
        [
            f"{told['queries']:,}",
            str(told["candidates"]),
            digits(told["seconds"]),
            digits(1e6 * told["seconds"] / (told["queries"] * told["candidates"])),
            f"{told['peak_mib']:,.0f}",
        ]
        for told in read_figures("scaling").get("rows", [])
    ]
    return table(("queries", "candidates", "s", "microseconds a pair", "peak MiB"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "speed_float32": lambda: speed_table("float32"),
    "speed_bf16": lambda: speed_table("bf16"),
    "ranking_float32": lambda: ranking_table("float32"),
    "ranking_bf16": lambda: ranking_table("bf16"),
    "agreement": recall_table,
    "identity": identity_table,
    "stages": stage_table,
    "bounds": bound_table,
    "speed": summary_table,
    "limits": limits_table,
    "matching": matching_table,
    "estimators": estimator_table,
    "scaling": scaling_table,
    "search": search_table,
    "indexes": index_table,
}


if __name__ == "__main__":
    main()
