"""DELG held to its fixtures: both networks stage by stage, pyramid, features, global descriptors."""

import re
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

import matchers
from extractors import Features
from extractors.delg import Delg
from extractors.delg_network import DelgNetwork
from extractors.delg_pyramid import level_size, limit_size, resize_level
from matchers import Matches
from matchers.affine import Affine
from tests.parity.delg_fixture import FOLDERS, Arrays, DelgFixture, extract
from tests.parity.golden import Golden

# of the features' pairing, in words in meta.json
SCALE_RTOL, LOCATION_PX, BORDERLINE_RTOL = 1e-5, 0.01, 2e-4

DIFFERING_PAIRS, INLIERS_SHARE, INLIERS = 0.02, 0.15, 2  # of matches, and of counts, in words too

training_alone = pytest.mark.parametrize("fixture", ["training"], indirect=True)

STAGES = {
    "block0": "backbone.relu",
    "block0mp": "backbone.maxpool",
    "block1": "backbone.layer1",
    "block2": "backbone.layer2",
    "block3": "backbone.layer3",
    "block4": "backbone.layer4",
    "reduced": "reduction",
    "expanded": "expansion",
    "attention_logit": "attention.conv2",
    "pooled": "pool",
}


@pytest.fixture(scope="module", params=FOLDERS)
def fixture(request: pytest.FixtureRequest, golden: Callable[[str], Golden]) -> DelgFixture:
    return DelgFixture(request.param, golden)


def stages(extractor: Delg, photo: torch.Tensor) -> dict[str, np.ndarray]:
    """Return what the parts of the network give of a photo (1, 3, H, W)."""
    found: dict[str, np.ndarray] = {}
    network = extractor.network
    hooks = [
        network.get_submodule(module).register_forward_hook(
            lambda _module, _inputs, output, stage=stage: found.update({stage: output[0].squeeze().numpy()})
        )
        for stage, module in STAGES.items()
    ]
    with torch.inference_mode():
        maps = DelgNetwork.forward(network, photo)
        network.expansion(maps.descriptors)
        network.embedding(maps.block3)
    for hook in hooks:
        hook.remove()
    return found


def level(extractor: Delg, photo: torch.Tensor, number: int, legacy: bool) -> dict[str, np.ndarray]:
    """Return the network's input and output at a level of the pyramid of a photo (1, 3, H, W)."""
    size = level_size((photo.shape[2], photo.shape[3]), extractor.settings.image_scales[number])
    resized = resize_level(photo, size, "legacy" if legacy else extractor.settings.resize)
    with torch.inference_mode():
        maps = extractor.network(resized)
    return {
        "input": resized[0].numpy(),
        "attention": maps.attention[0].numpy(),
        "reduced": maps.descriptors[0].numpy(),
    }


def statistics(whole: np.ndarray) -> np.ndarray:
    return np.array([whole.mean(dtype=np.float64), whole.std(dtype=np.float64), whole.min(), whole.max()])


def test_every_stage_of_the_network(fixture: DelgFixture) -> None:
    extractor = fixture.extractor()
    names = [name for name in fixture.arrays() if re.match(r"im\d", name)]
    prepared = {name[2]: extractor.prepare(fixture.image(f"image{name[2]}"))[None] for name in names}
    computed = {photo: stages(extractor, tensor) for photo, tensor in prepared.items()}
    for name in names:
        stage = name[4:].removesuffix("_stats")
        if at_level := re.fullmatch(r"(input|attention|reduced)_s(\d)(_legacy)?", stage):
            part, number, legacy = at_level.groups()
            whole = level(extractor, prepared[name[2]], int(number), legacy is not None)[part]
        else:
            whole = computed[name[2]][stage]
        fixture.hold(statistics(whole) if name.endswith("_stats") else whole, name)


