"""The report in a browser: the map."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.rerank.chromium import expect
from tests.rerank.report.reading import texts

Visit = Callable[..., Any]
# Moves of the pointer reach the page a frame later: what is read belongs to the latest, at that height.
NOTE_HAND = """() => {
  const canvas = document.getElementById("map-canvas");
  canvas.addEventListener("pointermove", (event) => {
    window.movedTo = event.clientY - canvas.getBoundingClientRect().top;
  });
}"""
IS_HAND = """async (down) => {
  while (!(Math.abs(window.movedTo - down) < 2)) await new Promise((done) => setTimeout(done, 5));
  return document.getElementById("map-canvas").classList.contains("over");
}"""


def test_the_map_opens_a_query_and_hides_outcomes(visit: Visit, report: Path) -> None:
    page = visit(report, "#map")
    chips = page.locator("#page-map .map-legend .chip")
    pressed = page.locator("#page-map .map-legend [aria-pressed=true]")
    kinds = chips.count()
    counts = [int(text) for text in texts(chips.locator(".count"))]
    assert sum(counts) == 12
    for number in range(1, kinds):
        chips.nth(number).click()
    expect(pressed).to_have_count(1)
    expect(pressed).to_have_text(f"right before and after{counts[0]}")
    for number in range(1, kinds):
        chips.nth(number).click()
    expect(pressed).to_have_count(kinds)
    page.focus("#map-canvas")
    for key in ("+", "ArrowLeft", "-", "0"):
        page.keyboard.press(key)
    east, names = page.evaluate(
        """() => {
          const { names, positions } = RERANK[`${App.choice.now.task}/queries`];
          return [positions.map(([east]) => east), names];
        }"""
    )
    page.mouse.click(*leftmost_mark(page))
    leftmost = min(range(len(east)), key=east.__getitem__)
    expect(page.locator("#query .about .name")).to_have_text(names[leftmost])


def leftmost_mark(page: Any) -> tuple[float, float]:
    """Return where the leftmost mark is: the pointer turns to a hand over it."""
    box = page.locator("#map-canvas").bounding_box()
    page.evaluate(NOTE_HAND)
    for down in range(4, int(box["height"]), 8):
        place = box["x"] + 28, box["y"] + down
        page.mouse.move(*place)
        if page.evaluate(IS_HAND, down):
            return place
    raise AssertionError("no mark at the left edge")
