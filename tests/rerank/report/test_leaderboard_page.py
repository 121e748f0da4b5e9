"""The report in a browser: leaderboard, plots and methods."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.rerank.report.reading import texts

Visit = Callable[..., Any]


def methods_of(page: Any, part: int = 0) -> list[str]:
    return texts(page, f".leaderboard tbody >> nth={part} >> th[scope=row] a")


def test_the_leaderboard_shows_every_task_with_retrieval(visit: Visit, report: Path) -> None:
    page = visit(report)
    assert texts(page, ".board .dataset") == ["street_day", "street_night"]
    for part in (0, 1):
        assert set(methods_of(page, part)) == {"vlad", "rootsift+ransac", "rootsift+rapid"}
    assert page.locator(".best").count() >= 0
    assert page.title() == "Re-ranking report"


@pytest.mark.parametrize("column", ["Method", "R@1", "R@5", "R@10", "Gain at R@1", "Cold", "Warm"])
def test_a_click_on_a_heading_sorts_each_task_by_it_and_another_turns_it_round(
    visit: Visit, report: Path, column: str
) -> None:
    page = visit(report)
    heading = page.get_by_role("button", name=column, exact=True)
    if column == "R@1":  # sorted by it already
        page.get_by_role("button", name="Cold", exact=True).click()
    heading.click()
    sorted_by = page.locator("th[aria-sort$=cending]")
    assert sorted_by.inner_text().strip() == column
    first, way = keys(page, column), sorted_by.get_attribute("aria-sort")
    assert way == ("ascending" if column in ("Method", "Cold", "Warm") else "descending")
    heading.click()
    second = keys(page, column)
    for once, again in zip(first, second, strict=True):
        known = [key for key in once if key is not None]
        assert known == sorted(known, reverse=way == "descending")
        assert [key for key in again if key is not None] == sorted(known, reverse=way == "ascending")
        assert None not in once[: len(known)]  # unknown ones last, both ways
        assert None not in again[: len(known)]
    assert heading.evaluate("button => button === document.activeElement")


def keys(page: Any, column: str) -> list[list[float | str | None]]:
    """Return what a column shows in every task's rows: names, or numbers, None where there is none."""
    headings = [text.strip() for text in texts(page, ".leaderboard thead th")]
    place = headings.index(column) + 1
    parts = []
    for part in range(page.locator(".leaderboard tbody").count()):
        cells = texts(page, f".leaderboard tbody >> nth={part} >> tr:not(.title) > :nth-child({place})")
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
    page.get_by_role("radio", name="night").click()
    assert texts(page, ".board .dataset") == ["street_night"]
    page.get_by_role("radio", name="All", exact=True).click()
    page.get_by_label("Dataset").select_option(label="street_day")
    assert texts(page, ".board .dataset") == ["street_day"]
    page.get_by_role("radio", name="night").click()
    assert page.locator(".empty").inner_text() == "No result of this kind."


def test_every_plot_is_there(visit: Visit, report: Path) -> None:
    page = visit(report, "#plots")
    for image in page.locator(".paper img").all():
        image.scroll_into_view_if_needed()
        image.evaluate("image => image.decode()")
        assert image.evaluate("image => image.naturalWidth") > 100
    assert page.locator(".paper img").count() >= 4


def test_a_method_has_a_page_with_settings_licence_environment_and_protocol(
    visit: Visit, report: Path
) -> None:
    page = visit(report)
    page.get_by_role("link", name="rootsift+ransac").first.click()
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
    assert page.url.endswith("#method=rootsift%2Bransac")


def test_the_methods_are_cards_with_their_recall(visit: Visit, report: Path) -> None:
    page = visit(report, "#methods")
    assert texts(page, ".card h2") == ["vlad", "rootsift+ransac", "rootsift+rapid"]
    assert "R@1" in page.locator(".card").nth(1).inner_text()
    heading = page.locator(".card h2").nth(1).bounding_box()
    assert heading["height"] < 40  # on one line: the card lies as it should
    assert heading["width"] > 200
