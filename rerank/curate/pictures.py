"""Photos for the page: decoded, shrunk and encoded anew, so that no byte of a stranger's file reaches it."""

import threading
from collections import OrderedDict
from pathlib import Path

import cv2

from data.errors import PhotoError
from data.photos import photo_size, read_photo
from rerank.pictures.photos import shrunk

SIZES_PX = (320, 960, 2560)  # longer sides that may be asked for
LARGEST_PHOTO = 80_000_000  # pixels; more is refused before anything is decoded
KEPT_BYTES = 96 * 2**20
JPEG_QUALITY = 85


class Pictures:
    """JPEG files of photos in a few sizes, the latest kept in memory; may be shared by threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Path, int, int], bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def jpeg(self, path: Path, size_px: int) -> bytes:
        """Return a photo as JPEG, upright, its longer side at most `size_px` pixels.

        size_px: one of `SIZES_PX`. Raises PhotoError for another size and for a file that is missing, is no
        photo, is damaged, or has too many pixels.
        """
        if size_px not in SIZES_PX:
            raise PhotoError(f"{size_px} px: photos are shown in {', '.join(map(str, SIZES_PX))} px")
        try:
            stamp = path.stat().st_mtime_ns
        except OSError as error:
            raise PhotoError(f"{path.name}: cannot be read: {error.strerror}") from error
        key = (path, stamp, size_px)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        encoded = _encode(path, size_px)
        with self._lock:
            self._keep(key, encoded)
        return encoded

    def _keep(self, key: tuple[Path, int, int], encoded: bytes) -> None:
        if key in self._kept:  # by another thread, meanwhile
            return
        self._kept[key] = encoded
        self._bytes += len(encoded)
        while self._bytes > KEPT_BYTES:
            self._bytes -= len(self._kept.popitem(last=False)[1])


def _encode(path: Path, size_px: int) -> bytes:
    height, width = photo_size(path)
    if height * width > LARGEST_PHOTO:
        raise PhotoError(
            f"{path.name}: {width} x {height} pixels, more than {LARGEST_PHOTO:,}; scale the photo down"
        )
    bgr = cv2.cvtColor(shrunk(read_photo(path), size_px), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
