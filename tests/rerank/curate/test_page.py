"""The review page in a browser: every key, drags, undo, reloads, and texts of strangers."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from data.curation.project import Project
from data.curation.records import Decision, Match
from tests.rerank.curate.conftest import served
from tests.rerank.curate.made_projects import place, street_project

Visit = Callable[..., Any]
PANO = "Zf8Q2k1xS0mRr3v9T7aBcw"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with street_project(tmp_path) as made:
        yield made


def shown(page: Any) -> int:
    """Return the number of the photo on the stage, once it is there and all that was decided is written."""
    page.wait_for_function("() => document.getElementById('unsent').dataset.count === '0'")
    page.wait_for_function(
        """() => { const image = document.querySelector('#stage img');
        return image && new URL(image.src).searchParams.get('id') === document.body.dataset.item }"""
    )
    return int(page.evaluate("document.body.dataset.item").rpartition(":")[2])


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.wait_for_selector("body[data-item]:not([data-item=''])")
        page.keyboard.press(key)


def decision(project: Project, number: int, who: str = "ada") -> Decision | None:
    return project.state().items[f"flickr:{number}"].decisions().get(who)


def told(page: Any) -> str:
    return str(page.inner_text("#message"))


def test_a_decision_is_one_key_and_the_next_photo_comes_by_itself(project: Project, visit: Visit) -> None:
    with served(project) as address:
        page = visit(address)
        assert shown(page) == 1
        press(page, "a")
        assert shown(page) == 2
        press(page, "s")
        assert shown(page) == 3
        press(page, "r")
        page.wait_for_selector("#reasons[open]")
        page.keyboard.press("3")
        assert shown(page) == 4
        press(page, "5")
        assert shown(page) == 5
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
        assert shown(page) == 1
        press(page, "]", "]", "[", "}", "}", "{")
        box = page.locator("#map").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        scale = min(box["width"], box["height"]) / 2 / 70
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 30, y - 20, steps=4)
        page.mouse.up()
        page.wait_for_function("() => document.querySelectorAll('#strip figure').length > 0")
        press(page, "a")
        assert "m keeps it" in told(page)
        press(page, "m")
        assert shown(page) == 2
        press(page, "m")
        assert "was not moved" in told(page)
    moved = decision(project, 1)
    assert moved is not None
    assert moved.action == "move"
    assert moved.after.heading == 101
    east, north = place(1)
    assert moved.after[:2] == pytest.approx((east + 30 / scale, north + 20 / scale), abs=0.1)


def test_the_cone_is_dragged_by_its_tip_and_the_position_put_back(project: Project, visit: Visit) -> None:
    with served(project) as address:
        page = visit(address)
        shown(page)
        box = page.locator("#map").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x + 62, y)  # the tip of 90 degrees
        page.mouse.down()
        page.mouse.move(x, y + 62, steps=5)
        page.mouse.up()
        assert "180°" in page.inner_text("#place")
        press(page, "0")
        assert "90°" in page.inner_text("#place")
        page.mouse.dblclick(x + 40, y)
        assert "moved 0.0 m" not in page.inner_text("#place")
        press(page, "0", "a")
        assert shown(page) == 2


def test_a_pasted_address_gives_position_heading_and_panorama(project: Project, visit: Visit) -> None:
    item = project.state().items["flickr:1"].photo
    latitude, longitude = item.latitude + 0.0001, item.longitude
    with served(project) as address:
        page = visit(address)
        shown(page)
        press(page, "p")
        page.fill("#paste", "https://maps.app.goo.gl/x")
        page.keyboard.press("Enter")
        page.wait_for_function(
            "() => document.getElementById('message').textContent.includes('short address')"
        )
        page.fill(
            "#paste",
            f"https://www.google.com/maps/@{latitude},{longitude},3a,75y,222h,90t/data=!1s{PANO}!2e0",
        )
        page.keyboard.press("Enter")
        page.wait_for_function("() => document.getElementById('place').textContent.includes('222°')")
        press(page, "m")
        shown(page)
        assert page.evaluate("document.getElementById('links').innerText").count("Street View") == 1
    moved = decision(project, 1)
    assert moved is not None
    assert (moved.panorama, moved.after.heading) == (f"google:{PANO}", 222)
    assert moved.after.north - moved.before.north == pytest.approx(11.1, abs=0.1)


@pytest.mark.slow
def test_fifty_decisions_are_undone_one_after_another_and_redone(tmp_path: Path, visit: Visit) -> None:
    with street_project(tmp_path, photos=52) as project, served(project) as address:
        page = visit(address)
        for number in range(1, 51):
            assert shown(page) == number
            press(page, "a" if number % 2 else "1")
        assert shown(page) == 51
        for number in range(50, 0, -1):
            press(page, "u")
            page.wait_for_function(f"() => document.body.dataset.item === 'flickr:{number}'")
        assert shown(page) == 1
        press(page, "u")
        page.wait_for_function("() => document.getElementById('message').textContent === 'Nothing to undo'")
        assert [item.decisions() for item in project.state().items.values()] == [{}] * 52
        for number in range(1, 51):
            press(page, "U" if number % 3 else "Control+y")
            page.wait_for_function(f"() => document.body.dataset.item === 'flickr:{number}'")
        shown(page)
        assert sum(bool(item.decisions()) for item in project.state().items.values()) == 50


def test_back_and_forth_shows_what_was_decided_and_a_reload_goes_on(project: Project, visit: Visit) -> None:
    with served(project) as address:
        page = visit(address)
        for number in (1, 2):
            assert shown(page) == number
            press(page, "a")
        assert shown(page) == 3
        press(page, "ArrowLeft")
        assert shown(page) == 2
        assert page.get_attribute("#photo", "data-decision") == "accept "
        press(page, "2")
        assert shown(page) == 3
        page.reload()
        page.wait_for_selector("body[data-ready]")
        assert shown(page) == 3
        press(page, "ArrowLeft", "ArrowLeft", "ArrowRight")
        assert shown(page) == 2
        assert page.get_attribute("#photo", "data-decision") == "reject day"


def test_looking_closer_brightens_flickers_zooms_and_steps_through_candidates(
    project: Project, visit: Visit
) -> None:
    drawn = {"counts": [7, 3], "inliers": [5000, 5000, 2000, 2000] * 7, "rejected": [10, 10, 9000, 9000] * 3}
    with served(project, match=lambda query, candidate: drawn) as address:
        page = visit(address)
        shown(page)
        press(page, "b")
        assert "brightness" in page.evaluate("getComputedStyle(document.querySelector('#stage img')).filter")
        press(page, "f")
        page.wait_for_selector("#flick:not([hidden])")
        page.wait_for_selector("#flick", state="hidden")
        press(page, "f", "z")
        page.wait_for_function("() => document.querySelector('#stage img').src.includes('px=2560')")
        candidates = page.locator("#strip figure")
        assert candidates.count() == 4
        press(page, ".", ".", ",")
        assert candidates.nth(1).get_attribute("aria-selected") == "true"
        press(page, "l")
        page.wait_for_selector("body.matched")
        assert told(page) == "7 inliers, 3 rejected"
        press(page, ".")
        page.wait_for_selector("body:not(.matched)")


def test_keys_are_listed_and_can_be_changed(project: Project, visit: Visit) -> None:
    with served(project) as address:
        page = visit(address)
        shown(page)
        press(page, "?")
        page.wait_for_selector("#help[open]")
        assert page.locator("#help tr").count() == 24
        page.click("#help [data-action=accept]")
        page.keyboard.press("k")
        page.wait_for_function(
            "() => document.querySelector('#help [data-action=accept]').textContent === 'k'"
        )
        page.keyboard.press("Escape")
        page.reload()
        page.wait_for_selector("body[data-ready]")
        assert shown(page) == 1
        press(page, "a")
        assert shown(page) == 1
        press(page, "k")
        assert shown(page) == 2


def test_texts_of_strangers_and_notes_are_shown_as_texts(project: Project, visit: Visit) -> None:
    with served(project) as address:
        page = visit(address, who="<b>Eve</b>")
        shown(page)
        assert "<img src=x onerror" in page.inner_text("#about")
        press(page, "n")
        page.keyboard.type("<script>document.title='x'</script>")
        page.keyboard.press("Enter")
        press(page, "a")
        assert shown(page) == 2
        press(page, "ArrowLeft")
        assert shown(page) == 1
        assert page.input_value("#note") == "<script>document.title='x'</script>"
        assert page.title() == "Review"
        assert page.locator("#who b, #about img").count() == 0
    assert project.state().items["flickr:1"].notes == {"<b>Eve</b>": "<script>document.title='x'</script>"}


def test_a_photo_that_cannot_be_shown_says_why_and_can_be_rejected(project: Project, visit: Visit) -> None:
    (project.photos / "flickr/1.jpg").write_bytes(b"not a photo")
    with served(project) as address:
        page = visit(address)
        page.wait_for_selector("#stage p")
        assert "not a JPEG or PNG" in page.inner_text("#stage")
        press(page, "6")
        assert shown(page) == 2


def test_positives_are_confirmed_or_the_photo_set_aside(project: Project, visit: Visit) -> None:
    with served(project) as address:
        page = visit(address)
        for number in (1, 2, 3):
            assert shown(page) == number
            press(page, "a")
        shown(page)
        page.click("#mode")
        page.wait_for_function("() => document.getElementById('title').textContent === 'Check of positives'")
        page.wait_for_selector("body[data-ready]")
        assert shown(page) == 1
        press(page, ".", "c")
        assert shown(page) == 2
        press(page, "x")
        page.wait_for_selector("#reasons[open]")
        page.fill("#reasons input", "wall is gone")
        page.keyboard.press("Enter")
        assert shown(page) == 3
        press(page, "u")
        assert shown(page) == 2
        press(page, "x")
        page.wait_for_selector("#reasons[open]")
        page.keyboard.press("2")
        assert shown(page) == 3
    words = [project.state().items[f"flickr:{n}"].match() for n in (1, 2, 3)]
    assert isinstance(words[0], Match)
    assert "db" in words[0].reference
    assert words[1] is not None
    assert (words[1].reference, words[1].reason) == ("", "hidden")
    assert words[2] is None
