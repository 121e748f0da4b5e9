"""What `rerank index-sweep` writes: every kind's recall, time, memory and build time, as JSON and CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data.files import write_json, write_text
from networks.settings import settings_dict
from retrieval.index_sweep import Measured

FORMAT = 1
JSON_FILE, CSV_FILE = "index_sweep.json", "index_sweep.csv"


def write_sweep(folder: Path, measured: Sequence[Measured], about: Mapping[str, Any]) -> list[Path]:
    """Write what was measured so far, and return the files. about: of database, queries and machine."""
    described = {"format": FORMAT, "about": dict(about), "measured": [settings_dict(one) for one in measured]}
    write_json(folder / JSON_FILE, described)
    text = io.StringIO()
    rows = [row_of(one) for one in measured]
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(folder / CSV_FILE, text.getvalue())
    return [folder / JSON_FILE, folder / CSV_FILE]


def row_of(one: Measured) -> dict[str, Any]:
    """Return a kind's figures by the names of columns, in their units."""
    return {
        "kind": one.kind,
        **{f"recall@{n} %": round(value, 2) for n, value in one.recalls.items()},
        "ms a query, all together": round(1e3 * one.together_s, 4),
        "ms a query, one by one": round(1e3 * one.single_s, 4),
        "index MB": round(one.bytes / 1e6, 2),
        "build s": round(one.build_s, 2),
    }
