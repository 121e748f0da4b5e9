"""Reports of odd results in a browser: shown sensibly, escaped, never broken."""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rerank.report import Options, make_report
from rerank.run_files import write_run
from tests.rerank.chromium import expect, wait_until
from tests.rerank.made_runs import run_of_hits
from tests.rerank.report.made_results import make_runs, make_street, run_places
from tests.rerank.report.reading import (
    close_pair,
    follow,
    go_to,
    open_first,
    open_pair,
    press_for,
    query_title,
    rows,
    tiles,
)

Visit = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("unplotted")
# Ends of lines that lie beside the photo they belong to: the query's first, the candidate's second.
ENDS_BESIDE_PHOTOS = """() => {
  const images = [...document.querySelectorAll("#pair-photos img")];
  const photos = images.map((image) => image.getBoundingClientRect());
  const ends = [...document.querySelectorAll("#pair .overlay .inliers circle")];
  return ends.filter((end, number) => {
    const [at, box] = [end.getBoundingClientRect(), photos[number % 2]];
    const [x, y] = [at.x + at.width / 2, at.y + at.height / 2];
    return x < box.left - 2 || x > box.right + 2 || y < box.top - 2 || y > box.bottom + 2;
  }).length;
}"""
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(2)<\\script>",
    "\"'`${alert(3)}&amp;&quot;",
    "{{7*7}} %3Cb%3E javascript:alert(4)",
)


def every_page(visit: Visit, report: Path) -> Any:
    """Go through all pages to the list of queries; `visit` complains of errors, dialogs and requests."""
    page = visit(report)
    for address in ("plots", "methods", "map", "queries"):
        go_to(page, report, f"#{address}")
        expect(page.locator(f"#page-{address} h1")).to_be_visible()
    return page


def every_page_and_a_query(visit: Visit, report: Path) -> Any:
    """Go through all pages, and on to the first query."""
    page = every_page(visit, report)
    open_first(page)
    expect(tiles(page).nth(0)).to_be_visible()
    return page


def ranking(page: Any, place: int) -> Any:
    """Find a ranking of the open query: retrieval is 0, methods follow."""
    return page.locator("#query .ranking").nth(place)


def test_names_with_markup_are_text(visit: Visit, tmp_path: Path) -> None:
    street = make_street(tmp_path / "<b>city&amp;", notes=HOSTILE)
    methods = ("<i>root</i>+<script>x", "__proto__+constructor", "a'\"b+c`d")
    make_runs(tmp_path / "results", street, methods)
    report = make_report(tmp_path / "results", tmp_path / "site").folder
    page = every_page_and_a_query(visit, report)
    shown = " ".join(rows(page))
    assert all(name in shown for name in HOSTILE)
    expect(page.locator("#query .about .name")).to_have_text(re.compile("^@0548"))
    expect(page.locator("main script, main i, main b b, [onerror]")).to_have_count(0)
    open_pair(page)
    close_pair(page)
    for method in methods:
        go_to(page, report, "#methods")
        follow(page, page.locator("#page-methods").get_by_role("link", name=method))
        expect(page.locator("#page-methods h1")).to_have_text(method)
    go_to(page, report, "#query=%E0%A4%A")  # no character
    expect(page.locator("#query")).to_contain_text("No query of this report")


def test_names_that_are_no_text_are_shown(visit: Visit, tmp_path: Path) -> None:
    run = run_of_hits([True, False])
    names = ["caf\udce9.jpg", "\u6771\u4eac\u2028.jpg"]
    write_run(tmp_path / "results", replace(run, shortlist=replace(run.shortlist, query_names=names)))
    report = make_report(tmp_path / "results", tmp_path / "site").folder
    page = every_page(visit, report)
    expect(page.locator("#rows .row-name").nth(1)).to_contain_text("\u6771\u4eac")


def test_one_method_and_one_query(visit: Visit, tmp_path: Path) -> None:
    make_runs(tmp_path / "results", make_street(tmp_path / "street", queries=1), ["rootsift+rapid"])
    page = every_page_and_a_query(visit, make_report(tmp_path / "results", tmp_path / "site").folder)
    expect(page.locator("#found")).to_have_text("1 of 1 query")
    expect(page.locator("#filter-chips")).not_to_contain_text("Disagree")
    press_for(page, "2", "#plots")
    press_for(page, "4", "#map")
    expect(page.locator("#map-canvas")).to_be_visible()


def test_retrieval_alone(visit: Visit, tmp_path: Path) -> None:
    make_runs(tmp_path / "results", make_street(tmp_path / "street"), [])
    page = every_page_and_a_query(visit, make_report(tmp_path / "results", tmp_path / "site").folder)
    expect(page.locator("#query .ranking")).to_have_count(1)
    chips = page.locator("#filter-chips .chip")
    expect(page.locator("#filter-chips")).not_to_contain_text("Gained")
    for number in range(chips.count()):
        chips.nth(number).click()
        expect(chips.nth(number)).to_have_attribute("aria-checked", "true")
    tiles(page).nth(0).click()
    expect(page.locator("dialog#pair")).to_contain_text("descriptor distance")


