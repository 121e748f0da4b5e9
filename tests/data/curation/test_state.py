"""The fold: what events come to, undo of any depth, and that following a long journal is quick."""

from pathlib import Path

import pytest

from data.curation.events import Draft, Kind
from data.curation.items import Item
from data.curation.journal import Journal
from data.curation.records import Decision, Match, Sign, Spot
from data.curation.state import State
from data.errors import CurationError
from tests.data.curation.made import SPOT, Clock, decided, grouped, harvested, photo, sorted_as

MOVED = Spot(548010.0, 4180020.0, 45.0)


class Desk:
    """A journal and the state that follows it."""

    def __init__(self, folder: Path) -> None:
        self.journal = Journal(folder / "journal.sqlite", Clock())
        self.state = State()

    def append(self, who: str, *drafts: Draft | None) -> State:
        self.journal.append(who, *[draft for draft in drafts if draft is not None])
        return self.follow()

    def follow(self) -> State:
        return self.state.take(self.journal.events(self.state.sequence))

    def item(self, number: int = 1) -> Item:
        return self.state.items[f"flickr:{number}"]

    def action(self, number: int, who: str = "ada") -> str:
        said = self.item(number).decisions().get(who)
        return said.action if said else ""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.append("harvest", *[harvested(number) for number in range(1, 6)])
    return desk


def test_a_photo_comes_back_with_all_that_was_told_of_it(desk: Desk) -> None:
    made = photo(9, heading=12.5, taken="2020-01-02T21:00:00", utc_offset_min=60, accuracy="level 16")
    desk.append("harvest", Draft(Kind.HARVESTED, made.item, made.payload()))
    assert desk.item(9).photo == made
    assert list(desk.state.items) == [f"flickr:{n}" for n in (1, 2, 3, 4, 5, 9)]


def test_signs_and_groups_are_kept(desk: Desk) -> None:
    sun = Sign("sun", "-12.3 degrees", ("night",))
    desk.append("sort", sorted_as(1, light_signs=(sun,)), grouped(2, 1, kept=False))
    sorting, membership = desk.item(1).sorting, desk.item(2).membership
    assert sorting is not None
    assert (sorting.light, sorting.light_signs) == ("night", (sun,))
    assert membership is not None
    assert (membership.group, membership.kept) == ("flickr:1", False)


def test_a_decision_is_kept_with_its_positions(desk: Desk) -> None:
    desk.append("ada", decided(1, "move", MOVED, panorama="pano-7"))
    settled = desk.item(1).settled()
    assert settled == Decision("move", SPOT, MOVED, 1.5, panorama="pano-7")
    assert settled.after.heading == 45.0


def test_undo_and_redo_of_any_depth(desk: Desk) -> None:
    desk.append("ada", decided(1), decided(2, "reject", reason="day"), decided(1, "move", MOVED))
    assert (desk.action(1), desk.action(2)) == ("move", "reject")
    desk.append("ada", desk.state.undo("ada"))
    assert (desk.action(1), desk.action(2)) == ("accept", "reject")
    desk.append("ada", desk.state.undo("ada"))
    desk.append("ada", desk.state.undo("ada"))
    assert (desk.action(1), desk.action(2)) == ("", "")
    assert desk.state.undo("ada") is None
    for expected in (("accept", ""), ("accept", "reject"), ("move", "reject")):
        desk.append("ada", desk.state.redo("ada"))
        assert (desk.action(1), desk.action(2)) == expected
    assert desk.state.redo("ada") is None


def test_a_new_decision_ends_what_could_be_redone(desk: Desk) -> None:
    desk.append("ada", decided(1))
    desk.append("ada", desk.state.undo("ada"))
    desk.append("ada", decided(2))
    assert desk.state.redo("ada") is None
    desk.append("ada", desk.state.undo("ada"))
    assert (desk.action(1), desk.action(2)) == ("", "")


def test_curators_undo_their_own_decisions_alone(desk: Desk) -> None:
    desk.append("ada", decided(1))
    desk.append("bob", decided(1, "reject", reason="blur"))
    desk.append("ada", desk.state.undo("ada"))
    assert desk.state.undo("ada") is None
    assert (desk.action(1, "ada"), desk.action(1, "bob")) == ("", "reject")
    assert desk.state.curators() == ["ada", "bob"]


def test_two_windows_that_undo_one_decision_undo_it_once(desk: Desk) -> None:
    desk.append("ada", decided(1), decided(2))
    same = desk.state.undo("ada")
    desk.append("ada", same, same)
    assert (desk.action(1), desk.action(2)) == ("accept", "")
    again = desk.state.undo("ada")
    assert again is not None
    assert again.item == "flickr:1"


REJECTED = decided(1, "reject", reason="day")


