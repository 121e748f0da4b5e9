"""The provider's viewer beside the photo: off unless asked for, of the nearest image, and nothing stored."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.curation.harvest.keys import MAPILLARY_TOKEN
from data.curation.project import Project
from data.errors import SettingsError
from rerank.curate.viewer import Viewer, viewer_of
from tests.data.curation.made import settings
from tests.data.curation.standins import (
    KEY,
    MapillaryStandIn,
    PanoramaxStandIn,
    Reply,
    Shot,
    StandIn,
    serving,
)
from tests.rerank.chromium import expect
from tests.rerank.curate.conftest import served
from tests.rerank.curate.made_projects import place, street_project
from tests.rerank.curate.reviewing import message, press, wait_for_photo

GRID = settings().grid
KINDS = {"mapillary": MapillaryStandIn, "panoramax": PanoramaxStandIn}


class ViewerPage(StandIn):
    """A provider's viewer, which shows the id of its image."""

    def honest(self, path: str, asked: dict[str, str], headers: dict[str, str]) -> Reply:
        shown = f"<!doctype html><body><input><h1>image {asked['pic']}</h1>"
        return Reply(shown.encode(), headers={"Content-Type": "text/html"})


def beside(number: int) -> Shot:
    """Return an image 3 m to the east of where photo `number` was taken."""
    east, north = place(number)
    latitude, longitude = GRID.to_degrees(np.array([(east + 3, north)]))[0].tolist()
    return Shot(f"i{number}", latitude, longitude, "2019-05-03 10:00:00", heading=70.0)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with street_project(tmp_path) as made:
        yield made


@pytest.fixture
def page_server() -> Iterator[StandIn]:
    with serving(ViewerPage([])) as running:
        yield running


def viewer(provider: str, api: StandIn, page: StandIn, monkeypatch: pytest.MonkeyPatch) -> Viewer:
    monkeypatch.setenv(MAPILLARY_TOKEN, KEY)
    path = "/api" if provider == "panoramax" else ""
    return viewer_of(provider, GRID, f"{api.base}{path}", f"{page.base}/?pic={{id}}")


def shows(page: Any, number: int) -> None:
    """Expect the frame to show the image beside a photo."""
    expect(page.frame_locator("#street iframe").locator("h1")).to_have_text(f"image i{number}")


