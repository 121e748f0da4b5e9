"""Descriptors of a project's photos: in the order of the paths, kept, NaN where a photo cannot be read."""

from pathlib import Path

import numpy as np
import pytest

import retrieval
from data.curation.grouping import group_items
from data.curation.groups import Limits
from data.curation.project import Project, create_project
from data.curation.settings import Settings
from networks.loading import Loading
from rerank.curate.describing import FOLDER, describer
from tests.data.curation.made import harvested, sorted_as
from tests.places import HEIGHT, WIDTH, make_places, texture, write_photo


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Photos 1 and 2 of one scene, 3 of another, and 4 that is damaged."""
    places = make_places(tmp_path / "places")
    settings = Settings(str(places), "10S", (-122.47, 37.75, -122.44, 37.78))
    made = create_project(tmp_path / "project", settings)
    scene = texture(1)
    write_photo(made.photos / "flickr" / "1.jpg", scene[:HEIGHT, :WIDTH])
    write_photo(made.photos / "flickr" / "2.jpg", scene[2 : HEIGHT + 2, 2 : WIDTH + 2])
    write_photo(made.photos / "flickr" / "3.jpg", texture(77)[:HEIGHT, :WIDTH])
    (made.photos / "flickr" / "4.jpg").write_bytes(b"damaged")
    made.journal.append("harvest", *[harvested(n) for n in range(1, 5)])
    made.journal.append("sort", *[sorted_as(n, sharpness=5.0 - n) for n in range(1, 5)])
    return made


def test_near_copies_are_found_by_the_descriptors_of_a_retriever(project: Project) -> None:
    describe = describer(project, retrieval.build("vlad"), Loading())
    paths = [project.photo_path(item) for item in project.state().items.values()]
    vectors = describe(paths)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors[:3], axis=1), 1.0, atol=1e-5)
    assert np.isnan(vectors[3]).all()
    assert vectors[0] @ vectors[1] > 2 * abs(vectors[0] @ vectors[2])
    limit = float(vectors[0] @ vectors[1]) - 0.01
    counts = group_items(project, Limits(similarity=limit, keep=1), describe, "vlad")
    assert (counts["groups"], counts["near copies"]) == (3, 1)
    members = [item.membership for item in project.state().items.values()]
    assert [member.group for member in members if member] == ["flickr:1", "flickr:1", "flickr:3", "flickr:4"]


def test_descriptors_are_kept_and_follow_the_order_of_the_paths(project: Project) -> None:
    items = [item for item in project.state().items.values() if item.photo.photo_id != "4"]
    paths = [project.photo_path(item) for item in items]
    first = describer(project, retrieval.build("vlad"), Loading())(paths)
    stamps = {path: path.stat().st_mtime_ns for path in (project.folder / FOLDER).rglob("*.h5")}
    again = describer(project, retrieval.build("vlad"), Loading())(paths)
    assert np.array_equal(first, again)
    assert stamps == {path: path.stat().st_mtime_ns for path in (project.folder / FOLDER).rglob("*.h5")}
    turned = describer(project, retrieval.build("vlad"), Loading())(paths[::-1])
    assert np.allclose(turned[::-1], first, atol=1e-6)
