"""Reports of odd results in a browser: shown sensibly, escaped, never broken."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rerank.report import Options, make_report
from rerank.run_files import write_run
from tests.rerank.made_runs import run_of_hits
from tests.rerank.report.made_results import make_runs, make_street, run_places
from tests.rerank.report.reading import opened, rows, texts, wait_until_shown

Visit = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("unplotted")
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(2)<\\script>",
    "\"'`${alert(3)}&amp;&quot;",
    "{{7*7}} %3Cb%3E javascript:alert(4)",
)


def every_page(visit: Visit, report: Path) -> Any:
    """Go through all pages, a query and its photos; `visit` complains of errors, dialogs and requests."""
    page = visit(report)
    for address in ("plots", "methods", "map", "queries"):
        page.goto(f"{(report / 'index.html').as_uri()}#{address}")
        page.wait_for_selector(f"#page-{address}:not([hidden]) h1")
        wait_until_shown(page)
    page.keyboard.press("j")
    return page


def test_names_with_markup_are_text(visit: Visit, tmp_path: Path) -> None:
    street = make_street(tmp_path / "<b>city&amp;", notes=HOSTILE)
    methods = ("<i>root</i>+<script>x", "__proto__+constructor", "a'\"b+c`d")
    make_runs(tmp_path / "results", street, methods)
    report = make_report(tmp_path / "results", tmp_path / "site").folder
    page = every_page(visit, report)
    page.wait_for_selector(".tile")
    shown = " ".join(rows(page))
    assert all(name in shown for name in HOSTILE)
    assert page.locator("#query .name").first.inner_text().startswith("@0548")
    assert page.locator("main script, main i, main b b, [onerror]").count() == 0
    page.keyboard.press("m")
    page.wait_for_selector("dialog#pair[open]")
    page.keyboard.press("Escape")
    for method in methods:
        page.goto(f"{(report / 'index.html').as_uri()}#methods")
        page.get_by_role("link", name=method).click()
        assert page.locator("#page-methods h1").inner_text() == method
    page.goto(f"{(report / 'index.html').as_uri()}#query=%E0%A4%A")  # no character
    assert "No query of this report" in page.locator("#query").inner_text()


def test_names_that_are_no_text_are_shown(visit: Visit, tmp_path: Path) -> None:
    run = run_of_hits([True, False])
    names = ["caf\udce9.jpg", "\u6771\u4eac\u2028.jpg"]
    write_run(tmp_path / "results", replace(run, shortlist=replace(run.shortlist, query_names=names)))
    report = make_report(tmp_path / "results", tmp_path / "site").folder
    page = every_page(visit, report)
    assert "\u6771\u4eac" in rows(page)[1]


def test_one_method_and_one_query(visit: Visit, tmp_path: Path) -> None:
    make_runs(tmp_path / "results", make_street(tmp_path / "street", queries=1), ["rootsift+rapid"])
    page = every_page(visit, make_report(tmp_path / "results", tmp_path / "site").folder)
    page.wait_for_selector(".tile")
    assert page.locator("#found").inner_text() == "1 of 1 query"
    assert "Disagree" not in page.locator("#filter-chips").inner_text()
    page.keyboard.press("2")
    page.keyboard.press("4")
    page.wait_for_selector("#map-canvas")


def test_retrieval_alone(visit: Visit, tmp_path: Path) -> None:
    make_runs(tmp_path / "results", make_street(tmp_path / "street"), [])
    page = every_page(visit, make_report(tmp_path / "results", tmp_path / "site").folder)
    page.wait_for_selector(".tile")
    assert page.locator(".ranking").count() == 1
    assert "Gained" not in page.locator("#filter-chips").inner_text()
    for chip in page.locator("#filter-chips .chip").all():
        chip.click()
    page.locator(".tile").first.click()
    assert "descriptor distance" in page.locator("dialog#pair").inner_text()


def test_a_method_without_its_retrieval(visit: Visit, tmp_path: Path) -> None:
    make_runs(tmp_path / "results", make_street(tmp_path / "street"))
    shutil.rmtree(tmp_path / "results" / "street" / "run0")
    page = every_page(visit, make_report(tmp_path / "results", tmp_path / "site").folder)
    page.wait_for_selector(".tile")
    assert texts(page, ".ranking-title h3") == ["vlad", "rootsift+ransac", "rootsift+rapid"]


def test_no_query_at_all(visit: Visit, tmp_path: Path) -> None:
    write_run(tmp_path / "results", run_of_hits([]))
    page = every_page(visit, make_report(tmp_path / "results", tmp_path / "site").folder)
    assert page.locator("#query").inner_text() == "This dataset has no queries."
    page.keyboard.press("1")
    assert "No queries." in page.locator(".board").inner_text()


def test_photos_that_are_gone_have_a_placeholder(visit: Visit, tmp_path: Path) -> None:
    street = make_street(tmp_path / "street")
    make_runs(tmp_path / "results", street)
    for photo in (street / "database").iterdir():
        photo.unlink()
        photo.touch()  # its name is still in the dataset
    page = every_page(visit, make_report(tmp_path / "results", tmp_path / "site").folder)
    page.wait_for_selector(".tile .photo.absent")
    page.locator(".tile").first.click()
    assert page.locator("dialog#pair .photo.absent").count() == 1
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    assert "photos could not be shown" in page.locator(".warnings").inner_text()


def test_a_dataset_that_is_gone_leaves_the_rest(visit: Visit, tmp_path: Path) -> None:
    make_runs(tmp_path / "results", make_street(tmp_path / "street"))
    shutil.rmtree(tmp_path / "street")
    page = every_page(visit, make_report(tmp_path / "results", tmp_path / "site").folder)
    page.wait_for_selector(".tile")
    assert opened(page) == rows(page)[0]
    page.keyboard.press("4")
    assert "were not found when this report was made" in page.locator("#page-map").inner_text()


def test_conditions_within_a_dataset_are_filtered_by(visit: Visit, tmp_path: Path) -> None:
    make_runs(tmp_path / "results", make_street(tmp_path / "street", notes=["night"] * 4 + ["day"] * 8))
    page = visit(make_report(tmp_path / "results", tmp_path / "site").folder)
    assert page.locator(".board").count() == 1
    page.get_by_role("radio", name="night").click()
    assert "4 queries" in page.locator(".board .notes").inner_text()
    page.keyboard.press("5")
    wait_until_shown(page)
    page.get_by_label("Condition").last.select_option(label="night")
    assert page.locator("#found").inner_text() == "4 of 12 queries"


def test_an_unscored_candidate_and_ties_are_told(visit: Visit, tmp_path: Path) -> None:
    street = make_street(tmp_path / "street", queries=3)
    run = make_runs(tmp_path / "made", street, ["rootsift+rapid"])[1]
    write_run(tmp_path / "results", replace(run, values=np.full_like(run.values, -np.inf)))
    page = every_page(visit, make_report(tmp_path / "results", tmp_path / "site").folder)
    page.wait_for_selector(".tile")
    assert "not scored" in page.locator(".ranking").last.inner_text()
    assert page.locator(".ranking >> nth=1 >> .moved").first.inner_text() == "\u2022 as before"


@pytest.mark.parametrize("edge_px", [64, 200])
def test_correspondences_lie_on_both_photos(visit: Visit, tmp_path: Path, edge_px: int) -> None:
    results = run_places(tmp_path)
    report = make_report(results, tmp_path / "site", Options(matches=True, photo_px=edge_px)).folder
    page = visit(report, "#queries")
    page.keyboard.press("j")
    page.wait_for_selector(".tile")
    page.keyboard.press("m")
    page.wait_for_selector(".overlay .inliers line")
    lines = page.locator(".overlay .inliers line").count()
    assert page.locator(".key.inliers").inner_text() == f"{lines} kept"
    photos = [image.bounding_box() for image in page.locator("#pair-photos img").all()]
    ends = page.locator(".overlay .inliers circle").evaluate_all(
        "circles => circles.map((circle) => circle.getBoundingClientRect()).map(({x, y}) => [x + 2, y + 2])"
    )
    for number, (x, y) in enumerate(ends):
        box = photos[number % 2]
        assert box["x"] - 2 <= x <= box["x"] + box["width"] + 2
        assert box["y"] - 2 <= y <= box["y"] + box["height"] + 2
    page.locator(".key.rejected input").uncheck()
    assert page.locator(".overlay .rejected line").count() == 0
