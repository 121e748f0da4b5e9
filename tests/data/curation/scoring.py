"""How much of the drawn city was sorted right: its truth is known."""

from data.curation.project import Project
from data.curation.queue import ruled_out
from tests.data.curation.drawn import DrawnCity


def scores(made: Project, city: DrawnCity) -> dict[str, float]:
    """Return precision and recall of the verdicts "night" and "outdoor", and what was wrongly put aside."""
    sortings = [(item, city.truth_of(item.photo), item.sorting) for item in made.state().items.values()]
    found = {}
    for name in ("night", "outdoor"):
        said = [name in (sorting.light, sorting.place) for _, _, sorting in sortings if sorting]
        true = [name in (truth.light, truth.place) for _, truth, _ in sortings]
        both = sum(s and t for s, t in zip(said, true, strict=True))
        found[f"precision of {name}"] = both / sum(said)
        found[f"recall of {name}"] = both / sum(true)
    wanted = [item for item, truth, _ in sortings if (truth.light, truth.place) == ("night", "outdoor")]
    found["wanted"] = len(wanted)
    found["wanted and put aside"] = sum(bool(ruled_out(item, made.settings)) for item in wanted)
    unwanted = [item for item, truth, _ in sortings if truth.light == "day" and truth.place == "outdoor"]
    found["by day and put aside"] = sum(bool(ruled_out(item, made.settings)) for item in unwanted) / len(
        unwanted
    )
    return found
