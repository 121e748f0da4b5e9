"""LoFTR held to its fixture: maps of photos, then tokens, confidences, matches and fine stage of pairs."""

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

import extractors
import matchers
from extractors import Features
from extractors.loftr import LoFTR as PhotoHalf
from matchers.loftr import CENTRE_PX, LoFTR, LoFTRSettings
from tests.parity.golden import Golden, assert_close, grid
from tests.parity.loftr_fixture import Case, arrays_of, cases, pairs_of, photo, spec_of

OF_PHOTO = ("gray", "gray_stats", "coarse", "coarse_stats", "coarse_pe", "fine", "fine_stats")
OF_PAIR = {  # stages that are compared whole, where their description does not say otherwise
    "tokens0", "tokens1", "conf_rowmax", "conf_rowargmax", "conf_colmax", "conf_colargmax", "conf_stats",
}  # fmt: skip
OF_MATCHES = ("keypoints0", "keypoints1", "confidence", "expec_f")  # one row for each match
OF_FIRST_MATCHES = ("windows0", "windows1", "fine_tokens1")

Stages = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def fixture(golden: Callable[[str], Golden]) -> Golden:
    return golden("loftr")


@functools.cache
def state(fixture: Golden) -> dict[str, np.ndarray]:
    return fixture.state()


@functools.cache
def extractor_of(fixture: Golden, temp_bug_fix: bool, keeps: str = "coarse and fine") -> PhotoHalf:
    return extractors.build("loftr", state(fixture), temp_bug_fix=temp_bug_fix, keeps=keeps)


def matcher_of(fixture: Golden, case: Case) -> LoFTR:
    return matchers.build("loftr", state(fixture), **matching(case))


def matching(case: Case) -> dict[str, Any]:
    """Return the matcher's settings, by the names that Kornia has for them."""
    names = {item.name for item in fields(LoFTRSettings)}
    return {name: value for name, value in case.config["match_coarse"].items() if name in names}


def statistics(whole: np.ndarray) -> np.ndarray:
    return np.array(
        [whole.mean(dtype=np.float64), whole.std(dtype=np.float64, ddof=1), whole.min(), whole.max()]
    )


def extract(extractor: PhotoHalf, image: np.ndarray) -> Features:
    return extractor.extract(extractor.prepare(image)[None])[0]


def photo_stages(extractor: PhotoHalf, image: np.ndarray) -> Stages:
    """Extract a photo; return every stage of it as (C, H, W)."""
    stages: Stages = {}
    modules = {
        "coarse": extractor.network.backbone.layer3_outconv,
        "coarse_pe": extractor.network.pos_encoding,
    }
    hooks = [
        module.register_forward_hook(
            lambda _module, _inputs, output, name=name: stages.update({name: output[0].numpy().copy()})
        )
        for name, module in modules.items()
    ]
    features = extract(extractor, image)
    for hook in hooks:
        hook.remove()
    stages["gray"] = extractor.prepare(image).numpy()
    stages["fine"] = features.dense["fine"].transpose(2, 0, 1)
    return stages | {f"{name}_stats": statistics(whole) for name, whole in stages.items()}


def pair_stages(matcher: LoFTR, query: Features, candidate: Features) -> Stages:
    """Match a pair; return every stage, those of matches in their order."""
    inputs: dict[str, Any] = {}
    outputs: dict[str, Any] = {}

    def keep(name: str) -> Callable[..., None]:
        def hook(_module: Any, given: Any, result: Any) -> None:
            inputs[name], outputs[name] = given, result

        return hook

    watched = ("coarse_matching", "fine_preprocess", "fine_matching")
    hooks = [getattr(matcher.network, name).register_forward_hook(keep(name)) for name in watched]
    found = matcher.match(query, candidate)
    for hook in hooks:
        hook.remove()
    tokens0, tokens1, data = inputs["coarse_matching"]
    windows0, windows1 = outputs["fine_preprocess"]
    confidences = data["conf_matrix"][0].numpy()
    mean, deviation, _, highest = statistics(confidences)
    return {
        "tokens0": tokens0[0].numpy(),
        "tokens1": tokens1[0].numpy(),
        "conf_rowmax": confidences.max(axis=1),
        "conf_rowargmax": confidences.argmax(axis=1),
        "conf_colmax": confidences.max(axis=0),
        "conf_colargmax": confidences.argmax(axis=0),
        "conf_stats": np.array([highest, mean, deviation, confidences.sum(dtype=np.float64)]),
        "cells": np.stack([data["i_ids"].numpy(), data["j_ids"].numpy()], axis=1),
        "keypoints0": found.points0 + CENTRE_PX,
        "keypoints1": found.points1 + CENTRE_PX,
        "confidence": found.confidences,
        "expec_f": data["expec_f"].numpy(),
        "windows0": windows0.numpy(),
        "windows1": windows1.numpy(),
        "fine_tokens1": inputs["fine_matching"][1].numpy(),
    }


