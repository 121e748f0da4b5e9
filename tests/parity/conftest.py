"""Fixtures of the parity tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.parity.golden import Golden


@pytest.fixture(scope="session")
def golden(fixtures_folder: Path) -> Callable[[str], Golden]:
    """Return the parity fixture of a network by its name; skips where the folder has none."""
    return lambda name: Golden(fixtures_folder / name)
