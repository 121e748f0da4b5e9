"""What the report says of methods: weights, licences, settings, machines."""

from dataclasses import replace

import numpy as np

from rerank.provenance import Method, Part
from rerank.report.method_pages import make_method_pages
from rerank.report.subjects import make_subjects
from rerank.run import CacheUse
from tests.rerank.made_runs import make_run, make_shortlist


def page_of(*parts: Part, cache: CacheUse | None = None) -> dict[str, object]:
    shortlist = make_shortlist()
    run = make_run(shortlist, np.zeros((6, 5)), stage_s=0.5)
    identity = replace(run.identity, method=Method(parts))
    (page,) = make_method_pages(make_subjects([replace(run, identity=identity, cache=cache)], {})[0])
    return page


def lines(page: dict[str, object], part: int) -> dict[str, str]:
    return dict(page["parts"][part]["lines"])  # type: ignore[index]


def test_weights_are_those_of_the_settings_with_their_licence() -> None:
    page = page_of(
        Part("superpoint", {}, weights="0123456789abcdef"), Part("superglue", {"variant": "indoor"})
    )
    assert page["method"] == "superpoint+superglue"
    superpoint, superglue = lines(page, 0), lines(page, 1)
    assert superpoint["weights"] == "superpoint_v1.pth"
    assert superpoint["digest of the weights used"] == "0123456789abcdef"
    assert "indoor" in superglue["weights"]
    assert superglue["licence of the weights"]


def test_a_method_that_is_not_installed_is_shown_with_what_its_run_says() -> None:
    page = page_of(Part("from_elsewhere", {"levels": [1, 2], "radius": None}), Part("rapid"))
    part = page["parts"][0]  # type: ignore[index]
    assert "not known" in part["summary"]
    assert part["settings"] == [("levels", "1, 2"), ("radius", "none")]


def test_settings_of_another_version_do_not_hide_the_licence() -> None:
    part = page_of(Part("rootsift", {"forgotten": 3}), Part("rapid"))["parts"][0]  # type: ignore[index]
    assert part["settings"] == [("forgotten", "3")]
    assert dict(part["lines"])["licence"]


def test_a_retriever_alone_has_one_part() -> None:
    page = page_of(Part("vlad"))
    assert [part["kind"] for part in page["parts"]] == ["retriever"]  # type: ignore[attr-defined]
    assert not page["reranks"]


def test_protocol_environment_and_stages_are_in_words() -> None:
    (run,) = page_of(Part("rootsift"), Part("rapid"))["runs"]  # type: ignore[misc]
    assert dict(run["protocol"])["threshold"] == "25 m"
    assert "2 cores" in dict(run["environment"])["processor"]
    assert dict(run["stages"])["matching"]["words"][0] == "500 ms"
    assert "cache" not in dict(run["environment"])


def test_what_a_limit_of_features_came_to_stands_by_the_seconds() -> None:
    use = CacheUse(20 * 10**9, queries=6, wanted=30, found=24, photos=12, extracted=1012)
    (run,) = page_of(Part("rootsift"), Part("rapid"), cache=use)["runs"]  # type: ignore[misc]
    assert dict(run["environment"])["cache"] == (
        "features kept below 20 GB: 80.0 % of the candidates of 6 queries were there, "
        "1,012 extractions of 12 photos"
    )
