"""The report in a browser: themes, keys for everywhere, narrow windows, paper."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.rerank.chromium import expect, wait_until
from tests.rerank.report.reading import follow, go_to, press_for, row, tiles, wait_until_drawn

Visit = Callable[..., Any]


def test_the_theme_is_the_systems_until_it_is_chosen(visit: Visit, report: Path) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = (visit(report, color_scheme=scheme) for scheme in ("light", "dark"))
    of_light, of_dark = (page.evaluate(background) for page in (light, dark))
    assert of_light != of_dark
    light.get_by_role("button", name="Switch between light and dark").click()
    expect(light.locator("body")).to_have_css("background-color", of_dark)
    light.reload()
    wait_until_drawn(light, "#")
    expect(light.locator("body")).to_have_css("background-color", of_dark)  # remembered
    light.keyboard.press("t")
    expect(light.locator("body")).to_have_css("background-color", of_light)


def test_help_lists_the_keys(visit: Visit, report: Path) -> None:
    page = visit(report)
    page.keyboard.press("?")
    expect(page.locator("dialog#help")).to_be_visible()
    expect(page.locator("dialog#help")).to_contain_text("search in names")
    page.keyboard.press("Escape")
    expect(page.locator("dialog#help")).to_be_hidden()
    for key, address in zip("54321", ("queries", "map", "methods", "plots", "leaderboard"), strict=True):
        press_for(page, key, f"#{address}")
        expect(page.locator(f"#page-{address}")).to_be_visible()


def test_a_narrow_window_shows_the_list_or_the_query_and_nothing_sticks_out(
    visit: Visit, report: Path
) -> None:
    page = visit(report, "#queries")
    page.set_viewport_size({"width": 390, "height": 800})
    expect(page.locator("#query")).to_be_hidden()
    follow(page, row(page, 0))
    expect(tiles(page)).to_have_count(15)
    expect(page.locator(".finder")).to_be_hidden()
    follow(page, page.get_by_role("link", name="All queries"))
    expect(page.locator(".finder")).to_be_visible()
    for address in ("leaderboard", "plots", "methods", "map", "queries"):
        go_to(page, report, f"#{address}")
        wait_until(page, "document.documentElement.scrollWidth <= 390")


def test_on_paper_there_are_no_controls(visit: Visit, report: Path) -> None:
    page = visit(report)
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.locator(".header")).to_be_hidden()
    expect(page.locator("#page-leaderboard .filters")).to_be_hidden()
    expect(page.locator("#page-leaderboard .leaderboard")).to_be_visible()
    expect(page.locator("body")).to_have_css("color", "rgb(0, 0, 0)")
