"""Who is asked about which photo: machines put aside what is certain alone, curators share the rest."""

from pathlib import Path

import pytest

from data.curation.events import Draft, Kind
from data.curation.journal import Journal
from data.curation.queue import ruled_out, shown_twice, waiting
from data.curation.state import State
from tests.data.curation.made import Clock, decided, grouped, harvested, settings, sorted_as

ALONE, TWICE = settings(twice_share=0.0), settings(twice_share=1.0)


class Table:
    def __init__(self, folder: Path) -> None:
        self.journal = Journal(folder / "journal.sqlite", Clock())
        self.append("harvest", *[harvested(number) for number in range(1, 5)])

    def append(self, who: str, *drafts: Draft) -> None:
        self.journal.append(who, *drafts)
        self.state = State().take(self.journal.events())

    def waiting(self, who: str, chosen: object = ALONE) -> list[int]:
        return [int(item.photo.photo_id) for item in waiting(self.state, chosen, who)]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


def test_what_all_signs_agree_on_is_put_aside_and_doubt_is_shown(table: Table) -> None:
    table.append("sort", sorted_as(1, "day"), sorted_as(2, "conflict"), sorted_as(3, "night", "indoor"))
    table.append("group", grouped(2, 4, kept=False))
    reasons = [ruled_out(item, ALONE) for item in table.state.items.values()]
    assert reasons == ["day", "near copy of flickr:4", "indoor", ""]
    assert table.waiting("ada") == [4]
    table.append("sort", sorted_as(1, "unsure", "conflict"), sorted_as(4, "dusk"))
    table.append("recheck", Draft(Kind.WITHDRAWN, "flickr:2", {"reason": "withdrawn"}))
    assert [ruled_out(item, ALONE) for item in table.state.items.values()] == [
        "",
        "withdrawn",
        "indoor",
        "dusk",
    ]
    dusk = settings(light="dusk")
    assert [ruled_out(item, dusk) for item in table.state.items.values()] == ["", "withdrawn", "indoor", ""]


def test_a_second_curator_sees_what_the_first_did_not_decide_alone(table: Table) -> None:
    table.append("ada", decided(1), decided(2, "skip"))
    assert table.waiting("ada") == [3, 4]
    assert table.waiting("bob") == [2, 3, 4]
    assert table.waiting("bob", TWICE) == [1, 2, 3, 4]
    table.append("bob", decided(1))
    assert table.waiting("eve", TWICE) == [2, 3, 4]


def test_what_two_dispute_is_shown_to_a_third(table: Table) -> None:
    table.append("ada", decided(1))
    table.append("bob", decided(1, "reject", reason="blur"))
    assert table.waiting("eve") == [1, 2, 3, 4]
    assert table.waiting("ada") == [2, 3, 4]
    table.append("eve", decided(1))
    assert table.waiting("dan") == [2, 3, 4]  # her word decided it


def test_an_undone_decision_is_asked_again(table: Table) -> None:
    table.append("ada", decided(1))
    undo = table.state.undo("ada")
    assert undo is not None
    table.append("ada", undo)
    assert table.waiting("ada") == [1, 2, 3, 4]


def test_the_share_shown_twice_is_that_of_the_settings() -> None:
    tenth = settings(twice_share=0.1)
    ids = [f"flickr:{number}" for number in range(4000)]
    chosen = [shown_twice(name, tenth) for name in ids]
    assert sum(chosen) == pytest.approx(400, abs=60)  # three standard deviations
    assert chosen == [shown_twice(name, tenth) for name in ids]
    assert chosen != [shown_twice(name, settings(seed=1)) for name in ids]