def hold_matches(
    found: Stages, stored: Mapping[str, np.ndarray], fixture: Golden, start: str, thr: float
) -> None:
    """Hold matches as sets, but for those that are near the threshold; then what belongs to each match."""
    margin = float(re.search(r"confidence exceeds thr \+ (\d[\d.e-]*\d)", fixture.meta["selection"])[1])
    here = {cells: row for row, cells in enumerate(map(tuple, found["cells"].tolist()))}
    there = {cells: row for row, cells in enumerate(map(tuple, stored["cells"].tolist()))}
    missing = [stored["confidence"][there[cells]] for cells in there.keys() - here.keys()]
    added = [found["confidence"][here[cells]] for cells in here.keys() - there.keys()]
    assert all(confidence <= thr + margin for confidence in missing), start
    assert all(confidence < thr + margin for confidence in added), start

    shared = [cells for cells in there if cells in here]
    ours, theirs = ([rows[cells] for cells in shared] for rows in (here, there))
    for stage in [stage for stage in OF_MATCHES if stage in stored]:
        assert_close(
            found[stage][ours], stored[stage][theirs], spec_of(fixture, start + stage), start + stage
        )
    for stage in [stage for stage in OF_FIRST_MATCHES if stage in stored]:
        first = [row for row in theirs if row < len(stored[stage])]
        spec = spec_of(fixture, start + stage)
        assert_close(found[stage][ours[: len(first)]], stored[stage][first], spec, start + stage)


def hold_score(score: float, stored: Mapping[str, np.ndarray], spec: Mapping[str, Any], thr: float) -> None:
    """Hold a score, whose sign is the fixture's turned, to within the matches that are near the threshold."""
    near = float(re.search(r"within (\d[\d.e-]*\d) of the threshold", spec["what"])[1])
    doubtful = np.count_nonzero(np.abs(stored["confidence"] - thr) <= near)
    assert abs(score + float(stored["score"][0])) <= doubtful


def hold_where_told(
    whole: np.ndarray, stored: Mapping[str, np.ndarray], stage: str, spec: dict[str, Any]
) -> None:
    """Hold an array, where its description says so only at places where another one is large."""
    told = re.search(r"compare only where (\w+) > (\d[\d.]*\d)", spec["what"])
    where = slice(None) if told is None else stored[told[1]] > float(told[2])
    assert_close(grid(whole, spec.pop("grid"))[where], stored[stage][where], spec, stage)


def test_every_stage_of_photos(fixture: Golden) -> None:
    extractor = extractor_of(fixture, cases(fixture)[0].temp_bug_fix)
    names = {name.partition("_")[0] for name in fixture.meta["outputs"] if re.match(r"image\d", name)}
    assert names
    for photo_name in sorted(names):
        found = photo_stages(extractor, photo(fixture, photo_name))
        for name, (stage, stored) in arrays_of(fixture, rf"{photo_name}_(\w+)").items():
            assert_close(found[stage], stored, spec_of(fixture, name), name)


def test_every_stage_of_pairs_in_every_case(fixture: Golden) -> None:
    @functools.cache
    def features(name: str, cut: str, temp_bug_fix: bool) -> Features:
        return extract(extractor_of(fixture, temp_bug_fix), photo(fixture, name, cut))

    for case in cases(fixture):
        matcher = matcher_of(fixture, case)
        for pair in pairs_of(fixture, case):
            sides = [features(f"image{number}", case.cut, case.temp_bug_fix) for number in pair]
            found, start = pair_stages(matcher, *sides), f"{case.prefix}pair{pair}_"
            stored = dict(arrays_of(fixture, rf"{start}(\w+)").values())
            for stage in stored.keys() & OF_PAIR:
                hold_where_told(found[stage], stored, stage, spec_of(fixture, start + stage))
            hold_matches(found, stored, fixture, start, case.thr)
            hold_score(len(found["cells"]), stored, fixture.meta["outputs"][f"{start}score"], case.thr)


def test_scores_without_fine_maps(fixture: Golden) -> None:
    case = cases(fixture)[0]
    extractor, matcher = extractor_of(fixture, case.temp_bug_fix, "coarse"), matcher_of(fixture, case)
    names = {number for pair in pairs_of(fixture, case) for number in pair}
    features = {number: extract(extractor, photo(fixture, f"image{number}")) for number in names}
    for query in sorted(names):
        pairs = [pair for pair in pairs_of(fixture, case) if pair[0] == query]
        scores = matcher.score(features[query], [features[pair[1]] for pair in pairs])
        for pair, score in zip(pairs, scores.values, strict=True):
            stored = dict(arrays_of(fixture, rf"pair{pair}_(\w+)").values())
            hold_score(score, stored, fixture.meta["outputs"][f"pair{pair}_score"], case.thr)


def test_position_codes(fixture: Golden) -> None:
    for name, (_, stored) in arrays_of(fixture, r"(pe_\w+)").items():
        spec = spec_of(fixture, name)
        told = re.search(r"temp_bug_fix (True|False)", spec["what"])[1]
        code = PhotoHalf.layers(PhotoHalf.Settings(temp_bug_fix=told == "True")).pos_encoding.pe[0]
        assert_close(code.numpy(), stored, spec, name)


def test_networks_are_configured_as_the_fixture_was(fixture: Golden) -> None:
    for case in cases(fixture):
        of_photo = PhotoHalf.layers(PhotoHalf.Settings(temp_bug_fix=case.temp_bug_fix)).config
        of_pair = LoFTR.layers(LoFTRSettings(**matching(case))).config
        used = {**of_photo, "match_coarse": of_pair["match_coarse"]}
        assert json.loads(json.dumps(used)) == case.config


def test_no_array_is_left_out(fixture: Golden) -> None:
    of_pairs = (*OF_PAIR, *OF_MATCHES, *OF_FIRST_MATCHES, "cells", "score")
    prefixes = "|".join(case.prefix for case in cases(fixture))
    known = rf"image\d_({'|'.join(OF_PHOTO)})|({prefixes})pair\d\d_({'|'.join(of_pairs)})|pe_\w+"
    assert [name for name in fixture.meta["outputs"] if not re.fullmatch(known, name)] == []
