"""What every extractor must do, on made-up weights."""

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

import extractors
from data.errors import SettingsError, WeightsError
from extractors import Features
from tests.extractors.methods import (
    ALL,
    NAMES,
    NOT_NORMALISED,
    ONE_LEVEL,
    WIDTHS,
    build,
    extract,
    photo,
    state,
)

every_extractor = pytest.mark.parametrize("name", NAMES)
every_capped_extractor = pytest.mark.parametrize("name", sorted(ALL))
SHIFT_PX = 16
MARGIN_PX = 64  # beyond it no extractor sees the border


@pytest.fixture(scope="module", autouse=True)
def small_photo() -> np.ndarray:
    return photo()[60:188, 80:240]


def hold_form(features: Features, name: str, size: tuple[int, int]) -> None:
    """Hold a record to the contract and to what the extractor declares."""
    spec = extractors.registry.load(name).spec
    assert features.names() == spec.yields
    assert features.image_size == size
    keypoints, descriptors = features.keypoints, features.descriptors
    assert keypoints is not None and descriptors is not None
    assert keypoints.shape == (len(features), 2)
    assert descriptors.shape == (len(features), WIDTHS.get(name, spec.descriptor_dim))
    for array_name, array in features.per_keypoint().items():
        assert array.dtype == (np.int64 if array_name == "levels" else np.float32), array_name
        assert len(array) == len(features)
    if features.global_descriptor is not None:
        assert features.global_descriptor.dtype == np.float32 and features.global_descriptor.ndim == 1
    if name not in NOT_NORMALISED:
        np.testing.assert_allclose(np.linalg.norm(descriptors, axis=1), 1, atol=1e-5)
    assert np.all(keypoints >= -0.5) and np.all(keypoints <= np.array(size[::-1]) - 0.5)


def hold_equal(first: Features, second: Features) -> None:
    for name, array in first.per_keypoint().items():
        np.testing.assert_array_equal(array, getattr(second, name), err_msg=name)


def by_place(features: Features) -> np.ndarray:
    """Return the order of rows by x, then y, then scale."""
    scales = np.zeros(len(features)) if features.scales is None else features.scales
    return np.lexsort([scales, features.keypoints[:, 1], features.keypoints[:, 0]])


@every_extractor
def test_features_have_the_form_of_the_contract(name: str, small_photo: np.ndarray) -> None:
    features = extract(build(name), small_photo)[0]
    assert len(features) > 20
    hold_form(features, name, small_photo.shape[:2])


@every_extractor
def test_low_precision_gives_the_same_form(name: str, small_photo: np.ndarray) -> None:
    features = extract(build(name, "bf16"), small_photo)[0]
    assert len(features) > 20
    hold_form(features, name, small_photo.shape[:2])


@every_extractor
@pytest.mark.parametrize("size", [(1, 1), (1, 70), (7, 90), (8, 8), (66, 65)])
def test_blank_and_tiny_photos_are_no_accident(name: str, size: tuple[int, int]) -> None:
    features = extract(build(name), np.full((*size, 3), 128, np.uint8))[0]
    hold_form(features, name, size)


@every_capped_extractor
def test_one_keypoint_is_the_best_of_all(name: str, small_photo: np.ndarray) -> None:
    one, everything = (extract(build(name, max_keypoints=n), small_photo)[0] for n in (1, ALL[name]))
    assert one.scores is not None and everything.scores is not None
    assert len(one) == 1
    assert one.scores[0] == everything.scores.max()


@every_extractor
def test_a_batch_gives_what_single_photos_give(name: str, small_photo: np.ndarray) -> None:
    images = [small_photo, np.full_like(small_photo, 40), np.ascontiguousarray(small_photo[::-1])]
    extractor = build(name)
    for together, image in zip(extract(extractor, *images), images, strict=True):
        alone = extract(extractor, image)[0]
        first, second = by_place(together), by_place(alone)  # rounding may swap rows of nearly equal score
        np.testing.assert_array_equal(together.keypoints[first], alone.keypoints[second])
        np.testing.assert_allclose(together.descriptors[first], alone.descriptors[second], atol=1e-5)
        if alone.scores is not None:
            np.testing.assert_allclose(together.scores[first], alone.scores[second], rtol=1e-4)


@every_extractor
def test_the_same_photo_gives_the_same_features(name: str, small_photo: np.ndarray) -> None:
    hold_equal(extract(build(name), small_photo)[0], extract(build(name), small_photo)[0])


@every_extractor
def test_memory_order_and_rights_of_the_photo_do_not_matter(name: str, small_photo: np.ndarray) -> None:
    mirrored = small_photo[:, ::-1]
    plain = np.ascontiguousarray(mirrored)
    plain.setflags(write=False)
    extractor = build(name)
    hold_equal(extract(extractor, mirrored)[0], extract(extractor, plain)[0])


@every_extractor
def test_keypoints_move_with_the_photo(name: str) -> None:
    whole = photo()
    uncapped = {"max_keypoints": ALL[name]} if name in ALL else {}
    extractor = build(name, **uncapped, **ONE_LEVEL.get(name, {}))
    left, right = (
        extract(extractor, image)[0].keypoints for image in (whole[:, :-SHIFT_PX], whole[:, SHIFT_PX:])
    )
    assert left is not None and right is not None
    highest = np.array([whole.shape[1] - SHIFT_PX, whole.shape[0]]) - MARGIN_PX
    inner = left[np.all((left > MARGIN_PX + SHIFT_PX) & (left < highest), axis=1)]
    distances, _ = cKDTree(right).query(inner - [SHIFT_PX, 0])
    assert len(inner) > 20
    assert np.mean(distances < 0.1) > 0.97


@every_extractor
def test_weights_that_do_not_fit_are_refused(name: str) -> None:
    weights = state(name)
    if weights is None:
        with pytest.raises(SettingsError, match="no weights"):
            extractors.build(name, {"some": torch.zeros(1)})
        return
    (key, value), *others = weights.items()
    renamed = {**dict(others), f"first {key}": value}
    with pytest.raises(WeightsError, match=r"missing: .*unknown: .*first"):
        extractors.build(name, renamed)


@every_capped_extractor
@pytest.mark.parametrize("count", [-2, 1.5])
def test_impossible_numbers_of_keypoints_are_refused(name: str, count: float) -> None:
    with pytest.raises(SettingsError, match="max_keypoints"):
        build(name, max_keypoints=count)
