"""What a long run will write and take, told before it starts, and refused when the disk is too small."""

import math
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import DiskSpaceError, SettingsError

UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
ADVICE = "Free some space, give a folder on another disk, or re-rank fewer queries or candidates"


@dataclass(frozen=True)
class Work:
    """A stage of a run. items: photos or queries left to do, each of that many bytes and seconds."""

    stage: str
    items: int
    bytes_each: float = 0.0
    seconds_each: float = 0.0

    @property
    def total_bytes(self) -> int:
        """Bytes that the stage writes."""
        return math.ceil(self.items * self.bytes_each)

    @property
    def total_s(self) -> float:
        """Seconds that the stage takes."""
        return self.items * self.seconds_each


def estimate(works: Sequence[Work]) -> str:
    """Say what every stage and the whole will write and take, a line each."""
    lines = [
        f"{work.stage}: {work.items:,} x {_figures(work.bytes_each, work.seconds_each)}" for work in works
    ]
    total = _figures(sum(work.total_bytes for work in works), sum(work.total_s for work in works))
    return "\n".join([*lines, f"together: {total}"])


def check_space(folder: str | Path, works: Sequence[Work], advice: str = ADVICE) -> None:
    """Refuse a run whose files the disk of `folder` cannot hold.

    The folder need not exist yet. advice: what to do then. Raises DiskSpaceError with the figures.
    """
    place = Path(folder).absolute()
    existing = next(parent for parent in (place, *place.parents) if parent.exists())
    free, needed = shutil.disk_usage(existing).free, sum(work.total_bytes for work in works)
    if needed > free:
        raise DiskSpaceError(
            f"{folder} would get {humanise_bytes(needed)}, its disk has {humanise_bytes(free)} free "
            f"({humanise_bytes(needed - free)} too little).\n{estimate(works)}\n{advice}"
        )


def humanise_bytes(count: float) -> str:
    """Write a number of bytes in decimal units with three digits: "512 B", "23.4 MB"."""
    value, power = float(count), 0
    while value >= 999.5 and power < len(UNITS) - 1:
        value, power = value / 1000.0, power + 1
    return f"{_three_digits(value)} {UNITS[power]}"


def parse_bytes(text: str) -> int:
    """Read a number of bytes as `humanise_bytes` writes it: "20GB", "1.5 TB", in decimal units.

    Raises SettingsError for other forms and for nothing at all.
    """
    powers = {unit.lower(): power for power, unit in enumerate(UNITS)}
    found = re.fullmatch(r"(\d+\.?\d*) ?([a-z]+)", text.strip().lower())
    count = int(float(found[1]) * 1000.0 ** powers[found[2]]) if found and found[2] in powers else 0
    if count < 1:
        raise SettingsError(f"a size is a number above 0 and its unit, such as 20GB; found {text!r}")
    return count


def humanise_seconds(seconds: float) -> str:
    """Write a duration: "3.20 ms", "41.5 s", "12 min 05 s", "3 h 07 min"."""
    if seconds < 0.9995:
        return f"{_three_digits(1000.0 * seconds)} ms"
    if seconds < 99.95:
        return f"{_three_digits(seconds)} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60.0)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _figures(count: float, seconds: float) -> str:
    parts = [humanise_bytes(count)] if count else []
    return ", ".join([*parts, humanise_seconds(seconds)] if seconds else parts) or "nothing"


def _three_digits(value: float) -> str:
    if value == int(value) or value >= 99.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"
