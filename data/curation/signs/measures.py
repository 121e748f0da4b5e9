"""What is measured of a photo's pixels for sorting and grouping."""

from dataclasses import dataclass

import cv2
import numpy as np

from data.curation.looks import look_of

LONG_EDGE_PX = 512  # that photos are scaled down to, so that numbers compare between cameras
_UPPER_SHARE = 1 / 3
_SHADOW_SHARE = 0.1
_BRIGHT, _RISE, _DARK_AROUND = 0.9, 0.5, 0.25  # of a point light, over what is around it
_LIGHT_WIDTH, _LIGHT_AREA = 0.04, 0.002  # of the photo's long edge and area, at most
_AROUND = 0.06  # of the long edge
_BLOCK_PX = 8
_QUIET_SHARE = 0.05  # of the blocks, in which noise is not texture
_SKY_BAND = 0.12  # of the height, below the upper edge
_FLAT = 0.06  # difference between neighbours in a sky
_SKY_DARK, _SKY_BRIGHT = 0.22, 0.35


@dataclass(frozen=True)
class Measures:
    """Numbers of one photo.

    brightness, upper_brightness: means of the photo and of its upper third, 0 black to 1 white. shadows: the
    level below which the darkest tenth of the photo is. point_lights: small bright spots in the dark. noise:
    standard deviation in flat parts, of 255. upper_warmth: red over blue in the upper third. sky: share of
    the upper edge below which is sky, dark or bright. sharpness: variance of the Laplacian, in squared grey
    levels. look: `looks.look_of`.
    """

    brightness: float
    upper_brightness: float
    shadows: float
    point_lights: int
    noise: float
    upper_warmth: float
    sky: float
    sharpness: float
    look: str


def measure(photo: np.ndarray) -> Measures:
    """Measure a photo, uint8 RGB (H, W, 3)."""
    small = _scaled(photo)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    upper = max(1, round(len(grey) * _UPPER_SHARE))
    red, _, blue = small[:upper].reshape(-1, 3).mean(axis=0)
    return Measures(
        brightness=float(grey.mean() / 255),
        upper_brightness=float(grey[:upper].mean() / 255),
        shadows=float(np.quantile(grey, _SHADOW_SHARE) / 255),
        point_lights=_count_lights(grey),
        noise=_noise(grey),
        upper_warmth=float((red + 1) / (blue + 1)),
        sky=_sky_share(small, grey),
        sharpness=_sharpness(grey),
        look=look_of(grey),
    )


def _scaled(photo: np.ndarray) -> np.ndarray:
    height, width = photo.shape[:2]
    scale = LONG_EDGE_PX / max(height, width)
    if scale >= 1:
        return photo
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(photo, size, interpolation=cv2.INTER_AREA)


def _sharpness(grey: np.ndarray) -> float:
    """Return the variance of the Laplacian, after a blur that keeps noise from passing for detail."""
    return float(cv2.Laplacian(cv2.GaussianBlur(grey, (0, 0), 1.0), cv2.CV_32F).var())


def _count_lights(grey: np.ndarray) -> int:
    """Count small bright spots that stand out from dark surroundings."""
    value = grey.astype(np.float32) / 255
    edge = max(grey.shape)
    width = 2 * round(edge * _LIGHT_WIDTH / 2) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    rise = value - cv2.morphologyEx(value, cv2.MORPH_OPEN, kernel)
    around = cv2.blur(value, (2 * round(edge * _AROUND) + 1,) * 2)
    lights = (value > _BRIGHT) & (rise > _RISE) & (around < _DARK_AROUND)
    _, _, found, _ = cv2.connectedComponentsWithStats(lights.astype(np.uint8), connectivity=8)
    areas = found[1:, cv2.CC_STAT_AREA]
    return int(((areas >= 2) & (areas <= _LIGHT_AREA * grey.size)).sum())


def _noise(grey: np.ndarray) -> float:
    """Return the deviation from a smoothed photo in its quietest blocks, black and white ones left out."""
    value = grey.astype(np.float32)
    rest = value - cv2.GaussianBlur(value, (5, 5), 1.2)
    rows, columns = (side // _BLOCK_PX for side in grey.shape)
    if not rows or not columns:
        return 0.0
    blocks = (rows, _BLOCK_PX, columns, _BLOCK_PX)
    kept = (slice(rows * _BLOCK_PX), slice(columns * _BLOCK_PX))
    deviation = rest[kept].reshape(blocks).std(axis=(1, 3))
    level = value[kept].reshape(blocks).mean(axis=(1, 3))
    usable = deviation[(level > 8) & (level < 247)]
    return float(np.quantile(usable, _QUIET_SHARE)) if usable.size else 0.0


def _sky_share(rgb: np.ndarray, grey: np.ndarray) -> float:
    """Return the share of columns that begin at the upper edge with flat darkness, or flat light not warm."""
    band = max(2, round(len(grey) * _SKY_BAND))
    value = cv2.blur(grey[:band], (3, 3)).astype(np.float32) / 255
    top = rgb[:band].astype(np.float32)
    flat = np.ptp(value, axis=0) < _FLAT
    level = value.mean(axis=0)
    not_warm = top[..., 2].mean(axis=0) >= top[..., 0].mean(axis=0)
    return float((flat & ((level < _SKY_DARK) | ((level > _SKY_BRIGHT) & not_warm))).mean())