def test_a_method_without_its_retrieval(visit: Visit, tmp_path: Path) -> None:
    make_runs(tmp_path / "results", make_street(tmp_path / "street"))
    shutil.rmtree(tmp_path / "results" / "street" / "run0")
    page = every_page_and_a_query(visit, make_report(tmp_path / "results", tmp_path / "site").folder)
    titles = page.locator("#query .ranking-title h3")
    expect(titles).to_have_text(["vlad", "rootsift+ransac", "rootsift+rapid"])


def test_no_query_at_all(visit: Visit, tmp_path: Path) -> None:
    write_run(tmp_path / "results", run_of_hits([]))
    page = every_page(visit, make_report(tmp_path / "results", tmp_path / "site").folder)
    page.keyboard.press("j")
    expect(page.locator("#query")).to_have_text("This dataset has no queries.")
    press_for(page, "1", "#leaderboard")
    expect(page.locator("#board .board")).to_contain_text("No queries.")


def test_photos_that_are_gone_have_a_placeholder(visit: Visit, tmp_path: Path) -> None:
    street = make_street(tmp_path / "street")
    make_runs(tmp_path / "results", street)
    for photo in (street / "database").iterdir():
        photo.unlink()
        photo.touch()  # its name is still in the dataset
    page = every_page_and_a_query(visit, make_report(tmp_path / "results", tmp_path / "site").folder)
    expect(tiles(page).nth(0).locator(".photo.absent")).to_be_visible()
    tiles(page).nth(0).click()
    expect(page.locator("dialog#pair .photo.absent")).to_have_count(1)
    close_pair(page)
    press_for(page, "1", "#leaderboard")
    expect(page.locator("#page-leaderboard .warnings")).to_contain_text("photos could not be shown")


def test_a_dataset_that_is_gone_leaves_the_rest(visit: Visit, tmp_path: Path) -> None:
    make_runs(tmp_path / "results", make_street(tmp_path / "street"))
    shutil.rmtree(tmp_path / "street")
    page = every_page_and_a_query(visit, make_report(tmp_path / "results", tmp_path / "site").folder)
    expect(query_title(page)).to_have_text(rows(page)[0])
    press_for(page, "4", "#map")
    expect(page.locator("#page-map")).to_contain_text("were not found when this report was made")


def test_conditions_within_a_dataset_are_filtered_by(visit: Visit, tmp_path: Path) -> None:
    make_runs(tmp_path / "results", make_street(tmp_path / "street", notes=["night"] * 4 + ["day"] * 8))
    page = visit(make_report(tmp_path / "results", tmp_path / "site").folder)
    expect(page.locator("#board .board")).to_have_count(1)
    page.locator("#page-leaderboard .filters").get_by_role("radio", name="night").click()
    expect(page.locator("#board .board .notes")).to_contain_text("4 queries")
    press_for(page, "5", "#queries")
    page.locator("#finder-controls").get_by_label("Condition").select_option(label="night")
    expect(page.locator("#found")).to_have_text("4 of 12 queries")


def test_an_unscored_candidate_and_ties_are_told(visit: Visit, tmp_path: Path) -> None:
    street = make_street(tmp_path / "street", queries=3)
    run = make_runs(tmp_path / "made", street, ["rootsift+rapid"])[1]
    write_run(tmp_path / "results", replace(run, values=np.full_like(run.values, -np.inf)))
    page = every_page_and_a_query(visit, make_report(tmp_path / "results", tmp_path / "site").folder)
    expect(ranking(page, 1)).to_contain_text("not scored")
    expect(ranking(page, 1).locator(".moved").nth(0)).to_have_text("\u2022 as before")


@pytest.mark.parametrize("edge_px", [64, 200])
def test_correspondences_lie_on_both_photos(visit: Visit, tmp_path: Path, edge_px: int) -> None:
    results = run_places(tmp_path)
    report = make_report(results, tmp_path / "site", Options(matches=True, photo_px=edge_px)).folder
    page = visit(report, "#queries")
    open_first(page)
    dialog = open_pair(page)
    inliers = dialog.locator(".overlay .inliers line")
    expect(inliers.nth(0)).to_be_attached()  # both photos are there, and lines were laid over them
    expect(dialog.locator(".key.inliers")).to_have_text(f"{inliers.count()} kept")
    wait_until(page, f"({ENDS_BESIDE_PHOTOS})() === 0")
    dialog.locator(".key.rejected input").uncheck()
    expect(dialog.locator(".overlay .rejected line")).to_have_count(0)
