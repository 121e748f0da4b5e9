"""What tests of harvesting share: made-up photos, and providers that ask their stand-ins."""

from datetime import UTC, datetime

import numpy as np
from PIL import Image

from data.curation.harvest.flickr import Flickr
from data.curation.harvest.mapillary import Mapillary
from data.curation.harvest.provider import Provider
from data.curation.harvest.window import Window, windows_of
from data.curation.project import Project
from tests.data.curation.made import Clock
from tests.data.curation.standins import KEY, FlickrStandIn, Shot, StandIn
from tests.data.samples import encoded, noise

SINCE, UNTIL = datetime(2010, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
PHOTO = encoded(Image.fromarray(noise(24, 32)))


def shots(count: int, **changes: object) -> list[Shot]:
    """Return photos all over the area of the project, taken over some years."""
    draw = np.random.default_rng(5)
    made = []
    for number in range(count):
        latitude, longitude = draw.uniform(37.751, 37.779), draw.uniform(-122.469, -122.441)
        taken = f"201{number % 8}-0{number % 9 + 1}-03 2{number % 3}:15:{number % 60:02d}"
        made.append(Shot(str(1000 + number), float(latitude), float(longitude), taken, data=PHOTO))
        vars(made[-1]).update(changes)
    return made


def flickr_of(server: StandIn, made: Project, key: str = KEY) -> Flickr:
    clock = Clock()
    return Flickr(
        key, made.settings.allows, address=server.base, waits_s=(1, 2), now=clock.seconds, sleep=clock.sleep
    )


def mapillary_of(server: StandIn, key: str = KEY) -> Mapillary:
    clock = Clock()
    return Mapillary(key, address=server.base, waits_s=(1, 2), now=clock.seconds, sleep=clock.sleep)


def windows(made: Project) -> list[Window]:
    return windows_of(made.settings.box, SINCE, UNTIL)


def ids(made: Project) -> set[str]:
    return {item.photo.photo_id for item in made.state().items.values()}


def providers(server: StandIn, made: Project, key: str = KEY) -> Provider:
    return flickr_of(server, made, key) if isinstance(server, FlickrStandIn) else mapillary_of(server, key)
