"""The report in a browser: leaderboard, plots and methods."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.rerank.chromium import expect, wait_until
from tests.rerank.report.reading import follow, texts

Visit = Callable[..., Any]


def table(page: Any) -> Any:
    return page.locator("#board .leaderboard")


def part_of(page: Any, part: int) -> Any:
    return table(page).locator("tbody").nth(part)


def datasets(page: Any) -> Any:
    return table(page).locator(".board .dataset")


def test_the_leaderboard_shows_every_task_with_retrieval(visit: Visit, report: Path) -> None:
    page = visit(report)
    expect(datasets(page)).to_have_text(["street_day", "street_night"])
    for part in (0, 1):
        names = texts(part_of(page, part).locator("th[scope=row] a"))
        assert set(names) == {"vlad", "rootsift+ransac", "rootsift+rapid"}
    expect(page).to_have_title("Re-ranking report")


@pytest.mark.parametrize("column", ["Method", "R@1", "R@5", "R@10", "Gain at R@1", "Cold", "Warm"])
def test_a_click_on_a_heading_sorts_each_task_by_it_and_another_turns_it_round(
    visit: Visit, report: Path, column: str
) -> None:
    page = visit(report)
    if column == "R@1":  # sorted by it already
        sort(page, "Cold", "ascending")
    way, other = "descending", "ascending"
    if column in ("Method", "Cold", "Warm"):
        way, other = other, way
    sort(page, column, way)
    first = keys(page, column)
    sort(page, column, other)
    second = keys(page, column)
    for once, again in zip(first, second, strict=True):
        known = [key for key in once if key is not None]
        assert known == sorted(known, reverse=way == "descending")
        assert [key for key in again if key is not None] == sorted(known, reverse=way == "ascending")
        assert None not in once[: len(known)]  # unknown ones last, both ways
        assert None not in again[: len(known)]
    expect(heading(page, column)).to_be_focused()


def heading(page: Any, column: str) -> Any:
    return table(page).get_by_role("button", name=column, exact=True)


def sort(page: Any, column: str, way: str) -> None:
    """Click a heading, and wait until the table is sorted by it, that way round."""
    heading(page, column).click()
    expect(table(page).locator(f"th[aria-sort={way}]")).to_have_text(column)


def keys(page: Any, column: str) -> list[list[float | str | None]]:
    """Return what a column shows in every task's rows: names, or numbers, None where there is none."""
    place = texts(table(page).locator("thead th")).index(column) + 1
    parts = []
    for part in range(table(page).locator("tbody").count()):
        cells = texts(part_of(page, part).locator(f"tr:not(.title) > :nth-child({place})"))
        parts.append([cell.split("\n")[0] if column == "Method" else number(cell) for cell in cells])
    return parts


def number(cell: str) -> float | None:
    """Read a cell's first number; seconds where a unit says milliseconds."""
    found = re.match(r"([+\u2212\u00b1]?)([\d.]+)\s*(ms)?", cell)
    if not found:
        return None
    value = float(found[2]) * (-1 if found[1] == "\u2212" else 1)
    return value / 1000 if found[3] else value


def test_the_leaderboard_is_filtered_by_dataset_and_by_condition(visit: Visit, report: Path) -> None:
    page = visit(report)
    filters = page.locator("#page-leaderboard .filters")
    filters.get_by_role("radio", name="night").click()
    expect(datasets(page)).to_have_text(["street_night"])
    filters.get_by_role("radio", name="All", exact=True).click()
    expect(datasets(page)).to_have_count(2)
    filters.get_by_label("Dataset").select_option(label="street_day")
    expect(datasets(page)).to_have_text(["street_day"])
    filters.get_by_role("radio", name="night").click()
    expect(page.locator("#board .empty")).to_have_text("No result of this kind.")


def test_every_plot_is_there(visit: Visit, report: Path) -> None:
    page = visit(report, "#plots")
    images = page.locator("#page-plots .paper img")
    for number in range(images.count()):
        images.nth(number).scroll_into_view_if_needed()  # only then is it loaded
        loaded = f"document.querySelectorAll('#page-plots .paper img')[{number}].naturalWidth > 100"
        wait_until(page, loaded)
    assert images.count() >= 4


def test_a_method_has_a_page_with_settings_licence_environment_and_protocol(
    visit: Visit, report: Path
) -> None:
    page = visit(report)
    follow(page, part_of(page, 0).get_by_role("link", name="rootsift+ransac"))
    expect(page.locator("#page-methods h1")).to_have_text("rootsift+ransac")
    shown = page.locator("#page-methods").inner_text()
    for text in (
        "sigma",
        "1.5",
        "licence",
        "a processor",
        "closed ball",
        "candidate extraction",
        "street_night",
    ):
        assert text in shown
    assert "begun with another environment: <b>cores</b>" in shown  # as text, not as markup
    expect(page).to_have_url(re.compile("#method=rootsift%2Bransac$"))


def test_the_methods_are_cards_with_their_recall(visit: Visit, report: Path) -> None:
    page = visit(report, "#methods")
    cards = page.locator("#page-methods .card")
    expect(cards.locator("h2")).to_have_text(["vlad", "rootsift+ransac", "rootsift+rapid"])
    expect(cards.nth(1)).to_contain_text("R@1")
    title = cards.locator("h2").nth(1).bounding_box()
    assert title["height"] < 40  # on one line: the card lies as it should
    assert title["width"] > 200