@pytest.mark.parametrize("provider", KINDS)
def test_the_nearest_image_is_framed_and_follows_the_photo(
    provider: str,
    project: Project,
    visit: Callable[..., Any],
    page_server: StandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(KINDS[provider]([beside(n) for n in (1, 2, 3)])) as api:
        street = viewer(provider, api, page_server, monkeypatch)
        with served(project, viewer=street) as address:
            page = visit(address)
            wait_for_photo(page, 1)
            shows(page, 1)
            told = page.locator("#street-about")
            expect(told).to_have_text(f"{street.nearest.title}, 3 m away, looking to 70°, taken 2019-05-03")
            box = page.locator("#map").bounding_box()
            right = 10.0 * min(box["width"], box["height"]) / 2 / 70  # 10 m, to where photo 2 was taken
            page.mouse.dblclick(box["x"] + box["width"] / 2 + right, box["y"] + box["height"] / 2)
            shows(page, 2)
            press(page, "m")
            wait_for_photo(page, 2)
            shows(page, 2)
            press(page, "a")
            wait_for_photo(page, 3)
            shows(page, 3)
            press(page, "a", "a", "a", "a", "a", "a")
            wait_for_photo(page, 9)
            expect(told).to_have_text(f"{street.nearest.title}: no image within 50 m")
            expect(page.locator("#street iframe")).to_have_count(0)
    assert {asked.partition("?")[0] for asked in page_server.addresses} <= {"/", "/favicon.ico"}
    kept = [path.name for path in project.folder.rglob("*") if path.is_file()]
    assert not [name for name in kept if re.match(r"i\d", name)]


def test_keys_are_the_reviews_once_the_mouse_has_left_the_frame(
    project: Project, visit: Callable[..., Any], page_server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(PanoramaxStandIn([beside(1)])) as api:
        street = viewer("panoramax", api, page_server, monkeypatch)
        with served(project, viewer=street) as address:
            page = visit(address)
            wait_for_photo(page, 1)
            shows(page, 1)
            inside = page.frame_locator("#street iframe").locator("input")
            inside.click()
            page.keyboard.press("a")
            expect(inside).to_have_value("a")
            page.locator("#about").hover()
            press(page, "a")
            wait_for_photo(page, 2)


def test_the_reference_is_a_key_or_a_candidate_away(
    project: Project, visit: Callable[..., Any], page_server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(PanoramaxStandIn([beside(1), beside(2)])) as api:
        street = viewer("panoramax", api, page_server, monkeypatch)
        with served(project, viewer=street) as address:
            page = visit(address)
            wait_for_photo(page, 1)
            shows(page, 1)
            panel = page.locator("#street")
            press(page, ".")
            expect(panel).to_be_hidden()
            press(page, "a")
            wait_for_photo(page, 2)
            shows(page, 2)
            press(page, "v")
            expect(panel).to_be_hidden()
            press(page, "ArrowLeft")
            wait_for_photo(page, 1)
            expect(panel).to_be_hidden()
            asked = len(api.asked)
            page.mouse.dblclick(*(page.locator("#map").bounding_box()[side] + 80 for side in ("x", "y")))
            expect(page.locator("#place")).not_to_contain_text("moved 0.0 m")
            press(page, "0", "v")
            shows(page, 1)
    assert len(api.asked) == asked  # nobody is asked while it is not shown; the place was known


def test_a_provider_that_fails_is_told_in_its_place_and_the_review_goes_on(
    project: Project, visit: Callable[..., Any], page_server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(MapillaryStandIn([beside(1), beside(2)])) as api:
        street = viewer("mapillary", api, page_server, monkeypatch)
        api.faults = [MapillaryStandIn.failure(401, 190, f"Invalid OAuth access token {KEY}")]
        with served(project, viewer=street) as address:
            page = visit(address)
            wait_for_photo(page, 1)
            told = page.locator("#street-about")
            expect(told).to_have_text("Mapillary: HTTP 401: Invalid OAuth access token ***")
            press(page, "a")
            wait_for_photo(page, 2)
            shows(page, 2)


def test_without_the_option_there_is_no_frame_and_the_key_says_how(
    project: Project, visit: Callable[..., Any]
) -> None:
    with served(project) as address:
        page = visit(address)
        wait_for_photo(page, 1)
        press(page, "v")
        expect(message(page)).to_contain_text("Start with --viewer mapillary")
        expect(page.locator("#street")).to_be_hidden()


@pytest.mark.parametrize(
    "page",
    [
        "https://viewer.example/", "https://viewer.example/?{id}&{zoom}", "https://{id}.example/",
        "http://viewer.example/?{id}", "https://viewer.example/?{id}; script-src *",
        "https://viewer.example/?{id}'", "javascript:{id}", "https://user@viewer.example/{id}",
    ],
)  # fmt: skip
def test_pages_that_are_none_or_could_open_the_policy_are_refused(page: str) -> None:
    with pytest.raises(SettingsError, match="viewer page "):
        viewer_of("panoramax", GRID, page=page)


def test_the_usual_pages_are_those_of_the_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MAPILLARY_TOKEN, KEY)
    found = [viewer_of(provider, GRID) for provider in KINDS]
    assert [one.page for one in found] == [
        "https://www.mapillary.com/embed?image_key={id}&style=photo",
        "https://api.panoramax.xyz/?focus=pic&pic={id}",
    ]
    assert [one.origin for one in found] == ["https://www.mapillary.com", "https://api.panoramax.xyz"]


def test_another_provider_and_a_missing_key_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MAPILLARY_TOKEN, raising=False)
    with pytest.raises(SettingsError, match=r"\$MAPILLARY_TOKEN is not set"):
        viewer_of("mapillary", GRID)
    with pytest.raises(SettingsError, match="expected mapillary or panoramax"):
        viewer_of("google", GRID)
