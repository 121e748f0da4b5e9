"""Windows of area and time, into which a search is split until the provider's cap holds all of each."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from data.curation.area import Area
from data.errors import SettingsError

# Alternating between coarse and fine parts the photos of one place by date before it grinds space to dust.
_SPLIT_AREA_M = (500.0, 5.0)
_SPLIT_TIME = (timedelta(days=1), timedelta(seconds=1))


@dataclass(frozen=True)
class Window:
    """An area that does not cross the antimeridian, and times from `since` to `until`, both UTC.

    Windows that touch share their border, so that nothing falls between: a photo may be found twice.
    """

    area: Area
    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if self.since >= self.until:
            raise SettingsError(
                f"photos since {self.since:%Y-%m-%d} until {self.until:%Y-%m-%d}: expected since before until"
            )

    @property
    def key(self) -> str:
        """Return a text that tells this window from all others."""
        edges = (self.area.west, self.area.south, self.area.east, self.area.north)
        return f"{','.join(map(repr, edges))} {_iso(self.since)} {_iso(self.until)}"

    def halves(self) -> tuple["Window", "Window"] | None:
        """Return two windows that together are this one, None for one too small to split."""
        for area_m, time in zip(_SPLIT_AREA_M, _SPLIT_TIME, strict=True):
            if max(self.area.size_m) > area_m:
                first, second = self.area.halves()
                return Window(first, self.since, self.until), Window(second, self.since, self.until)
            if self.until - self.since > time:
                middle = (self.since + (self.until - self.since) / 2).replace(microsecond=0)
                return Window(self.area, self.since, middle), Window(self.area, middle, self.until)
        return None


def windows_of(area: Area, since: datetime, until: datetime) -> list[Window]:
    """Return the windows that together are an area and a time; two where it crosses the antimeridian."""
    return [Window(piece, since.astimezone(UTC), until.astimezone(UTC)) for piece in area.pieces]


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
