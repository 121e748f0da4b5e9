"""Made-up places: a small dataset whose queries can be told apart by local features."""

from pathlib import Path

import cv2
import numpy as np

from data.names import PhotoName, format_name

WIDTH, HEIGHT = 160, 120
SHIFT_PX = 9


def texture(seed: int) -> np.ndarray:
    """Return a scene as uint8 RGB, wider than a photo: boxes and discs, the same for the same seed."""
    draw = np.random.default_rng(seed)
    scene = np.full((HEIGHT + SHIFT_PX, WIDTH + SHIFT_PX, 3), 120, np.uint8)
    for _ in range(60):
        x, y = draw.integers(0, WIDTH), draw.integers(0, HEIGHT)
        colour = tuple(int(value) for value in draw.integers(0, 255, 3))
        if draw.random() < 0.5:
            size = draw.integers(4, 22, 2)
            cv2.rectangle(scene, (int(x), int(y)), (int(x + size[0]), int(y + size[1])), colour, -1)
        else:
            cv2.circle(scene, (int(x), int(y)), int(draw.integers(3, 10)), colour, -1)
    return scene


def write_photo(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image[..., ::-1])


def place_name(place: int, offset_m: float = 0.0, note: str = "") -> str:
    return format_name(
        PhotoName(east=548000.0 + 100.0 * place + offset_m, north=4180000.0, zone="10S", note=note)
    )


def make_places(folder: Path, places: int = 6, queries: int = 4, query_folder: str = "queries") -> Path:
    """Write `places` database photos 100 m apart, and a query 10 m from each of the first `queries`."""
    for place in range(places):
        scene = texture(place)
        write_photo(folder / "database" / place_name(place), scene[:HEIGHT, :WIDTH])
        if place < queries:
            shown = scene[SHIFT_PX:, SHIFT_PX:] // 2 + 20
            write_photo(folder / query_folder / place_name(place, 10.0), shown)
    return folder