def test_the_first_resize(fixture: DelgFixture) -> None:
    for name in [name for name in fixture.arrays() if name.endswith("_resized")]:
        configuration, photo = name.removesuffix("_resized")[:-1], name.removesuffix("_resized")[-1]
        image = fixture.image(f"image{photo}")
        resized = limit_size(image, fixture.config["configurations"][configuration]["max_image_size"])
        fixture.hold(resized, name)
        factors = np.array(resized.shape[:2]) / image.shape[:2]
        fixture.hold(factors, name.replace("resized", "factors"))


def test_features_of_every_configuration(fixture: DelgFixture) -> None:
    arrays = fixture.arrays()
    for case in [name.removesuffix("_global") for name in arrays if name.endswith("_global")]:
        configuration, photo = case[:-1], int(case[-1])
        found = fixture.features(configuration, photo)
        local = fixture.config["configurations"][configuration]["local"]
        hold_features(found, arrays, case, fixture)
        hold_borderline(found, arrays, case, local["score_threshold"])
        assert len(found) <= local["max_feature_num"]


def pairing(found: Features, arrays: Arrays, case: str) -> tuple[list[int], list[int]]:
    """Return rows stored and rows found that are the same feature: of one scale, at one place."""
    scales = np.unique(arrays[f"{case}_scales"])
    there, here = [], []
    for scale in scales:
        of_stored = np.flatnonzero(arrays[f"{case}_scales"] == scale)
        of_found = np.flatnonzero(np.isclose(found.scales, scale, rtol=SCALE_RTOL))
        if not len(of_found):
            continue
        distances, nearest = cKDTree(found.keypoints[of_found]).query(
            arrays[f"{case}_locations"][of_stored][:, ::-1]
        )
        there += of_stored[distances <= LOCATION_PX].tolist()
        here += of_found[nearest[distances <= LOCATION_PX]].tolist()
    assert len(set(here)) == len(here), f"{case}: a feature was paired twice"
    return there, here


def hold_features(found: Features, arrays: Arrays, case: str, fixture: DelgFixture) -> None:
    """Hold a photo's features and global descriptor; the order by score may differ for nearly equal ones."""
    there, here = pairing(found, arrays, case)
    rows = {
        "locations": found.keypoints[:, ::-1],
        "scales": found.scales,
        "scores": found.scores,
        "descriptors": found.descriptors,
    }
    for array, values in rows.items():
        if f"{case}_{array}" in arrays:
            whole = arrays[f"{case}_{array}"].copy()  # what has no partner is judged by its score
            whole[there] = values[here]
            fixture.hold(whole, f"{case}_{array}")
    fixture.hold(found.global_descriptor, f"{case}_global")
    assert np.all(np.diff(found.scores) <= 0), f"{case}: scores do not fall"


def hold_borderline(found: Features, arrays: Arrays, case: str, threshold: float) -> None:
    """Hold features without a partner to scores at the threshold, or at the last one kept."""
    there, here = pairing(found, arrays, case)
    stored = arrays[f"{case}_scores"]
    borders = np.array([threshold, stored.min()])
    single = [*np.delete(stored, there), *np.delete(found.scores, here)]
    assert all(np.isclose(score, borders, rtol=BORDERLINE_RTOL).any() for score in single), case
    assert len(there) > 0.9 * len(stored), f"{case}: only {len(there)} of {len(stored)} features"


def test_matches_counts_and_ranking(fixture: DelgFixture) -> None:
    arrays, config = fixture.arrays(), fixture.config["matching"]
    affine = matchers.build(
        "affine",
        match_distance=config["descriptor_matching_threshold"],
        residual_px=config["ransac_residual_threshold"],
        iterations=config["max_trials"],
    )
    for name in [name.removesuffix("_inliers") for name in arrays if name.endswith("_inliers")]:
        photos = [int(number) for number in name.removeprefix("pair")]
        query, candidate = (fixture.features("thr", number) for number in photos)
        hold_matches(affine.match(query, candidate), (query, candidate), photos, fixture)
        counts = arrays[f"{name}_inliers"]
        count = affine.score(query, [candidate]).inliers[0]
        low, high = (1 - INLIERS_SHARE) * counts.min(), (1 + INLIERS_SHARE) * counts.max()
        assert low - INLIERS <= count <= high + INLIERS, f"{name}: {count}, published {np.unique(counts)}"
        similarity = query.global_descriptor @ candidate.global_descriptor
        fixture.hold(np.array([similarity]), f"{name}_similarity")
    hold_ranking(affine, fixture)


