"""Candidates in the order of a retriever: the one that looks like the photo comes first."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import retrieval
from data.curation.positives import Near
from data.errors import PhotoError
from networks.loading import Loading
from rerank.curate.describing import FOLDER
from rerank.curate.ranking import ranker
from rerank.curate.serving import ranker_of
from tests.places import HEIGHT, WIDTH, texture, write_photo
from tests.rerank.chromium import expect
from tests.rerank.curate.conftest import served
from tests.rerank.curate.made_projects import street_project
from tests.rerank.curate.reviewing import press, wait_for_photo


def near(index: int) -> Near:
    return Near(index, f"name {index}", float(index))


def test_the_candidate_of_the_same_scene_comes_first_and_unreadable_ones_last(tmp_path: Path) -> None:
    with street_project(tmp_path, photos=1, database=6) as project:
        for index in range(6):
            write_photo(project.database.path(index), texture(index)[:HEIGHT, :WIDTH])
        photo = project.photos / "flickr/1.jpg"
        write_photo(photo, texture(3)[2 : HEIGHT + 2, 3 : WIDTH + 3])
        rank = ranker_of(project, "vlad")
        (learned,) = (project.folder / FOLDER).iterdir()
        assert learned.name.startswith("vlad-learned")
        project.database.path(1).write_bytes(b"")
        found = rank(photo, [near(index) for index in range(5)])
        assert (found[0], found[-1]) == (near(3), near(1))
        assert {one.index for one in found} == {0, 1, 2, 3, 4}
        with pytest.raises(PhotoError):
            rank(project.database.path(1), [near(0)])


def test_a_photo_is_described_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    retriever = retrieval.build("vlad")
    described: list[int] = []
    describe = retriever.describe

    def counted(batch: Any) -> np.ndarray:
        described.append(len(batch))
        return describe(batch)

    with street_project(tmp_path, photos=1, database=6) as project:
        for index in range(6):
            write_photo(project.database.path(index), texture(index)[:HEIGHT, :WIDTH])
        rank = ranker(project, retriever, Loading())
        monkeypatch.setattr(retriever, "describe", counted)
        for _ in range(2):
            rank(project.database.path(0), [near(1), near(2)])
    assert described == [1, 1, 1]


def test_what_a_curator_has_selected_stays_selected_when_the_order_comes(
    tmp_path: Path, visit: Callable[..., Any]
) -> None:
    asked, answered = threading.Event(), threading.Event()

    def reversed_later(path: Path, found: Sequence[Near]) -> Sequence[Near]:
        asked.set()
        assert answered.wait(60)
        return found[::-1]

    with street_project(tmp_path) as project, served(project, rank=reversed_later) as address:
        page = visit(address)
        wait_for_photo(page, 1)
        assert asked.wait(60)
        strip = page.locator("#strip figure")
        names = [strip.nth(place).get_attribute("title") for place in range(strip.count())]
        press(page, ".")
        expect(strip.nth(1)).to_have_attribute("aria-selected", "true")
        answered.set()
        for place, name in enumerate(reversed(names)):
            expect(strip.nth(place)).to_have_attribute("title", name)
        expect(page.locator("#strip [aria-selected=true]")).to_have_attribute("title", names[1])
