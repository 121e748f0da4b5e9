"""What the published way does more than this project's: the same scores by more work."""

from pathlib import Path

import pytest
import torch

from benchmarks.pipeline.job import Job
from benchmarks.pipeline.naive import Naive
from benchmarks.pipeline.published import (
    FINE,
    attended,
    extract_as_published,
    make_plain,
    score_as_published,
    transported,
)
from data.city import CitySettings, draw_city
from matchers.sinkhorn import log_assignment
from networks.attention import attend


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = CitySettings(seed=3, database_count=4, query_count=1, width=160, height=120)
    return draw_city(tmp_path_factory.mktemp("published") / "city", settings)


def calls_of(module: torch.nn.Module) -> list[tuple[int, ...]]:
    """Return a list that grows by the shape of what a module is given, call by call."""
    shapes: list[tuple[int, ...]] = []
    module.register_forward_pre_hook(lambda _, given: shapes.append(tuple(given[0].shape)))
    return shapes


@pytest.mark.parametrize("spread", [1.0, 100.0])
def test_transport_by_torch_is_that_of_logarithms(spread: float) -> None:
    scores = torch.randn(1, 20, 30, generator=torch.Generator().manual_seed(0)) * spread
    found, expected = (
        way(scores, torch.tensor(0.5 * spread), 50, domain="log") for way in (transported, log_assignment)
    )
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-3)


def test_attention_with_all_weights_at_once_is_that_of_tiles() -> None:
    draw = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(1, 4, 300, 16, generator=draw) for _ in range(3))
    torch.testing.assert_close(attended(query, key, value, None), attend(query, key, value, None))


def test_cvnet_has_a_pass_for_the_maps_beside_those_of_the_descriptor(city: Path) -> None:
    extractor, _ = Job("cvnet+cvnet", city).build()
    path = Job("cvnet+cvnet", city).dataset().database.path(0)
    shapes = calls_of(extractor.network.encoder_q)
    extract_as_published(extractor, path)
    own = (1, 3, 120, 160)
    assert [shape == own for shape in shapes] == [True, False, False, True]


def test_loftr_runs_whole(city: Path) -> None:
    job = Job("loftr+loftr", city)
    extractor, matcher = job.build(FINE)
    make_plain(extractor)
    make_plain(matcher)
    photo = extract_as_published(extractor, job.dataset().database.path(0))
    assert photo.dense["fine"].shape == (60, 80, 128)
    windows = calls_of(matcher.network.fine_preprocess)
    score_as_published(matcher, photo, photo)
    assert len(windows) == 1


def test_both_photos_of_a_pair_count_for_each_candidate_where_the_network_takes_both(city: Path) -> None:
    times = Naive(Job("loftr+loftr", city)).round(0)
    assert times["query_s"] == 0
    assert min(times["candidate_s"], times["score_s"]) > 0
