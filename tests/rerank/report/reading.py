"""Going through a report's pages, and reading what they show once it is there."""

from pathlib import Path
from typing import Any

from tests.rerank.chromium import expect


def texts(found: Any) -> list[str]:
    """Return the texts of all elements of a locator, which are there already."""
    return [text.strip() for text in found.all_inner_texts()]


def rows(page: Any) -> list[str]:
    """Return the names in the list of queries, which is there already."""
    return texts(page.locator("#rows .row-name"))


def query_title(page: Any) -> Any:
    """Find the name of the query that is open."""
    return page.locator("#query .about h2")


def tiles(page: Any) -> Any:
    """Find the candidates of the query that is open."""
    return page.locator("#query .tile")


def wait_until_drawn(page: Any, address: str) -> None:
    """Wait until the page of an address, "#" for none, is all there."""
    expect(page.locator("main")).to_have_attribute("data-drawn", address)


def go_to(page: Any, report: Path, address: str) -> None:
    """Go to an address of a report, and wait until its page is all there."""
    page.goto(f"{(report / 'index.html').as_uri()}{address}")
    wait_until_drawn(page, page.evaluate("location.hash || '#'"))  # as the browser writes it


def press_for(page: Any, key: str, address: str) -> None:
    """Press a key that leads to an address, and wait until its page is all there."""
    page.keyboard.press(key)
    wait_until_drawn(page, address)


def follow(page: Any, link: Any) -> None:
    """Click a link to an address of the report, and wait until its page is all there."""
    address = link.evaluate("link => link.hash")
    link.click()
    wait_until_drawn(page, address)


def row(page: Any, place: int) -> Any:
    """Find the query at a place of the list, from 0."""
    return page.locator(f"#rows .row[aria-posinset='{place + 1}']")


def open_row(page: Any, place: int) -> str:
    """Click the query at a place of the list, from 0, and return its name once it is open."""
    name = str(row(page, place).locator(".row-name").inner_text())
    follow(page, row(page, place))
    expect(query_title(page)).to_have_text(name)
    return name


def open_first(page: Any) -> None:
    """Open the first query of the list by its key."""
    address = row(page, 0).evaluate("link => link.hash")
    press_for(page, "j", address)


def open_pair(page: Any) -> Any:
    """Open both photos by their key, and find their dialog."""
    page.keyboard.press("m")
    dialog = page.locator("dialog#pair")
    expect(dialog).to_be_visible()
    return dialog


def close_pair(page: Any) -> None:
    """Close both photos by Esc."""
    page.keyboard.press("Escape")
    expect(page.locator("dialog#pair")).to_be_hidden()


def choose_dataset(page: Any, name: str) -> None:
    """Choose another dataset in the query browser, and wait until its queries are listed."""
    choice = page.locator("#finder-controls").get_by_label("Dataset")
    before = row(page, 0).evaluate("link => link.hash")
    choice.select_option(label=name)
    expect(row(page, 0)).not_to_have_attribute("href", before)
    expect(choice.locator("option:checked")).to_have_text(name)
