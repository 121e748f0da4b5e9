"""A reviewed project: photos on disk, decisions of two curators, positives confirmed."""

from pathlib import Path
from typing import Any

from PIL import Image

from data.curation.events import Draft, Kind
from data.curation.project import Project
from data.curation.records import Match, Spot
from tests.data.curation.made import decided, harvested, project, sorted_as
from tests.data.samples import encoded, named, noise, oriented

POSITIVE = named(500000)
OWNERS = {1: "Ada <b>L</b> | x", 2: "Bob"}


def matched(number: int, reference: str = POSITIVE, reason: str = "") -> Draft:
    return Draft(Kind.MATCHED, f"flickr:{number}", Match(reference, 2.0, reason).payload())


def put_photo(made: Project, number: int, **options: Any) -> None:
    path = made.photos / f"flickr/{number}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(Image.fromarray(noise(32, 48, seed=number)), **options))


def spot(number: int) -> Spot:
    return Spot(500000.0 + number, 4180000.25, 10.0 * number)


def reviewed(folder: Path, **changes: Any) -> Project:
    """Make eight photos: 1 to 3 to be exported, each other left out at another step.

    The third is stored sideways. Of 1 and 2 two curators agree, about 7 they do not.
    """
    made = project(folder, **changes)
    taken = {"taken": "2024-05-17T22:30:00", "utc_offset_min": 120}
    made.journal.append(
        "harvest",
        *(
            harvested(n, owner=OWNERS.get(n, f"owner{n}"), page=f"https://x/{n}", **taken)
            for n in range(1, 9)
        ),
    )
    for number in range(1, 9):
        put_photo(made, number, **({"exif": oriented(6)} if number == 3 else {}))
    made.journal.append("sort", sorted_as(5, "day"))
    made.journal.append("bob", decided(1, "accept", spot(2)), decided(6, "reject", reason="blur"))
    made.journal.append("bob", decided(7, "reject", reason="person"), decided(2, "move", spot(2)))
    made.journal.append("ada", *(decided(n, "move", spot(n)) for n in (1, 2, 3, 4, 7)))
    made.journal.append("ada", decided(6, "reject", reason="blur"))
    made.journal.append("ada", *(matched(n) for n in (1, 2, 3)), matched(4, "", "wall is gone"))
    return made