def hold_matches(
    found: Matches, features: tuple[Features, Features], photos: list[int], fixture: DelgFixture
) -> None:
    """Hold matches as a set of pairs of features, and the distances of the shared ones."""
    arrays, name = fixture.arrays(), "pair{}{}".format(*photos)
    paired = [pairing(item, arrays, f"thr{photo}") for item, photo in zip(features, photos, strict=True)]
    here = [dict(zip(there, rows, strict=True)) for there, rows in paired]
    stored = zip(arrays[f"{name}_match_query"].tolist(), arrays[f"{name}_match_index"].tolist(), strict=True)
    ours = [(here[0].get(first, -1), here[1].get(second, -1)) for first, second in stored]
    both = [row for row, pair in enumerate(ours) if pair in set(map(tuple, found.indices.tolist()))]
    assert len(both) >= (1 - DIFFERING_PAIRS) * max(len(ours), len(found.indices)), name
    first, second = np.array([ours[row] for row in both]).T
    distances = np.linalg.norm(features[0].descriptors[first] - features[1].descriptors[second], axis=1)
    fixture.hold(distances, f"{name}_match_distance", arrays[f"{name}_match_distance"][both])


def hold_ranking(affine: Affine, fixture: DelgFixture) -> None:
    """Hold the order for photo 0: itself first, the others where their published counts do not overlap."""
    arrays = fixture.arrays()
    published = arrays["rank"].tolist()
    candidates = [fixture.features("thr", number) for number in sorted(published, reverse=True)]
    values = affine.score(fixture.features("thr", published[0]), candidates).values
    order = [sorted(published, reverse=True)[row] for row in np.argsort(-values, kind="stable")]
    counts = [arrays[f"pair{published[0]}{number}_inliers"] for number in published[1:]]
    overlapping = any(one.min() <= other.max() for one, other in pairwise(counts))
    assert order[0] == published[0]
    assert overlapping or order == published


@training_alone
def test_local_features_of_stride_16(fixture: DelgFixture) -> None:
    arrays, words = other_file(fixture, "stride16.npz")
    numbers = {
        name: int(re.findall(rf"{name} (\d+)", words)[0])
        for name in ("max_feature_num", "score_threshold", "max_image_size")
    }
    found = extract(fixture.extractor(block3_stride=16, **numbers), fixture.image("image0"))
    there, here = pairing(found, arrays, "stride16_0")
    hold_borderline(found, arrays, "stride16_0", numbers["score_threshold"])
    for array, values in {"scores": found.scores, "descriptors": found.descriptors}.items():
        fixture.hold(values[here], f"thr0_{array}", arrays[f"stride16_0_{array}"][there])
    fixture.hold(found.global_descriptor, "thr0_global", arrays["stride16_0_global"])


@training_alone
def test_attention_fed_from_block_3(fixture: DelgFixture) -> None:
    arrays, _ = other_file(fixture, "attention_from_block3.npz")
    extractor = fixture.extractor(attention_input="block3")
    photo = extractor.prepare(fixture.image("image0"))[None]
    logits = stages(extractor, photo)["attention_logit"]
    fixture.hold(logits, "im0_attention_logit", arrays["im0_attention_logit_from_block3"])
    with torch.inference_mode():
        attention = extractor.network(photo).attention[0].numpy()
    fixture.hold(attention, "im0_attention_logit", arrays["im0_attention_from_block3"])


def other_file(fixture: DelgFixture, file: str) -> tuple[Arrays, str]:
    """Return the arrays of a file beside the main one, and the words about it; skips where there is none."""
    described = fixture.meta.get("other_files", {})
    if file not in described:
        pytest.skip(f"no {file} in {fixture.golden.folder}")
    return fixture.arrays(file), described[file]["what"]
