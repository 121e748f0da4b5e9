"""The golden plots of `tests/fixtures/plots`: how they are drawn and compared.

After a change of looks that is meant, `python -m tests.rerank.plots.golden` draws them anew; look at
each before it is kept.
"""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from PIL import Image

from rerank.plots import KINDS, won_lost
from rerank.run import Run
from tests.conftest import FIXTURES
from tests.rerank.plots.made import make_runs

FOLDER = FIXTURES / "plots"
NAMES = (*KINDS, "won_lost")
DPI = 60
BLOCK_PX = 16
TOLERANCE = 30.0  # grey levels; other versions of matplotlib come to 26 in hatches, a moved mark to 53


def runs_of(name: str) -> list[Run]:
    """Return the runs that the golden plot `name` is of."""
    if name == "recall_dial":
        return make_runs([f"city_darkness_{value}" for value in (0, 0.5, 1)])
    return make_runs(("city_day", "city_night"))


def draw(name: str) -> Figure:
    runs = runs_of(name)
    return won_lost(runs[7], runs[6]) if name == "won_lost" else KINDS[name].draw(runs, 1)


def pixels(figure: Figure) -> np.ndarray:
    """Return a figure as grey levels (H, W), without letters, which depend on the font library.

    Plots lie on a grid of their own, since the layout makes room for letters; legends are left out.
    """
    figure.set_dpi(DPI)
    figure.set_layout_engine("none")
    for written in (*figure.findobj(Text), *figure.findobj(Legend)):
        written.set_visible(False)
    rows = -(-len(figure.axes) // 2)
    for number, axis in enumerate(figure.axes):
        row, column = divmod(number, 2)
        axis.set_position((0.05 + 0.5 * column, 1 - (row + 0.92) / rows, 0.42, 0.85 / rows))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    levels = np.asarray(canvas.buffer_rgba())[..., :3].astype(np.float64)
    return np.asarray(levels @ [0.299, 0.587, 0.114])


def worst_block(image: np.ndarray, other: np.ndarray) -> float:
    """Return the largest root mean square difference of two images (H, W) in any of their blocks."""
    height, width = (side // BLOCK_PX * BLOCK_PX for side in image.shape)
    squares = np.square(image - other)[:height, :width]
    blocks = squares.reshape(height // BLOCK_PX, BLOCK_PX, width // BLOCK_PX, BLOCK_PX)
    return float(np.sqrt(blocks.mean(axis=(1, 3))).max())


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("L"), np.float64)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in NAMES:
        Image.fromarray(pixels(draw(name)).round().astype(np.uint8)).save(
            FOLDER / f"{name}.png", optimize=True
        )
