"""The report in a browser: themes, keys for everywhere, narrow windows, paper."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Visit = Callable[..., Any]


def test_the_theme_is_the_systems_until_it_is_chosen(visit: Visit, report: Path) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = (visit(report, color_scheme=scheme) for scheme in ("light", "dark"))
    assert light.evaluate(background) != dark.evaluate(background)
    light.get_by_role("button", name="Switch between light and dark").click()
    assert light.evaluate(background) == dark.evaluate(background)
    light.reload()
    assert light.evaluate(background) == dark.evaluate(background)  # remembered
    light.keyboard.press("t")
    assert light.evaluate(background) != dark.evaluate(background)


def test_help_lists_the_keys(visit: Visit, report: Path) -> None:
    page = visit(report)
    page.keyboard.press("?")
    assert "search in names" in page.locator("dialog#help").inner_text()
    page.keyboard.press("Escape")
    for key, address in zip("54321", ("queries", "map", "methods", "plots", "leaderboard"), strict=True):
        page.keyboard.press(key)
        page.wait_for_selector(f"#page-{address}:not([hidden])")


def test_a_narrow_window_shows_the_list_or_the_query_and_nothing_sticks_out(
    visit: Visit, report: Path
) -> None:
    page = visit(report, "#queries")
    page.set_viewport_size({"width": 390, "height": 800})
    assert not page.locator("#query").is_visible()
    page.locator(".row").first.click()
    page.wait_for_selector(".tile")
    assert not page.locator(".finder").is_visible()
    page.get_by_role("link", name="All queries").click()
    assert page.locator(".finder").is_visible()
    for address in ("leaderboard", "plots", "methods", "map", "queries"):
        page.goto(f"{(report / 'index.html').as_uri()}#{address}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_paper_there_are_no_controls(visit: Visit, report: Path) -> None:
    page = visit(report)
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator(".header").is_visible()
    assert not page.locator(".filters").is_visible()
    assert page.locator(".leaderboard").is_visible()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
