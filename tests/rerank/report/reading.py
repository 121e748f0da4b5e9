"""Reading what a page of the report shows."""

import time
from typing import Any

LIMIT_S = 10.0


def texts(page: Any, selector: str) -> list[str]:
    """Return the texts of all elements that a selector finds."""
    return [text.strip() for text in page.locator(selector).all_inner_texts()]


def rows(page: Any) -> list[str]:
    """Return the names in the list of queries."""
    return texts(page, ".row-name")


def opened(page: Any) -> str:
    """Return the name of the query that is open."""
    return str(page.locator("#query .about h2").inner_text())


def open_row(page: Any, place: int) -> str:
    """Click the query at a place of the list, from 0, and return its name once it is open."""
    row = page.locator(f".row[aria-posinset='{place + 1}']")
    name = str(row.locator(".row-name").inner_text())
    row.click()
    wait_until(page, f"document.querySelector('#query .about h2')?.innerText === {name!r}")
    return name


def wait_until_shown(page: Any) -> None:
    """Wait until the page that the address names is filled."""
    wait_until(page, "document.querySelector('.page:not([hidden])').childElementCount > 0")
    wait_until(page, "document.querySelector('#page-queries').hidden || found.textContent !== ''")


def choose_dataset(page: Any, name: str) -> None:
    """Choose another dataset in the query browser, and wait until its queries are listed."""
    page.get_by_label("Dataset").select_option(label=name)
    ids = "RERANK[`${App.choice.now.task}/queries`]?.ids ?? []"
    wait_until(page, f"({ids}).some((id) => document.querySelector('.row')?.href.includes(id))")


def wait_until(page: Any, expression: str) -> None:
    """Wait until a JavaScript expression is true; Playwright's own way needs `eval`, which pages forbid."""
    end = time.monotonic() + LIMIT_S
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"never came true: {expression}"
        time.sleep(0.02)
