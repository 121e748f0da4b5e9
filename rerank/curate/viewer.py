"""A provider's own viewer beside the photo, in a frame, for curators who ask for it."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from data.curation.grid import Grid
from data.curation.harvest import mapillary
from data.curation.harvest.keys import MAPILLARY_TOKEN, key_from_environment
from data.curation.panoramax import ADDRESS, Panoramax
from data.curation.records import Spot
from data.curation.streetviews import ADVICE, REACH_M, TIMEOUT_S, WAITS_S, Nearest, StreetViews
from data.errors import SettingsError
from rerank.curate.elsewhere import check_template, origin_of

PLACE = "{id}"


class Viewing(NamedTuple):
    """Where a provider is asked which image is near, and the page that shows one, with {id} in it."""

    api: str
    page: str


VIEWERS = {
    "mapillary": Viewing(mapillary.ADDRESS, "https://www.mapillary.com/embed?image_key={id}&style=photo"),
    "panoramax": Viewing(ADDRESS, "https://api.panoramax.xyz/?focus=pic&pic={id}"),
}


@dataclass(frozen=True)
class Viewer:
    """The viewer of a provider of street views.

    nearest: finds the image to show. page: the address that shows it, with {id} in the place of the image's
    id. Raises SettingsError for another address, and for one without encryption that leaves this machine.
    """

    nearest: Nearest
    page: str

    def __post_init__(self) -> None:
        check_template("viewer page", self.page, (PLACE,), VIEWERS["mapillary"].page)

    @property
    def origin(self) -> str:
        """Return scheme, host and port: whose pages may be framed."""
        return origin_of(self.page)

    def shown(self) -> dict[str, Any]:
        """Return what the page needs to know of it."""
        return {"title": self.nearest.title, "reach": REACH_M}

    def view(self, spot: Spot) -> dict[str, Any]:
        """Return the image nearest to a spot as the page shows it, an empty one where none is near.

        Raises CurationError where the provider does not answer.
        """
        found = self.nearest.to(spot)
        if found is None:
            return {}
        sight, away_m = found
        return {
            "address": self.page.replace(PLACE, sight.id),
            "metres": round(away_m, 1),
            "heading": sight.heading,
            "day": sight.taken[:10],
        }


def viewer_of(provider: str, grid: Grid, api: str | None = None, page: str | None = None) -> Viewer:
    """Return the viewer of "mapillary" or "panoramax".

    api: another address of the provider's interface. page: another address of its viewer, with {id}. Raises
    SettingsError for another provider, a missing key, and an odd address.
    """
    if provider not in VIEWERS:
        raise SettingsError(f"--viewer {provider!r}: expected {' or '.join(VIEWERS)}")
    usual = VIEWERS[provider]
    return Viewer(Nearest(_views(provider, api or usual.api), grid), page or usual.page)


def _views(provider: str, api: str) -> StreetViews:
    if provider == "panoramax":
        return Panoramax(api)
    token = key_from_environment(MAPILLARY_TOKEN)
    return mapillary.Mapillary(token, address=api, waits_s=WAITS_S, timeout_s=TIMEOUT_S, advice=ADVICE)
