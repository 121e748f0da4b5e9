"""How plots and pictures look: fonts, sizes, colours, and the marks that tell methods apart.

Colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/), which the colour-blind tell
apart. Nothing is told by colour alone: methods have markers and line styles too, bars have hatches, so
that a grey print reads. Styles are set for the time of drawing; matplotlib's own state stays as it was.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from matplotlib import rc_context
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY, PALE = "#6E6E6E", "#D0D0D0"
RIGHT, WRONG = BLUE, VERMILLION

COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h")
LINES = ("-", (0, (5, 1.5)), (0, (3, 1, 1, 1)), (0, (1.5, 1)), (0, (7, 1.5, 1, 1.5)))
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "++++")

PAGE_WIDTH_IN = 7.2  # of a page with two columns
LONGEST_NAME = 48  # characters of a name that are shown

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "font.size": 8.0,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.0,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.5,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "lines.markersize": 5.0,
    "hatch.linewidth": 0.5,
    "figure.dpi": 150.0,
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.06,
    "text.parse_math": False,  # names may hold dollar signs
    "svg.hashsalt": "rerank",  # the same file every time
    "svg.fonttype": "path",
}

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Mark:
    """How one method looks. line: matplotlib's name of a dash pattern, or the pattern."""

    colour: str
    marker: str
    line: Any
    hatch: str


RETRIEVAL = Mark(GREY, "_", ":", "")


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Have `draw` draw in this style, and leave matplotlib's settings as they were."""

    @wraps(draw)
    def drawing(*arguments: P.args, **keywords: P.kwargs) -> R:
        with rc_context(STYLE):
            return draw(*arguments, **keywords)

    return drawing


def marks_of(labels: Iterable[str]) -> dict[str, Mark]:
    """Give each label a mark of its own, the same for the same labels in whatever order."""
    return {label: _mark(number) for number, label in enumerate(sorted(set(labels)))}


def shown(text: str, longest: int = LONGEST_NAME) -> str:
    """Return `text` as it can be drawn: one line, odd characters escaped, a long one without its middle."""
    printable = text.encode("utf-8", "backslashreplace").decode()
    line = "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in printable
    )
    if len(line) <= longest:
        return line
    return f"{line[: longest // 2]}…{line[len(line) - (longest - longest // 2 - 1) :]}"


def ink(colour: str) -> str:
    """Return a colour darkened for letters, which thin strokes make look paler than marks."""
    red, green, blue = (0.72 * channel for channel in to_rgb(colour))
    return to_hex((red, green, blue))


def halo(width_pt: float = 1.6) -> withStroke:
    """Return a white edge for letters, to read across lines."""
    return withStroke(linewidth=width_pt, foreground="white")


def blank(message: str) -> Figure:
    """Return a figure that says why there is nothing to plot."""
    figure = Figure(figsize=(PAGE_WIDTH_IN / 2, 1.2))
    figure.text(0.5, 0.5, message, ha="center", va="center", color=GREY, wrap=True)
    return figure


def _mark(number: int) -> Mark:
    colour, marker, hatch = (values[number % len(values)] for values in (COLOURS, MARKERS, HATCHES))
    return Mark(colour, marker, LINES[number % len(LINES)], hatch)
