"""What the page sends: strict forms, refused where anything is odd."""

import math
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from data.curation.records import REASONS, Action, Spot

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
ItemId = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{8,64}$")]
Seconds = Annotated[float, Field(ge=0, le=7 * 86400, allow_inf_nan=False)]
Metres = Annotated[float, Field(ge=-1e8, le=1e8, allow_inf_nan=False)]
Heading = Annotated[float, Field(ge=0, lt=360, allow_inf_nan=False)]


class Sent(BaseModel):
    """Anything sent. who: the curator."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    who: Name


class Once(Sent):
    """Anything to be done once. key: of this act, by which a second sending of it is known."""

    key: Key


class Judged(Once):
    """A decision on a photo. before, after: the spot shown and the one chosen, [east, north, heading]."""

    item: ItemId
    action: Action
    before: tuple[Metres, Metres, Heading | None]
    after: tuple[Metres, Metres, Heading | None]
    seconds: Seconds
    reason: str = ""
    panorama: Annotated[str, StringConstraints(pattern=r"^[\w:-]{0,120}$")] = ""

    @field_validator("reason")
    @classmethod
    def _known(cls, reason: str) -> str:
        if reason and reason not in REASONS:
            raise ValueError(f"expected one of {', '.join(REASONS)}")
        return reason

    @property
    def spots(self) -> tuple[Spot, Spot]:
        """Return before and after."""
        return Spot(*self.before), Spot(*self.after)

    @property
    def moved_m(self) -> float:
        """Return how far the photo was moved, metres."""
        return math.hypot(self.after[0] - self.before[0], self.after[1] - self.before[1])


class Matched(Once):
    """A word on positives: a reference that shows the scene, or the reason why none does."""

    item: ItemId
    reference: Annotated[str, StringConstraints(max_length=400)] = ""
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    seconds: Seconds


class Noted(Once):
    """A note on a photo; an empty one takes it away."""

    item: ItemId
    text: Annotated[str, StringConstraints(max_length=2000)]


class Compared(Sent):
    """A photo and a database photo to match. index: of the database."""

    item: ItemId
    index: Annotated[int, Field(ge=0)]


class Pasted(Sent):
    """An address of a street view."""

    text: Annotated[str, StringConstraints(max_length=5000)]
