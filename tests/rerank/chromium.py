"""The Chromium of this system, headless, and waiting for what its pages show.

Whatever a test reads of a page comes of an action that takes effect later: it is waited for, by `expect`
or `wait_until`, never read at once. The limit bounds a hang, and is far from what a loaded machine needs.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
LIMIT_S = 60.0


def chromium_path() -> str | None:
    """Return where Chromium is; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium_at(path: str) -> Iterator[Any]:
    """Start a Chromium, driven by Playwright, and end it."""
    from playwright.sync_api import expect as expecting
    from playwright.sync_api import sync_playwright

    expecting.set_options(timeout=LIMIT_S * 1000)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"], timeout=LIMIT_S * 1000)
        yield browser
        browser.close()


def new_page(browser: Any, **options: Any) -> Any:
    """Return a page in a context of its own, which waits for everything up to the limit."""
    context = browser.new_context(**options)
    context.set_default_timeout(LIMIT_S * 1000)
    return context.new_page()


def expect(shown: Any) -> Any:
    """Return Playwright's assertions of a page or a locator, which are tried until they hold."""
    from playwright.sync_api import expect as expecting

    return expecting(shown)


def wait_until(page: Any, expression: str) -> None:
    """Wait until a JavaScript expression is true; Playwright's own way needs `eval`, which pages forbid."""
    end = time.monotonic() + LIMIT_S
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"never came true: {expression}"
        time.sleep(0.02)
