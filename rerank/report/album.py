"""The report's photos: each one once, shrunk, as a JPEG of its own."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from data.decode import map_ahead
from data.files import digest_of
from rerank.pictures.photos import load_picture
from rerank.progress import stage

QUALITY = 80
WORKERS = 2
PHOTOS = "photos"  # folder of the report


@dataclass
class Album:
    """Photos wanted, then written, into `folder`.

    edge_px: of the longer side at most. exif: turn them upright by their EXIF orientation. absent: what is
    said of photos that could not be shown.
    """

    folder: Path
    edge_px: int
    exif: bool = True
    absent: dict[Path, str] = field(default_factory=dict)
    _names: dict[Path, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._names) - len(self.absent)

    def add(self, paths: Iterable[Path]) -> None:
        """Write the photos at `paths` that are not there yet."""
        new = [path for path in dict.fromkeys(paths) if path not in self._names]
        self.folder.mkdir(parents=True, exist_ok=True)
        self._names |= {path: digest_of([str(path), self.edge_px, self.exif]) for path in new}
        with stage("shrinking photos", len(new)) as progress:
            for path, fault in map_ahead(lambda path: (path, self._write(path)), new, workers=WORKERS):
                if fault:
                    self.absent[path] = fault
                progress.advance()

    def name(self, path: Path) -> str | None:
        """Return the name of a photo's JPEG, without suffix; None where it cannot be shown."""
        return None if path in self.absent else self._names[path]

    def _write(self, path: Path) -> str:
        """Write one photo, and return why it could not be shown, "" otherwise."""
        picture = load_picture(path, self.edge_px, exif=self.exif)
        if picture.pixels is not None:
            Image.fromarray(picture.pixels).save(self.folder / f"{self._names[path]}.jpg", quality=QUALITY)
        return picture.fault
