"""The report in a browser: the map."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.rerank.report.reading import texts

Visit = Callable[..., Any]


def test_the_map_opens_a_query_and_hides_outcomes(visit: Visit, report: Path) -> None:
    page = visit(report, "#map")
    page.wait_for_selector("#map-canvas")
    counts = [int(text) for text in texts(page, ".map-legend .count")]
    assert sum(counts) == 12
    for chip in page.locator(".map-legend .chip").all()[1:]:
        chip.click()
    assert texts(page, ".map-legend [aria-pressed=true]") == [f"right before and after\n{counts[0]}"]
    for chip in page.locator(".map-legend .chip").all()[1:]:
        chip.click()
    page.focus("#map-canvas")
    for key in ("+", "ArrowLeft", "-", "0"):
        page.keyboard.press(key)
    box = page.locator("#map-canvas").bounding_box()
    east = page.evaluate("RERANK[`${App.choice.now.task}/queries`].positions.map(([east]) => east)")
    leftmost = min(range(len(east)), key=east.__getitem__)
    page.mouse.move(box["x"] + 28, box["y"] + 3)
    hit = find_mark(page, box)
    page.mouse.click(*hit)
    page.wait_for_selector("#query .about h2")
    names = page.evaluate("RERANK[`${App.choice.now.task}/queries`].names")
    assert page.locator("#query .name").first.inner_text() == names[leftmost]


def find_mark(page: Any, box: dict[str, float]) -> tuple[float, float]:
    """Return where the leftmost mark is: the pointer turns to a hand over it."""
    for down in range(4, int(box["height"]), 8):
        place = box["x"] + 28, box["y"] + down
        page.mouse.move(*place)
        if page.locator("#map-canvas.over").count():
            return place
    raise AssertionError("no mark at the left edge")
