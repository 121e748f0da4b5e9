"""A full disk during the review: nothing that was decided is lost, and the journal is whole."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.curation.journal import Journal
from data.errors import DiskSpaceError
from tests.rerank.chromium import expect
from tests.rerank.curate.conftest import served
from tests.rerank.curate.made_projects import street_project
from tests.rerank.curate.reviewing import decision, press, wait_for_photo


def test_decisions_wait_in_the_browser_until_there_is_room(
    tmp_path: Path, visit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(journal: Journal, who: str, *drafts: object) -> None:
        raise DiskSpaceError("the disk is full; make room") from OSError(errno.ENOSPC, "full")

    with street_project(tmp_path) as project, served(project) as address:
        page = visit(address)
        wait_for_photo(page, 1)
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "append", full)
            press(page, "a", "5")
            expect(page.locator("#unsent")).to_have_text("2 unsent: the disk is full; make room")
            assert project.state().items["flickr:1"].words == ()
        wait_for_photo(page, 3)
        project.journal.check()
        found = [decision(project, number) for number in (1, 2)]
        assert [one.action for one in found if one] == ["accept", "reject"]
