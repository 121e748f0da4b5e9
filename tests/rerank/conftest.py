"""A real Chromium for the tests of pages: one for all, since two of its drivers do not run side by side."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.rerank.chromium import NAMES, chromium_at, chromium_path


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Return a headless Chromium of this system."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    path = chromium_path()
    if path is None:
        pytest.skip(f"no Chromium on this system: {', '.join(NAMES)}")
    with chromium_at(path) as browser:
        yield browser
