"""What the payloads of events hold, as frozen records that go to JSON and back.

Places are latitude and longitude in degrees as the provider gave them, and east and north in metres of the
project's UTM zone (`grid`) wherever a person has chosen; headings are degrees clockwise from north.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Self

LIGHTS = ("night", "dusk", "day")
PLACES = ("outdoor", "indoor")
UNSURE, CONFLICT = "unsure", "conflict"
UNDECIDED = (UNSURE, CONFLICT)
OR = " or "


class Record:
    """A frozen dataclass of JSON-able fields."""

    def payload(self) -> dict[str, Any]:
        """Return the fields as a JSON-able mapping."""
        return dataclasses.asdict(self)  # type: ignore[call-overload]

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Self:
        """Read `payload` back; names that this version does not know are left out."""
        known = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: value for name, value in payload.items() if name in known})


@dataclass(frozen=True)
class Photo(Record):
    """What a provider told of one photo.

    provider: "flickr", "mapillary" or "folder". photo_id: the provider's. page: address that shows it,
    "" for none. owner: name or id of who is to be credited. licence: as in `licences`, "" where unstated.
    taken: ISO 8601 without offset, "" where unknown; UTC where `utc_offset_min` is 0. utc_offset_min: of
    `taken`, None where the zone is unknown. accuracy: as the provider words it ("level 16", "12 m"). heading:
    None where unknown. fetched: UTC, ISO 8601. file: below the project's photos folder. source: where the
    photo came from, for a local one its path.
    """

    provider: str
    photo_id: str
    latitude: float
    longitude: float
    licence: str = ""
    page: str = ""
    owner: str = ""
    taken: str = ""
    utc_offset_min: int | None = None
    accuracy: str = ""
    heading: float | None = None
    fetched: str = ""
    file: str = ""
    source: str = ""

    @property
    def item(self) -> str:
        """Return the id of the photo's item, unique in a project."""
        return f"{self.provider}:{self.photo_id}"


class Spot(NamedTuple):
    """A place and a way of looking. east, north: metres in the project's zone. heading: None if unknown."""

    east: float
    north: float
    heading: float | None = None


class Action(StrEnum):
    """What a curator did with a photo."""

    ACCEPT = "accept"
    MOVE = "move"
    SKIP = "skip"
    REJECT = "reject"


REASONS = ("indoor", "day", "blur", "person", "copy", "not placeable")


@dataclass(frozen=True)
class Decision(Record):
    """One decision of a curator on one photo; the sequence number of its event names it.

    reason: one of `REASONS` for a rejection, "" otherwise. before, after: the spot that was shown and the
    one that was chosen, [east, north, heading or null] each; equal unless it was moved. panorama: id of the
    street view whose place was taken over, "" for none. seconds: from the photo's showing to the key.
    """

    action: str
    before: Spot
    after: Spot
    seconds: float
    reason: str = ""
    panorama: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "before", Spot(*self.before))
        object.__setattr__(self, "after", Spot(*self.after))


@dataclass(frozen=True)
class Match(Record):
    """A curator's word on whether the database shows the photo's scene.

    reference: base name of a database photo that shows it, "" where none does. reason: why the photo is
    set aside, "" where one does. seconds: that it took.
    """

    reference: str
    seconds: float
    reason: str = ""


@dataclass(frozen=True)
class Sign(Record):
    """One thing that speaks for or against a kind of photo.

    name: such as "sun". value: as shown to a person, with its unit. allows: the answers that it leaves
    possible, such as ["night", "dusk"]; empty where it says nothing.
    """

    name: str
    value: str
    allows: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "allows", tuple(self.allows))


@dataclass(frozen=True)
class Sorting(Record):
    """What the signs of a photo come to.

    light: what they leave of "night", "dusk" and "day", such as "night" or "dusk or day"; "unsure" where they
    say too little, "conflict" where they contradict one another. place: the same of "outdoor" and "indoor".
    light_signs, place_signs: what spoke. sharpness: variance of the Laplacian; larger is sharper. look: the
    perceptual hash in hexadecimal digits, "" where it says nothing. made_by: digest of the step's settings.
    """

    light: str
    place: str
    light_signs: tuple[Sign, ...]
    place_signs: tuple[Sign, ...]
    sharpness: float
    look: str
    made_by: str = ""

    def __post_init__(self) -> None:
        for name in ("light_signs", "place_signs"):
            signs = tuple(s if isinstance(s, Sign) else Sign.of(s) for s in getattr(self, name))
            object.__setattr__(self, name, signs)

    def leaves_open(self, light: str) -> bool:
        """Tell whether the signs do not rule out a light."""
        return self.light in UNDECIDED or light in self.light.split(OR)


@dataclass(frozen=True)
class Membership(Record):
    """A photo's part in a group of near copies. group: item id of its leader. kept: whether it is shown."""

    group: str
    kept: bool
