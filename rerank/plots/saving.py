"""Writing figures to files, whole or not at all, and the same bytes for the same figure."""

from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from data.errors import SettingsError
from data.files import replacing
from rerank.plots.style import STYLE

DPI = 200
# What each format would otherwise say of the moment and the program that wrote it.
FORMATS: dict[str, dict[str, Any]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def save(figure: Figure, path: str | Path) -> list[Path]:
    """Write a figure as PNG and SVG, and return where they lie.

    path: without a suffix; those of the formats are added to it.
    """
    stem = Path(path)
    return [_write(figure, stem.with_name(stem.name + suffix)) for suffix in (".png", ".svg")]


def save_as(figure: Figure, path: str | Path) -> list[Path]:
    """Write a figure in the format that the suffix of `path` names, without one as `save` does.

    Raises SettingsError for other suffixes than .png, .svg and .pdf.
    """
    chosen = Path(path)
    if not chosen.suffix:
        return save(figure, chosen)
    if chosen.suffix.lower() not in FORMATS:
        raise SettingsError(f"{chosen}: pictures are written as {', '.join(FORMATS)}, not {chosen.suffix!r}")
    return [_write(figure, chosen)]


def _write(figure: Figure, path: Path) -> Path:
    form = path.suffix.lower()
    with rc_context(STYLE), replacing(path) as part:
        figure.savefig(part, format=form[1:], dpi=DPI, metadata=FORMATS[form])
    return path
