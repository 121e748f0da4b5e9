"""Going through the review page as curators do: keys, and waiting for what comes of them."""

from typing import Any

from data.curation.project import Project
from data.curation.records import Decision
from tests.rerank.chromium import expect


def wait_until_ready(page: Any) -> None:
    """Wait until a session has begun, and its first photo is shown."""
    expect(page.locator("body[data-ready]")).to_be_attached()


def wait_until_written(page: Any) -> None:
    """Wait until the server has written all that was decided."""
    expect(page.locator("#unsent")).to_have_attribute("data-count", "0")


def wait_for_photo(page: Any, number: int) -> None:
    """Wait until a photo and all around it is shown, and all that was decided is written."""
    wait_until_written(page)
    expect(page.locator("body")).to_have_attribute("data-shown", f"flickr:{number}")


def press(page: Any, *keys: str) -> None:
    """Press keys one after another, each once a photo is there that it can be meant for."""
    for key in keys:
        expect(page.locator("body[data-item]:not([data-item=''])")).to_be_attached()
        page.keyboard.press(key)


def message(page: Any) -> Any:
    """Find what the page says."""
    return page.locator("#message")


def decision(project: Project, number: int, who: str = "ada") -> Decision | None:
    """Return what a curator decided on a photo."""
    return project.state().items[f"flickr:{number}"].decisions().get(who)
