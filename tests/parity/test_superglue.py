"""SuperGlue, stage by stage, against the published network on seeded weights."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

import extractors
import matchers
from extractors import Features
from matchers.sinkhorn import assign, log_assignment
from matchers.superglue import SuperGlue
from tests.parity.golden import Golden, assert_close

SHARE = 0.99  # of the keypoints whose match and confidence must agree, as the fixture's notes say
END_TO_END = 2  # matches by which a score may differ when the features are another extractor's


@pytest.fixture(scope="module")
def fixture(golden: Callable[[str], Golden]) -> Golden:
    return golden("superglue")


def build(fixture: Golden, config: dict[str, Any]) -> SuperGlue:
    settings = dict(config["superglue"])
    return matchers.build("superglue", fixture.state(), variant=settings.pop("weights"), **settings)


def photo(fixture: Golden, config: dict[str, Any], number: int) -> Features:
    arrays = fixture.arrays("inputs.npz")
    keypoints, scores, descriptors = (
        arrays[f"image{number}_{name}"] for name in ("keypoints", "scores", "descriptors")
    )
    height, width = config["image_height_width"][number]
    return Features(
        (height, width),
        keypoints=keypoints,
        scores=scores,
        descriptors=descriptors.T,
    )


def recorded(fixture: Golden) -> Iterator[tuple[str, dict[str, Any], int, int]]:
    """Yield file, settings, query and candidate of every recorded pair."""
    for file in fixture.meta["outputs"]:
        named = re.fullmatch(r"(\w+)_(\d+)_(\d+)\.npz", file)
        if named:
            config, query, candidate = named.groups()
            yield file, fixture.meta["config"][config], int(query), int(candidate)


def stages(superglue: SuperGlue, query: Features, candidate: Features) -> dict[str, np.ndarray]:
    """Run a pair and return every stage by the fixture's names, maps as (C, N)."""
    network, found = superglue.network, {}
    calls: dict[str, list[torch.Tensor]] = {"encoded": [], "projected": []}

    def keep(name: str) -> Callable[..., None]:
        calls[name] = []
        return lambda module, given, result: calls[name].append(result)

    hooks = [network.kenc.register_forward_hook(keep("encoded"))]
    hooks += [network.final_proj.register_forward_hook(keep("projected"))]
    for number, layer in enumerate(network.gnn.layers):
        hooks.append(layer.register_forward_hook(keep(f"layer{number}_")))
    sides = superglue._side(query), superglue._side(candidate)
    with torch.inference_mode():
        matrix = network(*sides)
        transported = log_assignment(matrix, network.bin_score, superglue.settings.sinkhorn_iterations)
        assigned = assign(transported, superglue.settings.match_threshold)
    for hook in hooks:
        hook.remove()
    for number in (0, 1):
        found[f"normalized{number}"] = sides[number].keypoints[0].numpy()
        for name, results in calls.items():
            found[f"{name}{number}"] = results[number][0].T.numpy()
        found[f"matches{number}"] = getattr(assigned, f"matches{number}")[0].numpy()
        found[f"matching_scores{number}"] = getattr(assigned, f"confidences{number}")[0].numpy()
    return found | {"matrix": matrix[0].numpy(), "log_assignment": transported[0].numpy()}


def test_every_stage_of_every_pair(fixture: Golden) -> None:
    for file, config, number0, number1 in recorded(fixture):
        superglue = build(fixture, config)
        query, candidate = (photo(fixture, config, number) for number in (number0, number1))
        found, expected = stages(superglue, query, candidate), fixture.arrays(file)
        for name, spec in fixture.meta["outputs"][file].items():
            if name == "score":
                assert superglue.score(query, [candidate]).values[0] == -expected[name], file
            elif name.startswith("matches"):
                assert np.mean(found[name] == expected[name]) >= SHARE, f"{file}/{name}"
            elif name.startswith("matching_scores"):
                near = np.isclose(found[name], expected[name], spec["rtol"], spec["atol"])
                assert near.mean() >= SHARE, f"{file}/{name}"
            else:
                assert_close(found[name], expected[name], spec, f"{file}/{name}")


def test_transport_alone(fixture: Golden) -> None:
    arrays = fixture.arrays("units.npz")
    scores, bin_score = torch.from_numpy(arrays["scores"])[None], torch.from_numpy(arrays["alpha"])
    for name, spec in fixture.meta["outputs"]["units.npz"].items():
        if name.startswith("log_assignment_"):
            result = log_assignment(scores.clone(), bin_score, int(name.rpartition("_")[2]))[0]
            assert_close(result.numpy(), arrays[name], spec, name)


def test_candidates_in_one_batch_score_as_alone(fixture: Golden) -> None:
    groups: dict[tuple[str, int], list[int]] = {}
    for file, _, number0, number1 in recorded(fixture):
        groups.setdefault((file.split("_")[0], number0), []).append(number1)
    for (name, number0), numbers in groups.items():
        config = fixture.meta["config"][name]
        superglue, query = build(fixture, config), photo(fixture, config, number0)
        candidates = [photo(fixture, config, number) for number in numbers]
        alone = [superglue.score(query, [candidate]).values[0] for candidate in candidates]
        assert superglue.score(query, candidates).values.tolist() == alone


def test_end_to_end_with_superpoint(fixture: Golden, golden: Callable[[str], Golden]) -> None:
    if "end_to_end" not in fixture.meta:
        pytest.skip("this fixture records no end-to-end scores")
    superpoint = extractors.build("superpoint", golden("superpoint").state())
    superglue = build(fixture, fixture.meta["config"]["ref"])
    expected = fixture.meta["end_to_end"]["score"]
    names = sorted({number for pair in expected for number in pair.split("_")})
    photos = {name: superpoint.prepare(fixture.image(f"image{name}")) for name in names}
    features = {name: superpoint.extract(photo[None])[0] for name, photo in photos.items()}
    for pair, score in expected.items():
        query, candidate = (features[number] for number in pair.split("_"))
        assert abs(superglue.score(query, [candidate]).values[0] + score) <= END_TO_END, pair
