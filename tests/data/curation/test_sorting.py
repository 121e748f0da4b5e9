"""The sort and group steps on the drawn city, whose truth is known; precision and recall are held."""

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from data.curation.area import Area, area_around
from data.curation.grouping import group_items
from data.curation.groups import Limits
from data.curation.harvest.flickr import Flickr
from data.curation.harvest.folder import Folder
from data.curation.harvest.mapillary import Mapillary
from data.curation.harvest.run import harvest
from data.curation.harvest.window import windows_of
from data.curation.project import Project, create_project
from data.curation.queue import waiting
from data.curation.signs.judging import Thresholds
from data.curation.signs.run import sort
from data.errors import CurationError
from tests.data.curation.drawn import WHOLE, DrawnCity, draw_for_curation
from tests.data.curation.made import Clock, project, settings
from tests.data.curation.made import harvested as harvested_event
from tests.data.curation.scoring import scores
from tests.data.curation.standins import KEY, serving

SINCE, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)


def area_of(city: DrawnCity) -> Area:
    return area_around(np.array([truth.degrees for truth in city.truths.values()]), 50.0)


def harvested(city: DrawnCity, folder: Path, time_zone: str = "America/Los_Angeles") -> Project:
    """Make a project, and harvest the drawn photos from all three providers."""
    box = area_of(city)
    area = (box.west, box.south, box.east, box.north)
    made = create_project(folder, settings(city.database, area=area, time_zone=time_zone), Clock())
    windows = windows_of(made.settings.box, SINCE, UNTIL)
    harvest(made, Folder(city.folder, made.settings.zone), windows)
    with serving(city.flickr) as flickr, serving(city.mapillary) as mapillary:
        harvest(made, Flickr(KEY, made.settings.allows, address=flickr.base), windows)
        harvest(made, Mapillary(KEY, address=mapillary.base), windows)
    return made


@pytest.fixture(scope="module")
def gathered(drawn: DrawnCity, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return harvested(drawn, tmp_path_factory.mktemp("gathered") / "project")


@pytest.fixture
def copied(gathered: Project, tmp_path: Path) -> Project:
    shutil.copytree(gathered.folder, tmp_path / "project")
    return create_project(tmp_path / "project", gathered.settings, Clock())


def test_all_photos_come_upright_from_their_places(gathered: Project, drawn: DrawnCity) -> None:
    items = gathered.state().items.values()
    assert len(items) == len(drawn.truths) == 60
    for item in items:
        truth = drawn.truth_of(item.photo)
        spot = gathered.harvested_spot(item)
        assert np.allclose(spot[:2], (truth.told_east, truth.told_north), atol=0.01)
        assert (item.photo.taken == "") == (truth.timeless and item.photo.provider != "mapillary")
    assert max(truth.error_m for truth in drawn.truths.values()) > 100


def test_what_signs_agree_on_is_right(copied: Project, drawn: DrawnCity) -> None:
    counts = sort(copied)
    assert sum(counts.values()) == 60
    found = scores(copied, drawn)
    assert found["precision of night"] == 1.0
    assert found["recall of night"] >= 0.5
    assert found["precision of outdoor"] >= 0.9
    assert found["wanted and put aside"] <= 2
    assert found["by day and put aside"] >= 0.3


@pytest.mark.slow
def test_three_hundred_photos_are_sorted_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    city = draw_for_curation(tmp_path / "city", WHOLE)
    for time_zone in ("America/Los_Angeles", ""):
        made = harvested(city, tmp_path / f"project{len(time_zone)}", time_zone)
        sort(made)
        found = scores(made, city)
        with capsys.disabled():
            print(f"\n{time_zone or 'by longitude'}: " + ", ".join(f"{k} {v:.2f}" for k, v in found.items()))
        assert found["precision of night"] >= 0.99
        assert found["precision of outdoor"] >= 0.95
        assert found["recall of night"] >= (0.7 if time_zone else 0.25)
        assert found["wanted and put aside"] <= 0.05 * found["wanted"]


def test_a_sorting_that_was_stopped_goes_on_and_a_finished_one_does_nothing(copied: Project) -> None:
    done = []

    def stop_at_twenty() -> None:
        done.append(1)
        if len(done) == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sort(copied, advance=stop_at_twenty)
    copied.journal.check()
    kept = sum(item.sorting is not None for item in copied.state().items.values())
    assert kept == 16  # whole batches
    assert sum(sort(copied).values()) == 60 - kept
    assert sum(sort(copied).values()) == 0


def test_other_thresholds_and_a_classifier_sort_anew(copied: Project) -> None:
    sort(copied)
    assert sum(sort(copied, Thresholds(dark=0.2)).values()) == 60

    def knows_rooms(photo: np.ndarray) -> Mapping[str, float]:
        return {"indoor": 0.97, "outdoor": 0.03}

    counts = sort(copied, classifier=("rooms", knows_rooms))
    assert sum(counts.values()) == 60
    item = next(iter(copied.state().items.values()))
    assert item.sorting is not None
    assert [sign.value for sign in item.sorting.place_signs if sign.name == "classifier"] == ["indoor 0.97"]


def test_a_photo_that_vanished_is_named_and_the_others_go_on(
    copied: Project, caplog: pytest.LogCaptureFixture
) -> None:
    first, *_ = copied.state().items.values()
    copied.photo_path(first).unlink()
    counts = sort(copied)
    assert counts["unreadable"] == 1
    assert sum(counts.values()) == 60
    assert f"{first.id} cannot be sorted" in caplog.text
    assert "no such file" in caplog.text
    group_items(copied)
    assert "1 photos are not sorted and take no part" in caplog.text


def test_copies_are_grouped_and_one_of_each_is_shown(copied: Project, drawn: DrawnCity) -> None:
    sort(copied)
    before = len(waiting(copied.state(), copied.settings, "ada"))
    counts = group_items(copied, Limits(keep=1))
    items = {drawn.truth_of(item.photo).number: item for item in copied.state().items.values()}
    together = 0
    for number, item in items.items():
        truth = drawn.truths_by_number[number]
        first = items.get(-1 if truth.copy_of is None else truth.copy_of)
        if truth.exact and first and item.membership and first.membership:
            assert item.membership.group == first.membership.group
            assert not (item.membership.kept and first.membership.kept)
            together += 1
    assert together >= 4
    assert counts["near copies"] >= 4
    assert len(waiting(copied.state(), copied.settings, "ada")) == before - counts["near copies"]
    sequence = copied.state().sequence
    group_items(copied, Limits(keep=1))
    assert copied.state().sequence == sequence + 2  # began and ended: nothing else changed


def test_grouping_by_descriptors_from_outside(copied: Project) -> None:
    sort(copied)

    def all_alike(paths: list[Path]) -> np.ndarray:
        assert all(path.is_file() for path in paths)
        return np.ones((len(paths), 1), np.float32)

    everywhere = Limits(radius_m=1e5, heading_deg=180, keep=2, least_sharpness=0)
    counts = group_items(copied, everywhere, all_alike, "alike")
    assert (counts["groups"], counts["kept"]) == (1, 2)
    with pytest.raises(CurationError, match=r"descriptors of shape \(3, 1\)"):
        group_items(copied, everywhere, lambda paths: np.ones((3, 1), np.float32))


def test_unsorted_photos_are_not_grouped(tmp_path: Path) -> None:
    with project(tmp_path) as made:
        assert not group_items(made)["groups"]
        made.journal.append("harvest", harvested_event(1))
        with pytest.raises(CurationError, match="run `rerank curate sort` first"):
            group_items(made)