def test_two_who_contradict_one_another_settle_nothing_and_a_third_decides(desk: Desk) -> None:
    desk.append("ada", decided(1, "move", MOVED))
    assert not desk.item(1).disputed()
    desk.append("bob", REJECTED)
    assert desk.item(1).disputed()
    assert desk.item(1).settled() is None
    desk.append("eve", decided(1, "skip"))
    assert desk.item(1).disputed()  # a skip says nothing
    desk.append("eve", decided(1))
    assert not desk.item(1).disputed()
    assert desk.item(1).settled() == Decision("accept", SPOT, SPOT, 1.5)  # the newest of those who take it
    desk.append("eve", REJECTED)
    settled = desk.item(1).settled()
    assert settled is not None
    assert settled.action == "reject"
    assert list(desk.item(1).judgements()) == ["ada", "bob", "eve"]
    desk.append("dan", decided(1))
    assert desk.item(1).disputed()  # two to two


def test_a_curator_who_looks_again_at_a_dispute_decides_it(desk: Desk) -> None:
    desk.append("ada", decided(1), decided(1))
    desk.append("bob", REJECTED)
    assert desk.item(1).disputed()  # what was said twice before is one word
    desk.append("ada", decided(1, "move", MOVED))
    assert desk.item(1).settled() == Decision("move", SPOT, MOVED, 1.5)
    undo = desk.state.undo("ada")
    assert undo is not None
    desk.append("ada", undo)
    assert desk.item(1).disputed()
    desk.append("ada", REJECTED)
    assert desk.action(1, "ada") == desk.action(1, "bob") == "reject"
    assert not desk.item(1).disputed()


def test_matches_and_notes(desk: Desk) -> None:
    match = Match("@1@2@.jpg", 3.0)
    desk.append("ada", decided(1), Draft(Kind.MATCHED, "flickr:1", match.payload()))
    desk.append("ada", Draft(Kind.NOTED, "flickr:1", {"text": "<script>"}))
    assert desk.item(1).match() == match
    assert desk.item(1).notes == {"ada": "<script>"}
    desk.append("ada", desk.state.undo("ada"), Draft(Kind.NOTED, "flickr:1", {"text": ""}))
    assert desk.item(1).match() is None
    assert desk.item(1).notes == {}
    assert desk.item(1).settled() is not None


def test_withdrawn_and_removed_photos_are_gone_but_known(desk: Desk) -> None:
    desk.append("ada", decided(1))
    desk.append("recheck", Draft(Kind.WITHDRAWN, "flickr:1", {"reason": "relicensed"}))
    desk.append("ada", Draft(Kind.REMOVED, "flickr:2", {"reason": "asked to"}))
    desk.append("ada", Draft(Kind.REMOVED, "flickr:777", {"reason": "asked to"}))
    assert (desk.item(1).gone, desk.item(2).gone, desk.item(3).gone) == ("relicensed", "removed", "")
    assert desk.state.removed == {"flickr:2", "flickr:777"}
    desk.append("harvest", harvested(1, licence="CC0-1.0"))
    assert (desk.item(1).gone, desk.action(1), desk.item(1).photo.licence) == ("", "accept", "CC0-1.0")
    desk.append("harvest", harvested(2), harvested(777))
    assert (desk.item(2).gone, desk.item(777).gone) == ("removed", "removed")


def test_a_check_keeps_the_licence_and_the_time(desk: Desk) -> None:
    event = desk.journal.append("recheck", Draft(Kind.CHECKED, "flickr:1", {"licence": "CC-BY-4.0"}))[0]
    desk.follow()
    assert (desk.item(1).photo.licence, desk.item(1).checked) == ("CC-BY-4.0", event.time)
    assert desk.item(2).checked == ""


def test_a_state_that_follows_equals_one_that_is_read_at_once(desk: Desk) -> None:
    desk.append("ada", decided(1))
    desk.append("ada", desk.state.undo("ada"), decided(3, "reject", reason="copy"))
    fresh = State().take(desk.journal.events())
    assert fresh.items == desk.state.items
    assert fresh.sequence == desk.state.sequence
    assert fresh.undo("ada") == desk.state.undo("ada")


def test_events_out_of_turn_or_of_unknown_items_are_refused(desk: Desk) -> None:
    events = desk.journal.append("ada", decided(1), decided(2))
    with pytest.raises(CurationError, match="event 7 came after 5"):
        desk.state.take(events[1:])
    desk.state.take(events)
    with pytest.raises(CurationError, match=r"event 8 \(decided\) is of item 'flickr:99'"):
        desk.append("ada", decided(99))


def test_of_five_thousand_items_only_the_new_events_cost_anything(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    numbers = range(5000)
    desk.append("harvest", *[harvested(n) for n in numbers], *[sorted_as(n) for n in numbers])
    desk.append("ada", *[decided(n) for n in numbers])
    items = desk.state.items
    for _ in range(50):
        undo = desk.state.undo("ada")
        assert undo is not None
        desk.journal.append("ada", undo)
        before = dict(items)
        assert len(desk.journal.events(desk.state.sequence)) == 1
        desk.follow()
        assert [name for name in items if items[name] is not before[name]] == [undo.item]
    assert desk.state.items is items  # followed, not made anew
    assert (desk.action(4949), desk.action(4950)) == ("accept", "")
    assert State().take(desk.journal.events()).items == items
