"""A drawn city to be curated: photos by day, by night and indoors, with copies, wrong positions, missing
times and turned files, spread over a folder and the stand-ins of Flickr and Mapillary; all is known of them.
"""

import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from data.city import PHOTOS, CitySettings, draw_city
from data.curation.grid import Grid
from data.curation.records import Photo
from data.names import PhotoName, parse_name, parse_time
from data.photos import read_photo
from tests.data.curation.rooms import draw_room
from tests.data.curation.standins import FlickrStandIn, MapillaryStandIn, Shot
from tests.data.samples import ORIENTATION_TAG

GRID = Grid("10S")
TIME_ZONE = ZoneInfo("America/Los_Angeles")
FARTHEST_M = 200.0
# What a file with an EXIF orientation stores, so that turning it as told gives the photo again.
_STORED = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}


@dataclass(frozen=True)
class Counts:
    """How many photos of each sort. night: of which `copies` more are made, half of them exact ones."""

    night: int
    day: int
    indoor: int
    copies: int
    database: int
    width: int = 320
    height: int = 240
    seed: int = 4

    @property
    def total(self) -> int:
        return self.night + self.day + self.indoor + self.copies


QUICK = Counts(night=20, day=14, indoor=14, copies=12, database=12, width=160, height=120)
WHOLE = Counts(night=110, day=90, indoor=50, copies=50, database=120)


@dataclass
class Truth:
    """What is true of one photo.

    number: its id everywhere is made of it. light, place: "night" or "day", "outdoor" or "indoor". east,
    north, heading: where it was taken. told_east, told_north: where its tags say so. taken: local time.
    copy_of: number of the photo that it copies. exact: whether only the file was encoded anew.
    """

    number: int
    light: str
    place: str
    east: float
    north: float
    heading: float
    taken: datetime
    pixels: np.ndarray = field(repr=False)
    told_east: float = 0.0
    told_north: float = 0.0
    timeless: bool = False
    orientation: int = 1
    quality: int = 90
    copy_of: int | None = None
    exact: bool = False

    @property
    def error_m(self) -> float:
        return float(np.hypot(self.told_east - self.east, self.told_north - self.north))

    @property
    def degrees(self) -> tuple[float, float]:
        latitude, longitude = GRID.to_degrees(np.array([[self.told_east, self.told_north]]))[0].tolist()
        return latitude, longitude

    @property
    def local(self) -> str:
        return f"{self.taken:%Y-%m-%d %H:%M:%S}"

    @property
    def utc(self) -> str:
        return f"{self.taken.replace(tzinfo=TIME_ZONE).astimezone(ZoneInfo('UTC')):%Y-%m-%d %H:%M:%S}"


@dataclass(frozen=True)
class DrawnCity:
    """database: a dataset's folder. folder: local photos. flickr, mapillary: stand-ins, not yet serving.

    truths: item id -> truth; a folder's photo is under its file's name instead, "folder:NUMBER".
    """

    database: Path
    folder: Path
    flickr: FlickrStandIn
    mapillary: MapillaryStandIn
    truths: dict[str, Truth]

    @property
    def truths_by_number(self) -> dict[int, Truth]:
        return {truth.number: truth for truth in self.truths.values()}

    def truth_of(self, photo: Photo) -> Truth:
        name = Path(photo.source).stem if photo.provider == "folder" else photo.photo_id
        return self.truths[f"{photo.provider}:{name}"]


def draw_for_curation(root: Path, counts: Counts) -> DrawnCity:
    """Draw a city and photos of it below `root`; the same counts always give the same photos."""
    queries = max(counts.night, counts.day)
    settings = CitySettings(
        seed=counts.seed,
        database_count=counts.database,
        query_count=queries,
        width=counts.width,
        height=counts.height,
    )
    drawn = draw_city(root / "drawn", settings)
    rng = np.random.default_rng(counts.seed)
    truths = _outdoors(drawn, "night", counts.night) + _outdoors(drawn, "day", counts.day)
    truths += _rooms(rng, truths, counts)
    truths += _copies(rng, truths[: counts.night], counts.copies)
    for number, truth in enumerate(truths):
        truth.number = number
    _spoil(rng, truths)
    return _spread(root, drawn, truths)


def _outdoors(drawn: Path, light: str, count: int) -> list[Truth]:
    paths = sorted((drawn / PHOTOS / f"queries_{light}").glob("*.jpg"))
    paths.sort(key=lambda path: parse_name(path.name).pano_id or "")  # names sort by easting
    return [_truth(parse_name(path.name), light, read_photo(path)) for path in paths[:count]]


