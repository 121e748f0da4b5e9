"""Positives of accepted photos: what is near, a curator's word, and what is refused."""

from pathlib import Path

import pytest

from data.curation.positives import (
    NONE_NEAR,
    Ground,
    confirm,
    set_aside,
    set_aside_lonely,
    unchecked,
)
from data.curation.project import Project
from data.curation.records import Match, Spot
from data.errors import CurationError
from tests.data.curation.made import decided, harvested, project
from tests.data.samples import named

HERE = Spot(500012.0, 4180000.0)  # of 500000, 500010, 500020 and 500030: 12, 2, 8 and 18 m


@pytest.fixture
def made(tmp_path: Path) -> Project:
    made = project(tmp_path)
    made.journal.append("harvest", *(harvested(n) for n in range(1, 6)))
    made.journal.append("ada", decided(1, "move", HERE), decided(2, "move", Spot(501000.0, 4180000.0)))
    made.journal.append("ada", decided(3, "reject", reason="blur"), decided(5, "move", HERE))
    return made


def ground(made: Project) -> Ground:
    return Ground(made.database, made.settings.threshold_m)


def test_what_is_near_comes_nearest_first_and_the_limit_counts(made: Project) -> None:
    found = ground(made).near(HERE)
    assert [near.distance_m for near in found] == [2.0, 8.0, 12.0, 18.0]
    assert [near.name for near in found][:2] == [named(500010), named(500020)]
    assert [near.index for near in found] == [1, 2, 0, 3]
    assert [near.distance_m for near in ground(made).near(Spot(500055.0, 4180000.0))] == [25.0]
    assert ground(made).near(Spot(500055.1, 4180000.0)) == []


def test_a_word_on_positives_is_kept_and_can_be_undone(made: Project) -> None:
    assert [item.id for item in unchecked(made.state())] == ["flickr:1", "flickr:2", "flickr:5"]
    made.journal.append("ada", confirm(made, ground(made), "flickr:1", named(500020), 2.5))
    made.journal.append("ada", set_aside(made, "flickr:5", " hidden ", 1.0))
    items = made.state().items
    assert items["flickr:1"].match() == Match(named(500020), 2.5)
    assert items["flickr:5"].match() == Match("", 1.0, "hidden")
    undo = made.state().undo("ada")
    assert undo is not None
    made.journal.append("ada", undo)
    assert [item.id for item in unchecked(made.state())] == ["flickr:2", "flickr:5"]


def test_photos_with_nothing_near_are_set_aside_without_a_curator(made: Project) -> None:
    assert set_aside_lonely(made, ground(made)) == ["flickr:2"]
    assert set_aside_lonely(made, ground(made)) == []
    assert made.state().items["flickr:2"].match() == Match("", 0.0, NONE_NEAR)


def test_words_that_would_not_hold_are_refused(made: Project) -> None:
    asked = ground(made)
    for item, reference, told in [
        ("flickr:3", named(500010), "is not accepted"),
        ("flickr:4", named(500010), "is not accepted"),
        ("flickr:9", named(500010), "no such photo"),
        ("flickr:1", "nowhere.jpg", "has no photo 'nowhere.jpg'"),
        ("flickr:2", named(500010), "farther away than 25 m"),
    ]:
        with pytest.raises(CurationError, match=told):
            confirm(made, asked, item, reference, 1.0)
    with pytest.raises(CurationError, match="say why"):
        set_aside(made, "flickr:1", "  ", 1.0)


def test_a_word_said_before_the_photo_was_placed_anew_no_longer_holds(made: Project) -> None:
    made.journal.append("ada", confirm(made, ground(made), "flickr:1", named(500020), 2.5))
    made.journal.append("ada", decided(1, "move", Spot(500040.0, 4180000.0)))
    item = made.state().items["flickr:1"]
    assert item.match() is None
    assert item in unchecked(made.state())
    undo = made.state().undo("ada")
    assert undo is not None
    made.journal.append("ada", undo)
    assert made.state().items["flickr:1"].match() == Match(named(500020), 2.5)
