"""The review page in a browser: every key, drags, undo, reloads, and texts of strangers."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from data.curation.project import Project
from data.curation.records import Match
from tests.rerank.chromium import expect, wait_until
from tests.rerank.curate.conftest import served
from tests.rerank.curate.made_projects import place, street_project
from tests.rerank.curate.reviewing import (
    decision,
    message,
    press,
    wait_for_photo,
    wait_until_ready,
    wait_until_written,
)

Visit = Callable[..., Any]
PANO = "Zf8Q2k1xS0mRr3v9T7aBcw"
NOTE_FLICKS = """() => {
  const flick = document.getElementById("flick");
  window.flicks = new Set();
  new MutationObserver(() => window.flicks.add(flick.hidden)).observe(flick, { attributeFilter: ["hidden"] });
}"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with street_project(tmp_path) as made:
        yield made


def test_a_decision_is_one_key_and_the_next_photo_comes_by_itself(project: Project, visit: Visit) -> None:
    with served(project) as address:
        page = visit(address)
        wait_for_photo(page, 1)
        press(page, "a")
        wait_for_photo(page, 2)
        press(page, "s")
        wait_for_photo(page, 3)
        press(page, "r")
        expect(page.locator("#reasons")).to_be_visible()
        page.keyboard.press("3")
        wait_for_photo(page, 4)
        press(page, "5")
        wait_for_photo(page, 5)
    first = decision(project, 1)
    assert first is not None
    assert (first.action, first.before, first.after) == ("accept", first.after, first.before)
    assert first.before[:2] == pytest.approx(place(1), abs=0.01)
    assert 0 < first.seconds < 60
    assert [decision(project, n).action for n in (2, 3, 4)] == ["skip", "reject", "reject"]  # type: ignore[union-attr]
    assert [decision(project, n).reason for n in (3, 4)] == ["blur", "copy"]  # type: ignore[union-attr]


def test_headings_turn_and_a_drag_moves_the_photo_by_what_the_mouse_moved(
    project: Project, visit: Visit
) -> None:
    with served(project) as address:
        page = visit(address)
        wait_for_photo(page, 1)
        press(page, "]", "]", "[", "}", "}", "{")
        box = page.locator("#map").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        scale = min(box["width"], box["height"]) / 2 / 70
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 30, y - 20, steps=4)
        page.mouse.up()
        expect(page.locator("#place")).to_contain_text("101°")
        expect(page.locator("#place")).not_to_contain_text("moved 0.0 m")
        press(page, "a")
        expect(message(page)).to_contain_text("m keeps it")
        press(page, "m")
        wait_for_photo(page, 2)
        press(page, "m")
        expect(message(page)).to_contain_text("was not moved")
    moved = decision(project, 1)
    assert moved is not None
    assert moved.action == "move"
    assert moved.after.heading == 101
    east, north = place(1)
    assert moved.after[:2] == pytest.approx((east + 30 / scale, north + 20 / scale), abs=0.1)


def test_the_cone_is_dragged_by_its_tip_and_the_position_put_back(project: Project, visit: Visit) -> None:
    with served(project) as address:
        page = visit(address)
        wait_for_photo(page, 1)
        box = page.locator("#map").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x + 62, y)  # the tip of 90 degrees
        page.mouse.down()
        page.mouse.move(x, y + 62, steps=5)
        page.mouse.up()
        told = page.locator("#place")
        expect(told).to_contain_text("180°")
        press(page, "0")
        expect(told).to_contain_text("90°")
        page.mouse.dblclick(x + 40, y)
        expect(told).not_to_contain_text("moved 0.0 m")
        press(page, "0", "a")
        wait_for_photo(page, 2)


def test_a_pasted_address_gives_position_heading_and_panorama(project: Project, visit: Visit) -> None:
    item = project.state().items["flickr:1"].photo
    latitude, longitude = item.latitude + 0.0001, item.longitude
    with served(project) as address:
        page = visit(address)
        wait_for_photo(page, 1)
        press(page, "p")
        expect(page.locator("#paste")).to_be_focused()
        page.fill("#paste", "https://maps.app.goo.gl/x")
        page.keyboard.press("Enter")
        expect(message(page)).to_contain_text("short address")
        page.fill(
            "#paste",
            f"https://www.google.com/maps/@{latitude},{longitude},3a,75y,222h,90t/data=!1s{PANO}!2e0",
        )
        page.keyboard.press("Enter")
        expect(page.locator("#place")).to_contain_text("222°")
        expect(page.locator("#links").get_by_text("Google Street View")).to_have_attribute(
            "href", re.compile("heading=222")
        )
        press(page, "m")
        wait_for_photo(page, 2)
    moved = decision(project, 1)
    assert moved is not None
    assert (moved.panorama, moved.after.heading) == (f"google:{PANO}", 222)
    assert moved.after.north - moved.before.north == pytest.approx(11.1, abs=0.1)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_fifty_decisions_are_undone_one_after_another_and_redone(tmp_path: Path, visit: Visit) -> None:
    with street_project(tmp_path, photos=52) as project, served(project) as address:
        page = visit(address)
        for number in range(1, 51):
            wait_for_photo(page, number)
            press(page, "a" if number % 2 else "1")
        wait_for_photo(page, 51)
        for number in range(50, 0, -1):
            press(page, "u")
            wait_for_photo(page, number)
        press(page, "u")
        expect(message(page)).to_have_text("Nothing to undo")
        assert [item.decisions() for item in project.state().items.values()] == [{}] * 52
        for number in range(1, 51):
            press(page, "U" if number % 3 else "Control+y")
            wait_for_photo(page, number)
        assert sum(bool(item.decisions()) for item in project.state().items.values()) == 50


