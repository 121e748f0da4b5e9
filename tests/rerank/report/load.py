"""How fast a large report is in a browser: made-up results, and what is measured of their pages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rerank.report import Report, make_report
from tests.rerank.chromium import wait_until
from tests.rerank.report.made_results import make_runs, make_street

QUERIES, PHOTOS, METHODS = 1000, 1000, 10
ADDRESSES = ("leaderboard", "queries", "map")
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]"
# Notes when what a page is for is in it: the table, the first rows, the map.
WATCH = """new MutationObserver((_, observer) => {
  if (!document.querySelector(".leaderboard tbody, .row, #map-canvas")) return;
  window.filledAt = performance.now();
  observer.disconnect();
}).observe(document, { childList: true, subtree: true });"""
# From an event to the moment after the frame that shows what came of it.
UNTIL_PAINTED = """async (act) => {
  const start = performance.now();
  act();
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start;
}"""
CLICK = f"(chip) => ({UNTIL_PAINTED})(() => chip.click())"
TYPE = f"""(field) => ({UNTIL_PAINTED})(() => {{
  field.value = field.value ? "" : "q7";
  field.dispatchEvent(new Event("input"));
}})"""
SCROLL = f"""(list) => ({UNTIL_PAINTED})(() => {{ list.scrollTop = Math.random() * list.scrollHeight; }})"""

NEXT = """async () => {
  const shown = () => document.querySelector("#query h2")?.innerText;
  const [before, start] = [shown(), performance.now()];
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }));
  while (shown() === before) await new Promise((done) => requestAnimationFrame(done));
  return performance.now() - start;
}"""


def make_load_report(folder: Path) -> Report:
    """Make the report of 1000 queries and 10 methods."""
    street = make_street(folder / "street", QUERIES, PHOTOS)
    names = [f"extractor{number}+matcher" for number in range(METHODS)]
    make_runs(folder / "results", street, names, candidates=100)
    return make_report(folder / "results", folder / "site")


def measure(visit: Callable[..., Any], report: Path, rounds: int) -> dict[str, list[float]]:
    """Return what was measured -> milliseconds, one for each time.

    visit: opens a page of the report, each time in a browser without anything cached.
    """
    found: dict[str, list[float]] = {}
    for address in ADDRESSES:
        openings = [_opening(visit(report, f"#{address}")) for _ in range(rounds)]
        found[f"first paint of #{address}"] = [paint for paint, _ in openings]
        found[f"content of #{address}"] = [filled for _, filled in openings]
    page = visit(report, "#queries")
    page.wait_for_selector(".row")
    chips = page.locator("#filter-chips .chip").count()
    found["filter"] = [
        page.locator("#filter-chips .chip").nth(number % chips).evaluate(CLICK)
        for number in range(rounds * chips)
    ]
    page.locator("#filter-chips .chip").first.click()
    found["search"] = [page.locator("#search").evaluate(TYPE) for _ in range(2 * rounds)]
    found["scroll to anywhere"] = [page.locator("#list").evaluate(SCROLL) for _ in range(4 * rounds)]
    found["next query"] = [_step(page) for _ in range(2 * rounds)]
    return found


def _opening(page: Any) -> tuple[float, float]:
    """Load a page anew, and return when it first painted and when its content was there."""
    page.add_init_script(WATCH)
    page.reload()
    wait_until(page, f"{FIRST_PAINT} !== undefined && window.filledAt !== undefined")
    return float(page.evaluate(f"{FIRST_PAINT}.startTime")), float(page.evaluate("window.filledAt"))


def _step(page: Any) -> float:
    """Press j, and return how long it took until the next query was in the page."""
    return float(page.evaluate(NEXT))
