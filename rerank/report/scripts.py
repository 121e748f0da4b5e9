"""Writing data as scripts: pages opened from disk may load scripts, but nothing else.

Each script puts one value under its key into the global object `RERANK`.
"""

import json
import math
from pathlib import Path
from typing import Any


def write_script(folder: Path, key: str, value: Any) -> None:
    """Write a JSON-able value to `folder`/KEY.js; key: parts of safe characters, parted by slashes.

    The text is ASCII: characters that end a line or a script, and halves of characters, are escaped.
    """
    path = folder / f"{key}.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    path.write_text(f"RERANK[{json.dumps(key)}]={text};\n", encoding="ascii")


def number(value: float, decimals: int = 2) -> float | None:
    """Return a number that JSON can hold, rounded; None for NaN and the infinite."""
    return round(float(value), decimals) if math.isfinite(value) else None


def significant(value: float, digits: int = 5) -> float | None:
    """Return a number that JSON can hold, of so many significant digits; None for NaN and the infinite."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None
