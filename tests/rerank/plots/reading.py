"""Reading figures: what is written in them and where, for tests."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text

from rerank.statistics import Interval


def words(figure: Figure) -> str:
    """Return everything that is written in a figure, a line each."""
    FigureCanvasAgg(figure).draw()
    return "\n".join(text.get_text() for text in figure.findobj(Text) if text.get_visible())


def bars(axis: Axes) -> list[tuple[np.ndarray, np.ndarray, list[Interval]]]:
    """Return what each errorbar of a plot shows: places x (N,), values y (N,), upright intervals."""
    found = []
    for container in axis.containers:
        if not isinstance(container, ErrorbarContainer):
            continue
        line, _, ranges = container
        x, y = line.get_xydata().T
        upright = ranges[-1].get_segments()
        ends = [segment[:, 1] if len(segment) else (np.nan, np.nan) for segment in upright]
        intervals = [
            Interval(float(value), float(low), float(high))
            for value, (low, high) in zip(y, ends, strict=True)
        ]
        found.append((x, y, intervals))
    return found


def boxes(figure: Figure, axis: Axes, labels: list[str]) -> np.ndarray:
    """Return the boxes (N, 4), left, bottom, right, top in pixels, of the texts `labels` of a plot."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    shown = {text.get_text(): text for text in axis.texts}
    extents = [shown[label].get_window_extent(canvas.get_renderer()).extents for label in labels]
    return np.array(extents)
