"""The report in a browser: queries, by mouse and by keyboard."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rerank.metrics import NEVER
from rerank.report.gathering import gather_runs
from tests.rerank.chromium import expect
from tests.rerank.report.reading import (
    choose_dataset,
    close_pair,
    open_first,
    open_pair,
    open_row,
    press_for,
    query_title,
    row,
    rows,
    tiles,
    wait_until_drawn,
)

Visit = Callable[..., Any]


def test_a_query_opens_with_its_candidates_before_and_after(visit: Visit, report: Path) -> None:
    page = visit(report, "#queries")
    expect(page.locator("#found")).to_have_text("12 of 12 queries")
    open_row(page, 2)
    rankings = page.locator("#query .ranking")
    expect(rankings).to_have_count(3)
    expect(rankings.nth(0).locator(".tile")).to_have_count(5)
    tile = rankings.nth(0).locator(".tile").nth(0)
    words = tile.get_attribute("aria-label")
    assert re.match(r"Candidate 1, (right|wrong), \d+(\.\d)? k?m, score ", words)
    expect(tile.locator(".verdict")).to_have_text("\u2713" if "right" in words else "\u2717")


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
    expect(chip.locator(".count")).to_have_text(str(len(expected[name])))
    chip.click()
    expect(chip).to_have_attribute("aria-checked", "true")
    expect(page.locator("#found")).to_have_text(f"{len(expected[name])} of 12 queries")
    assert rows(page) == [all_names[query] for query in expected[name]]


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
            ranking = page.locator(f"#query .ranking[data-row='{labels.index('rootsift+ransac')}']")
            expect(ranking.locator(".badge")).to_have_text(badge)


def test_filters_follow_the_method_and_the_dataset_that_are_chosen(visit: Visit, report: Path) -> None:
    page = visit(report, "#queries")
    page.locator("#filter-chips .chip", has_text="Gained").click()
    choice = page.locator("#finder-controls").get_by_label("Method")
    counts = {}
    for method in ("rootsift+ransac", "rootsift+rapid", "any method"):
        choice.select_option(label=method)
        expect(choice.locator("option:checked")).to_have_text(method)
        gained = page.locator("#filter-chips .chip", has_text="Gained").locator(".count")
        expect(page.locator("#found")).to_have_text(f"{gained.inner_text()} of 12 queries")
        counts[method] = int(gained.inner_text())
    assert counts["any method"] >= max(counts.values())
    choose_dataset(page, "street_night")
    expect(choice).to_have_value("-1")  # kept


def test_the_search_finds_names(visit: Visit, report: Path) -> None:
    page = visit(report, "#queries")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("@Q7@")
    names = page.locator("#rows .row-name")
    expect(names).to_have_text(["q7"])
    page.keyboard.press("Escape")
    expect(names).to_have_count(12)


def test_queries_are_stepped_through_by_key(visit: Visit, report: Path) -> None:
    page = visit(report, "#queries")
    open_first(page)
    names = rows(page)
    expect(query_title(page)).to_have_text(names[0])
    for key, place in (("j", 1), ("ArrowDown", 2), ("k", 1), ("ArrowUp", 0), ("k", 0)):
        page.keyboard.press(key)
        expect(query_title(page)).to_have_text(names[place])
        expect(page.locator("#rows .row[aria-selected=true] .row-name")).to_have_text(names[place])
    press_for(page, "Escape", "#queries")


def test_keys_that_come_faster_than_pages_are_not_lost(visit: Visit, report: Path) -> None:
    page = visit(report, "#queries")
    last = row(page, 4).evaluate("link => link.hash")
    page.evaluate(
        """() => { for (let times = 0; times < 5; times++)
          document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true })); }"""
    )
    wait_until_drawn(page, last)
    expect(query_title(page)).to_have_text(rows(page)[4])
    expect(page.locator("#rows .row[aria-selected=true] .row-name")).to_have_text(rows(page)[4])


def test_both_photos_open_large_and_are_gone_through_by_key(visit: Visit, report: Path) -> None:
    page = visit(report, "#queries")
    open_first(page)
    expect(tiles(page)).to_have_count(15)
    dialog = open_pair(page)
    order = dialog.get_by_label("Order of")
    best = page.evaluate("App.choice.best(App.choice.now.task)")
    expect(order).to_have_value(str(best))
    expect(dialog).to_contain_text("12 inliers")
    expect(dialog).to_contain_text("rerank report --matches")
    page.keyboard.press("ArrowRight")
    expect(dialog.locator("figcaption b")).to_have_text(["Query", "Candidate 2"])
    page.keyboard.press("ArrowUp")
    expect(order).to_have_value(str(best - 1))
    close_pair(page)
    expect(query_title(page)).to_be_visible()  # Esc closed no more than the dialog


def test_a_link_to_a_query_is_by_digest_or_by_name(visit: Visit, report: Path) -> None:
    page = visit(report, "#queries")
    choose_dataset(page, "street_night")
    open_row(page, 3)
    full_name = "#query .about .name"
    name, address = page.locator(full_name).inner_text(), page.url.partition("#")[2]
    assert re.fullmatch(r"query=[0-9a-f]{12}", address)
    by_digest = visit(report, f"#{address}")
    expect(by_digest.locator(full_name)).to_have_text(name)
    dataset = by_digest.locator("#finder-controls").get_by_label("Dataset")
    expect(dataset.locator("option:checked")).to_have_text("street_night")
    expect(visit(report, f"#query={name}").locator(full_name)).to_have_text(name)
    gone = visit(report, "#query=0123456789ab")
    expect(gone.locator("#query")).to_contain_text("No query of this report")
