"""The figures of benchmarks on disk: `results/benchmarks/NAME.json`, one file for each."""

import json
from pathlib import Path
from typing import Any

from data.files import write_json
from networks.settings import settings_dict
from rerank.provenance import current_environment

FOLDER = Path(__file__).resolve().parents[1] / "results" / "benchmarks"


def read_figures(name: str) -> dict[str, Any]:
    """Return what was measured so far; empty where nothing was."""
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def save_figures(name: str, figures: dict[str, Any]) -> None:
    """Write figures, whole or not at all."""
    write_json(FOLDER / f"{name}.json", figures)


def hardware() -> dict[str, Any]:
    """Return what figures depend on beside the code."""
    told = settings_dict(current_environment())
    return {name: told[name] for name in ("cpu", "cores", "threads", "gpu", "versions")}