def test_back_and_forth_shows_what_was_decided_and_a_reload_goes_on(project: Project, visit: Visit) -> None:
    with served(project) as address:
        page = visit(address)
        for number in (1, 2):
            wait_for_photo(page, number)
            press(page, "a")
        wait_for_photo(page, 3)
        press(page, "ArrowLeft")
        wait_for_photo(page, 2)
        expect(page.locator("#photo")).to_have_attribute("data-decision", "accept ")
        press(page, "2")
        wait_for_photo(page, 3)
        page.reload()
        wait_until_ready(page)
        wait_for_photo(page, 3)
        press(page, "ArrowLeft", "ArrowLeft", "ArrowRight")
        wait_for_photo(page, 2)
        expect(page.locator("#photo")).to_have_attribute("data-decision", "reject day")


def test_looking_closer_brightens_flickers_zooms_and_steps_through_candidates(
    project: Project, visit: Visit
) -> None:
    drawn = {"counts": [7, 3], "inliers": [5000, 5000, 2000, 2000] * 7, "rejected": [10, 10, 9000, 9000] * 3}
    with served(project, match=lambda query, candidate: drawn) as address:
        page = visit(address)
        wait_for_photo(page, 1)
        press(page, "b")
        expect(page.locator("#stage img")).to_have_css("filter", re.compile("brightness"))
        page.evaluate(NOTE_FLICKS)
        press(page, "f")
        wait_until(page, "window.flicks.size === 2")  # it was there, and gone again
        press(page, "f", "z")
        expect(page.locator("#stage img")).to_have_attribute("src", re.compile("px=2560"))
        candidates = page.locator("#strip figure")
        expect(candidates).to_have_count(4)
        press(page, ".", ".", ",")
        expect(candidates.nth(1)).to_have_attribute("aria-selected", "true")
        press(page, "l")
        expect(page.locator("body.matched")).to_be_attached()
        expect(message(page)).to_have_text("7 inliers, 3 rejected")
        press(page, ".")
        expect(page.locator("body:not(.matched)")).to_be_attached()


def test_keys_are_listed_and_can_be_changed(project: Project, visit: Visit) -> None:
    with served(project) as address:
        page = visit(address)
        wait_for_photo(page, 1)
        press(page, "?")
        accept = page.locator("#help [data-action=accept]")
        expect(page.locator("#help tr")).to_have_count(25)
        accept.click()
        expect(accept).to_have_text("press a key")
        page.keyboard.press("k")
        expect(accept).to_have_text("k")
        page.keyboard.press("Escape")
        expect(page.locator("#help")).to_be_hidden()
        page.reload()
        wait_until_ready(page)
        wait_for_photo(page, 1)
        press(page, "a")
        wait_until_written(page)
        assert decision(project, 1) is None
        press(page, "k")
        wait_for_photo(page, 2)


def test_texts_of_strangers_and_notes_are_shown_as_texts(project: Project, visit: Visit) -> None:
    with served(project) as address:
        page = visit(address, who="<b>Eve</b>")
        wait_for_photo(page, 1)
        expect(page.locator("#about")).to_contain_text("<img src=x onerror")
        press(page, "n")
        expect(page.locator("#note")).to_be_focused()
        page.keyboard.type("<script>document.title='x'</script>")
        page.keyboard.press("Enter")
        press(page, "a")
        wait_for_photo(page, 2)
        press(page, "ArrowLeft")
        wait_for_photo(page, 1)
        expect(page.locator("#note")).to_have_value("<script>document.title='x'</script>")
        expect(page).to_have_title("Review")
        expect(page.locator("#who b, #about img")).to_have_count(0)
    assert project.state().items["flickr:1"].notes == {"<b>Eve</b>": "<script>document.title='x'</script>"}


def test_a_photo_that_cannot_be_shown_says_why_and_can_be_rejected(project: Project, visit: Visit) -> None:
    (project.photos / "flickr/1.jpg").write_bytes(b"not a photo")
    with served(project) as address:
        page = visit(address)
        expect(page.locator("#stage p")).to_contain_text("not a JPEG or PNG")
        press(page, "6")
        wait_for_photo(page, 2)


def test_positives_are_confirmed_or_the_photo_set_aside(project: Project, visit: Visit) -> None:
    with served(project) as address:
        page = visit(address)
        for number in (1, 2, 3):
            wait_for_photo(page, number)
            press(page, "a")
        wait_for_photo(page, 4)
        page.click("#mode")
        expect(page.locator("#title")).to_have_text("Check of positives")
        wait_until_ready(page)
        wait_for_photo(page, 1)
        press(page, ".", "c")
        wait_for_photo(page, 2)
        press(page, "x")
        expect(page.locator("#reasons")).to_be_visible()
        page.fill("#reasons input", "wall is gone")
        page.keyboard.press("Enter")
        wait_for_photo(page, 3)
        press(page, "u")
        wait_for_photo(page, 2)
        press(page, "x")
        expect(page.locator("#reasons")).to_be_visible()
        page.keyboard.press("2")
        wait_for_photo(page, 3)
    words = [project.state().items[f"flickr:{n}"].match() for n in (1, 2, 3)]
    assert isinstance(words[0], Match)
    assert "db" in words[0].reference
    assert words[1] is not None
    assert (words[1].reference, words[1].reason) == ("", "hidden")
    assert words[2] is None
