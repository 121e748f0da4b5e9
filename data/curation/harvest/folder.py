"""A local folder or table of photos: the provider that needs no key.

Positions come from a table's columns, else from `@` names, else from EXIF. A photo's id is a digest of its
file, so that the same file under two names is one photo. Beyond the columns that `data.tables` reads, a
table may have `licence`, `owner`, `page` and `accuracy`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from data.curation.harvest.facts import Facts, facts_of_name, facts_of_table, facts_of_tags
from data.curation.harvest.provider import Answer, Found, Refusal
from data.curation.harvest.window import Window
from data.curation.records import Photo
from data.datasets import is_table
from data.errors import CurationError, PhotoError
from data.files import digest_of, sha256_of_file
from data.scan import scan_folder, stamp

QUERIES_SPLIT = "queries"
_ID_DIGITS = 16


class Folder:
    """Photos of a folder or table; see `Provider`. Windows play no part: all photos are found at once.

    source: the folder, or a .csv or .parquet file. zone: UTM zone of names and rows that state none. split:
    of a table. licence: of photos for which no table states one, "" for the curator's own. Raises
    DatasetError where there are no photos.
    """

    name = "folder"

    def __init__(self, source: Path, zone: str, *, split: str = QUERIES_SPLIT, licence: str = "") -> None:
        self._source, self._zone = source.expanduser().absolute(), zone
        self._split, self._licence = split, licence
        self._is_table = is_table(self._source)
        stamps = {str(path): stamp(path) for path in self._files()}
        self.scope = f"{self._source} {split} {licence} {digest_of(stamps)}"

    def search(self, window: Window) -> Answer:
        """Find all photos."""
        answer, seen = Answer(0), set()
        for entry in self._of_table() if self._is_table else self._of_files():
            answer.expected += 1
            item = entry.item if isinstance(entry, Refusal) else entry.photo.item
            if item in seen:
                continue
            seen.add(item)
            if isinstance(entry, Refusal):
                answer.refusals.append(entry)
            else:
                answer.found.append(entry)
        return answer

    def fetch(self, found: Found, max_bytes: int) -> bytes:
        """Return a photo's file."""
        try:
            with Path(found.address).open("rb") as file:
                data = file.read(max_bytes + 1)
        except OSError as error:
            raise PhotoError(f"{found.address}: cannot be read: {error.strerror}") from error
        if len(data) > max_bytes:
            raise PhotoError(f"{found.address}: larger than {max_bytes / 2**20:g} MiB")
        return data

    def licence_of(self, photo_id: str) -> str | None:
        """Refuse: of local photos nobody but the curator knows, who has the removal list for it."""
        raise CurationError(f"{self.name}:{photo_id}: local photos cannot be rechecked")

    def _files(self) -> list[Path]:
        if self._is_table:
            return [self._source]
        return [self._source / path for path in scan_folder(self._source).paths]

    def _of_files(self) -> Iterator[Found | Refusal]:
        for path in self._files():
            yield self._entry(path, self._facts)

    def _of_table(self) -> Iterator[Found | Refusal]:
        for path, facts in facts_of_table(self._source, self._split, self._zone):
            yield self._entry(path, {path: facts}.get)

    def _facts(self, path: Path) -> Facts | None:
        return facts_of_name(path.name, self._zone) or facts_of_tags(path)

    def _entry(self, path: Path, facts_of: Callable[[Path], Facts | None]) -> Found | Refusal:
        try:
            photo_id = sha256_of_file(path)[:_ID_DIGITS]
        except OSError as error:
            item = f"{self.name}:{digest_of(str(path))}"
            return Refusal(item, str(path), f"{path}: cannot be read: {error.strerror}")
        try:
            facts = facts_of(path)
        except PhotoError as error:
            return Refusal(f"{self.name}:{photo_id}", str(path), str(error))
        if facts is None:
            reason = f"{path}: neither its name nor its EXIF tags carry a position; list it in a table"
            return Refusal(f"{self.name}:{photo_id}", str(path), reason)
        known: Facts = {"photo_id": photo_id, "licence": self._licence, "source": str(path)}
        return Found(Photo(self.name, **known | facts), str(path))