def _truth(name: PhotoName, light: str, pixels: np.ndarray) -> Truth:
    taken = parse_time(name.timestamp).astype(datetime)
    heading = name.heading or 0.0
    return Truth(0, light, "outdoor", name.east, name.north, heading, taken, pixels, name.east, name.north)


def _rooms(rng: np.random.Generator, outdoors: list[Truth], counts: Counts) -> list[Truth]:
    """Draw rooms at the places and times of outdoor photos, by day and by night."""
    rooms = []
    for near in rng.choice(len(outdoors), counts.indoor):
        like = outdoors[near]
        pixels = draw_room(rng, counts.width, counts.height)
        rooms.append(_like(like, pixels, minutes=17))
        rooms[-1].place = "indoor"
    return rooms


def _copies(rng: np.random.Generator, originals: list[Truth], count: int) -> list[Truth]:
    """Copy photos: the same pixels at another quality and place, or the same view a moment later."""
    copies = []
    for number, index in enumerate(rng.choice(len(originals), count, replace=False)):
        original, exact = originals[index], number % 2 == 0
        pixels = original.pixels
        if not exact:
            pixels = np.clip(pixels[2:, 3:] * 1.04 + rng.normal(0, 3, pixels[2:, 3:].shape), 0, 255)
        copy = _like(original, pixels.astype(np.uint8), minutes=1)
        copy.copy_of, copy.exact, copy.quality = int(index), exact, 70
        copies.append(copy)
    return copies


def _like(truth: Truth, pixels: np.ndarray, minutes: int) -> Truth:
    taken = truth.taken + timedelta(minutes=minutes)
    place = truth.east, truth.north
    return Truth(0, truth.light, truth.place, *place, truth.heading, taken, pixels, *place)


def _spoil(rng: np.random.Generator, truths: list[Truth]) -> None:
    """Let every other photo be told at a wrong place, some without a time, some in a turned file."""
    for truth in truths:
        if truth.number % 2:
            away = FARTHEST_M * np.sqrt(rng.random())
            way = rng.uniform(0, 2 * np.pi)
            truth.told_east += away * np.cos(way)
            truth.told_north += away * np.sin(way)
        truth.timeless = truth.number % 7 == 3
        truth.orientation = (1, 3, 6, 8)[truth.number % 4]


def _spread(root: Path, drawn: Path, truths: list[Truth]) -> DrawnCity:
    """Give a third of the photos to each provider."""
    city = DrawnCity(drawn, root / "local", FlickrStandIn([]), MapillaryStandIn([]), {})
    city.folder.mkdir()
    for truth in truths:
        kind = ("folder", "flickr", "mapillary")[truth.number % 3]
        name = str(10_000 + truth.number)
        city.truths[f"{kind}:{name}"] = truth
        if kind == "folder":
            (city.folder / f"{name}.jpg").write_bytes(_file(truth, tagged=True))
        elif kind == "flickr":
            granularity = "4" if truth.timeless else "0"
            shot = Shot(name, *truth.degrees, truth.local, data=_file(truth), granularity=granularity)
            city.flickr.shots.append(shot)
        else:
            shot = Shot(name, *truth.degrees, truth.utc, heading=truth.heading, data=_file(truth))
            city.mapillary.shots.append(shot)
    return city


def _file(truth: Truth, *, tagged: bool = False) -> bytes:
    """Return a photo's JPEG file. tagged: with its place and time in EXIF."""
    exif = Image.Exif()
    image = Image.fromarray(truth.pixels)
    if truth.orientation != 1:
        exif[ORIENTATION_TAG] = truth.orientation
        image = image.transpose(_STORED[truth.orientation])
    if tagged:
        exif.get_ifd(IFD.GPSInfo).update(_gps(truth))
        if not truth.timeless:
            exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = f"{truth.taken:%Y:%m:%d %H:%M:%S}"
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=truth.quality, exif=exif)
    return buffer.getvalue()


def _gps(truth: Truth) -> dict[int, object]:
    latitude, longitude = truth.degrees
    return {
        GPS.GPSLatitudeRef: "N" if latitude >= 0 else "S",
        GPS.GPSLatitude: (abs(latitude), 0.0, 0.0),
        GPS.GPSLongitudeRef: "E" if longitude >= 0 else "W",
        GPS.GPSLongitude: (abs(longitude), 0.0, 0.0),
        GPS.GPSImgDirection: truth.heading,
    }
