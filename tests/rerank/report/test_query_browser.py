"""The report in a browser: queries, by mouse and by keyboard."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rerank.metrics import NEVER
from rerank.report.gathering import gather_runs
from tests.rerank.report.reading import choose_dataset, open_row, opened, rows, texts, wait_until

Visit = Callable[..., Any]


def test_a_query_opens_with_its_candidates_before_and_after(visit: Visit, report: Path) -> None:
    page = visit(report, "#queries")
    assert "12 of 12 queries" in page.locator("#found").inner_text()
    assert open_row(page, 2) == opened(page)
    assert page.locator(".ranking").count() == 3
    assert page.locator(".ranking >> nth=0 >> .tile").count() == 5
    tile = page.locator(".tile").first
    words = tile.get_attribute("aria-label")
    assert re.match(r"Candidate 1, (right|wrong), \d+(\.\d)? k?m, score ", words)
    assert tile.locator(".verdict").inner_text() == ("\u2713" if "right" in words else "\u2717")


@pytest.fixture(scope="module")
def expected(report: Path) -> dict[str, list[int]]:
    """Return filter -> the queries by day that it leaves for the first method, from the results."""
    first, second = (
        run
        for run in gather_runs(report.parent / "results").runs
        if run.identity.dataset == "street_day" and run.identity.method.reranks
    )
    before, after, other = first.retrieval_first_hits(), first.first_hits(), second.first_hits()
    nearest = np.take_along_axis(first.shortlist.distances_m, first.order[:, :1], axis=1)[:, 0]
    kept = {
        "Gained": (before != 0) & (after == 0),
        "Lost": (before == 0) & (after != 0),
        "Disagree": (after == 0) != (other == 0),
        "Near miss": (nearest > 25) & (nearest <= 50),
        "Still wrong": (before != 0) & (after != 0) & (before != NEVER),
        "No truth": before == NEVER,
    }
    return {name: np.flatnonzero(queries).tolist() for name, queries in kept.items()}


def test_the_made_up_queries_are_of_all_kinds(expected: dict[str, list[int]]) -> None:
    assert all(expected.values())  # or the next tests show little


@pytest.mark.parametrize("name", ["Gained", "Lost", "Disagree", "Near miss", "Still wrong", "No truth"])
def test_a_filter_leaves_the_queries_that_it_names(
    visit: Visit, report: Path, name: str, expected: dict[str, list[int]]
) -> None:
    page = visit(report, "#queries")
    all_names = rows(page)
    page.locator("#finder-controls").get_by_label("Method").select_option(label="rootsift+ransac")
    chip = page.locator("#filter-chips .chip", has_text=name)
    assert int(chip.locator(".count").inner_text()) == len(expected[name])
    chip.click()
    assert chip.get_attribute("aria-checked") == "true"
    assert rows(page) == [all_names[query] for query in expected[name]]
    assert page.locator("#found").inner_text() == f"{len(expected[name])} of 12 queries"


def test_badges_say_what_became_of_a_query(
    visit: Visit, report: Path, expected: dict[str, list[int]]
) -> None:
    page = visit(report, "#queries")
    badges = {
        "Gained": "gained",
        "Lost": "lost",
        "Still wrong": "wrong before and after",
        "No truth": "no truth among candidates",
    }
    labels = page.evaluate("App.data.task(App.choice.now.task).methods")
    for kind, badge in badges.items():
        for query in expected[kind][:1]:
            open_row(page, query)
            assert texts(page, ".badge")[labels.index("rootsift+ransac")] == badge


def test_filters_follow_the_method_and_the_dataset_that_are_chosen(visit: Visit, report: Path) -> None:
    page = visit(report, "#queries")
    page.locator("#filter-chips .chip", has_text="Gained").click()
    counts = {}
    for method in ("rootsift+ransac", "rootsift+rapid", "any method"):
        page.locator("#finder-controls").get_by_label("Method").select_option(label=method)
        counts[method] = int(page.locator("#found").inner_text().split()[0])
    assert counts["any method"] >= max(counts.values())
    choose_dataset(page, "street_night")
    assert page.locator("#finder-controls").get_by_label("Method").input_value() == "-1"  # kept


def test_the_search_finds_names(visit: Visit, report: Path) -> None:
    page = visit(report, "#queries")
    page.keyboard.press("/")
    page.keyboard.type("@Q7@")
    assert rows(page) == ["q7"]
    page.keyboard.press("Escape")
    assert len(rows(page)) == 12


def test_queries_are_stepped_through_by_key(visit: Visit, report: Path) -> None:
    page = visit(report, "#queries")
    page.keyboard.press("j")
    page.wait_for_selector("#query .about h2")
    names = rows(page)
    assert opened(page) == names[0]
    for key, place in (("j", 1), ("ArrowDown", 2), ("k", 1), ("ArrowUp", 0), ("k", 0)):
        page.keyboard.press(key)
        wait_until(page, f"document.querySelector('#query h2').innerText === {names[place]!r}")
        assert page.locator(".row[aria-selected=true] .row-name").inner_text() == names[place]
    page.keyboard.press("Escape")
    wait_until(page, "location.hash === '#queries'")


def test_both_photos_open_large_and_are_gone_through_by_key(visit: Visit, report: Path) -> None:
    page = visit(report, "#queries")
    page.keyboard.press("j")
    page.wait_for_selector(".tile")
    page.keyboard.press("m")
    dialog = page.locator("dialog#pair")
    order = dialog.get_by_label("Order of")
    best = page.evaluate("App.choice.best(App.choice.now.task)")
    assert order.input_value() == str(best)
    assert "12 inliers" in dialog.inner_text()
    assert "rerank report --matches" in dialog.inner_text()
    page.keyboard.press("ArrowRight")
    assert "Candidate 2" in dialog.inner_text()
    page.keyboard.press("ArrowUp")
    assert order.input_value() == str(best - 1)
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert page.locator("#query .about h2").is_visible()  # Esc closed no more than the dialog


def test_a_link_to_a_query_is_by_digest_or_by_name(visit: Visit, report: Path) -> None:
    page = visit(report, "#queries")
    choose_dataset(page, "street_night")
    open_row(page, 3)
    name, address = page.locator("#query .name").first.inner_text(), page.url.partition("#")[2]
    assert re.fullmatch(r"query=[0-9a-f]{12}", address)
    by_digest = visit(report, f"#{address}")
    assert by_digest.locator("#query .name").first.inner_text() == name
    assert by_digest.get_by_label("Dataset").input_value().startswith("street_night")
    assert visit(report, f"#query={name}").locator("#query .name").first.inner_text() == name
    gone = visit(report, "#query=0123456789ab")
    assert "No query of this report" in gone.locator("#query").inner_text()
