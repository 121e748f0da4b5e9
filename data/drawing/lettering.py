"""Shop signs: made-up names and trades in varied lettering, with a pictogram or without."""

import cv2
import numpy as np

NAMES = (
    "LUNA", "OTTO", "GOLDEN", "MISSION", "PACIFIC", "ROSA", "CITY", "LOTUS", "STAR", "ATLAS", "IRIS", "NOVA",
    "HARBOR", "VALENCIA", "MAPLE", "SUNSET", "KING", "BLUE", "GRAND", "TANGO", "OLIVE", "DRAGON", "ALMA",
    "SILVER", "BAY", "CASTRO", "NOB", "ZEBRA", "FOX", "AMBER", "UNION", "POLK", "DELTA", "VERA", "MIRO",
)  # fmt: skip
TRADES = (
    "CAFE", "BOOKS", "BAKERY", "PHARMACY", "NOODLES", "HARDWARE", "CLEANERS", "PIZZA", "BAR", "SHOES",
    "FLOWERS", "TAILOR", "MARKET", "BIKES", "OPTICS", "SALON", "TOYS", "HOTEL", "RECORDS", "DINER", "TACOS",
    "GALLERY", "LOCKSMITH", "DENTIST", "SUSHI", "TEA", "BANK", "LAUNDRY", "MUSIC", "CAMERA",
)  # fmt: skip
INKS = (
    ((196, 40, 36), (252, 244, 224)), ((24, 62, 110), (246, 238, 210)), ((22, 88, 62), (240, 214, 120)),
    ((250, 244, 230), (160, 26, 30)), ((28, 28, 30), (238, 192, 66)), ((240, 200, 60), (32, 36, 80)),
    ((92, 34, 80), (250, 232, 240)), ((236, 238, 240), (20, 90, 130)), ((52, 40, 32), (226, 206, 170)),
    ((222, 108, 40), (255, 250, 236)), ((20, 120, 130), (248, 250, 244)), ((245, 245, 240), (30, 30, 30)),
)  # fmt: skip
FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)


def sign_picture(rng: np.random.Generator, height: int, width: int, *, upright: bool) -> np.ndarray:
    """Return a (height, width, 3) float32 RGB sign with its own words, font and colours.

    upright: write from top to bottom, as on signs that stick out from a wall.
    """
    board, ink = (np.array(c, np.float32) for c in INKS[rng.integers(len(INKS))])
    board = np.clip(board * rng.uniform(0.85, 1.1), 0, 255)
    size = (width, height) if upright else (height, width)
    picture = np.empty((*size, 3), np.float32)
    picture[:] = board
    edge = max(1, round(min(size) * 0.06))
    if rng.random() < 0.5:
        cv2.rectangle(picture, (edge, edge), (size[1] - edge - 1, size[0] - edge - 1), _ink(ink), edge)
    text = _words(rng, size[1] / size[0])
    start = _draw_pictogram(rng, picture, ink) if rng.random() < 0.55 else 0
    _draw_text(rng, picture[:, start:], text, ink)
    return np.ascontiguousarray(np.rot90(picture, -1)) if upright else picture


def _words(rng: np.random.Generator, aspect: float) -> str:
    name, trade = NAMES[rng.integers(len(NAMES))], TRADES[rng.integers(len(TRADES))]
    if aspect > 6:
        return f"{name} {trade}" if rng.random() < 0.7 else f"{trade} & {TRADES[rng.integers(len(TRADES))]}"
    return trade if rng.random() < 0.6 else name


def _draw_text(rng: np.random.Generator, picture: np.ndarray, text: str, ink: np.ndarray) -> None:
    """Write `text` as large as it fits; drawn large and shrunk, so that small signs are legible too."""
    font, weight = FONTS[rng.integers(len(FONTS))], int(rng.integers(3, 7))
    (wide, tall), below = cv2.getTextSize(text, font, 2.0, weight)
    sheet = np.zeros((tall + below + 12, wide + 16), np.uint8)
    cv2.putText(sheet, text, (8, tall + 6), font, 2.0, 255, weight, cv2.LINE_AA)
    rows, columns = picture.shape[:2]
    scale = min(0.78 * rows / sheet.shape[0], 0.9 * columns / sheet.shape[1])
    stretch = min(rng.uniform(1.0, 1.5), 0.92 * columns / (scale * sheet.shape[1]))
    size = (max(1, round(sheet.shape[1] * scale * stretch)), max(1, round(sheet.shape[0] * scale)))
    small = cv2.resize(sheet, size, interpolation=cv2.INTER_AREA).astype(np.float32)[..., None] / 255
    left, top = (columns - size[0]) // 2, (rows - size[1]) // 2
    part = picture[top : top + size[1], left : left + size[0]]
    part[:] = part * (1 - small) + ink * small


def _draw_pictogram(rng: np.random.Generator, picture: np.ndarray, ink: np.ndarray) -> int:
    """Draw a simple emblem at the left end; return the column where the words may start."""
    height = picture.shape[0]
    middle = height // 2
    radius = max(2, round(height * 0.3))
    kind = int(rng.integers(4))
    if kind == 0:
        cv2.circle(picture, (height // 2 + 2, middle), radius, _ink(ink), -1, cv2.LINE_AA)
    elif kind == 1:
        cv2.circle(picture, (height // 2 + 2, middle), radius, _ink(ink), max(1, radius // 3), cv2.LINE_AA)
    else:
        spikes = 5 if kind == 2 else 4
        turns = np.arange(2 * spikes) * np.pi / spikes
        reach = np.where(np.arange(2 * spikes) % 2 == 0, 1.0, 0.45) * radius
        star = np.stack([height // 2 + 2 + reach * np.sin(turns), middle - reach * np.cos(turns)], axis=1)
        cv2.fillPoly(picture, [np.round(star).astype(np.int32)], _ink(ink), cv2.LINE_AA)
    return height + 2


def _ink(colour: np.ndarray) -> tuple[float, ...]:
    return tuple(float(c) for c in colour)
