"""What every extractor must do, as tests that any package can hold its own method to.

    from extractors.conformance import ExtractorConformance

    class TestMine(ExtractorConformance):
        name = "mine"

run by pytest. Weights are made up unless the class gives others: the suite asks for form, frames and
repeatability, not for good features.
"""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

import extractors
from data.errors import SettingsError, WeightsError
from extractors.base import Extractor
from extractors.record import Features
from extractors.store import FeatureStore
from networks.registry import SEEDED, Weights

MARGIN_PX = 64  # beyond it no extractor sees the border
FLOAT16_ULP = 2.0**-11  # relative error of rounding
SOME = 20  # features that the small photo must have at least


@functools.cache
def drawn_scene(height: int = 240, width: int = 320, seed: int = 0) -> np.ndarray:
    """Return a photo of overlapping boxes under a little noise, uint8 RGB (H, W, 3), the same every time."""
    draw = np.random.default_rng(seed)
    scene = np.full((height, width, 3), 120.0)
    for _ in range(height * width // 400):
        top, left = draw.integers(-10, height), draw.integers(-10, width)
        rows, columns = draw.integers(6, 40, 2)
        scene[max(top, 0) : top + rows, max(left, 0) : left + columns] = draw.uniform(0, 255, 3)
    scene += draw.normal(0, 3, scene.shape)
    return scene.clip(0, 255).astype(np.uint8)


def extract(extractor: Extractor, *images: np.ndarray) -> list[Features]:
    """Extract photos of one size as one batch."""
    prepared = [extractor.prepare(image) for image in images]
    return extractor.extract(torch.stack(prepared), [image.shape[:2] for image in images])


class ExtractorConformance:
    """The suite; a subclass for pytest names the method.

    name: in the registry. settings: for small photos. precise: settings under which keypoints follow the
    photo: one level, a grid no coarser than 16 pixels, no limit that a border could turn. uncapped: the
    value of `max_keypoints` that keeps all, as a mapping; empty without that setting.
    shift_px, steady: by how much the photo is moved, a multiple of the network's grid, and the share of
    keypoints that must move with it: less where norms or the resizing of maps see the whole photo, 0 where
    its pyramid has levels that no such shift fits.
    descriptor_dim: where settings change it. unit: descriptors have length 1. follows_half_pixels:
    keypoints are finer than pixels, and the network's own grid is too.
    """

    name: ClassVar[str]
    settings: ClassVar[Mapping[str, Any]] = {}
    precise: ClassVar[Mapping[str, Any]] = {}
    uncapped: ClassVar[Mapping[str, Any]] = {}
    shift_px: ClassVar[int] = 16
    steady: ClassVar[float] = 0.97
    descriptor_dim: ClassVar[int | None] = None
    unit: ClassVar[bool] = True
    follows_half_pixels: ClassVar[bool] = False

    def weights(self) -> Weights:
        """Return the weights to test with."""
        method = extractors.registry.load(self.name)
        return SEEDED if method.checkpoint(method.Settings()) else None

    def photo(self) -> np.ndarray:
        """Return the photo to test with, uint8 RGB, at least 240 x 320 pixels."""
        return drawn_scene()

    def build(self, precision: str = "float32", **settings: Any) -> Extractor:
        """Build the extractor for small photos, some settings changed."""
        built: Extractor = extractors.build(
            self.name, self.weights(), precision=precision, **{**self.settings, **settings}
        )
        return built

    @pytest.fixture
    def small(self) -> np.ndarray:
        """A piece of the photo: 128 x 160."""
        return self.photo()[60:188, 80:240]

    def hold_form(self, features: Features, size: tuple[int, int]) -> None:
        """Hold a record to the contract and to what the extractor declares."""
        spec = extractors.registry.load(self.name).spec
        assert features.names() == spec.yields
        assert features.image_size == size
        for array_name, array in features.per_keypoint().items():
            assert array.dtype == (np.int64 if array_name == "levels" else np.float32), array_name
            assert len(array) == len(features)
        for map_name, dense in features.dense.items():
            assert dense.dtype.kind != "f" or np.isfinite(dense).all(), map_name
        whole = features.global_descriptor
        assert whole is None or (whole.dtype == np.float32 and whole.ndim == 1)
        if features.keypoints is not None:
            lowest, highest = -0.5, np.array(size[::-1]) - 0.5
            assert np.all(features.keypoints >= lowest) and np.all(features.keypoints <= highest)
        if features.descriptors is not None:
            assert features.descriptors.shape[1] == (self.descriptor_dim or spec.descriptor_dim)
            lengths = np.linalg.norm(features.descriptors, axis=1)
            assert not self.unit or np.allclose(lengths, 1, atol=1e-5)

    def needs_keypoints(self) -> None:
        """Skip a test that is about keypoints for a method that has none."""
        if "keypoints" not in extractors.registry.load(self.name).spec.yields:
            pytest.skip(f"{self.name} keeps maps, not keypoints")

    @pytest.mark.parametrize("precision", ["float32", "bf16"])
    def test_features_have_the_form_of_the_contract(self, small: np.ndarray, precision: str) -> None:
        features = extract(self.build(precision), small)[0]
        assert features.keypoints is None or len(features) > SOME
        self.hold_form(features, small.shape[:2])

    @pytest.mark.parametrize("size", [(1, 1), (1, 70), (7, 90), (8, 8), (66, 65), (161, 97)])
    def test_blank_tiny_odd_and_portrait_photos_are_no_accident(self, size: tuple[int, int]) -> None:
        self.hold_form(extract(self.build(), np.full((*size, 3), 128, np.uint8))[0], size)

    def test_odd_sizes_and_grey_photos_have_features(self) -> None:
        odd = self.photo()[40:201, 100:229]
        for image in (odd, np.repeat(odd[:, :, :1], 3, axis=2)):
            features = extract(self.build(), image)[0]
            assert features.keypoints is None or len(features) > SOME
            self.hold_form(features, odd.shape[:2])

    def test_one_keypoint_is_the_best_of_all(self, small: np.ndarray) -> None:
        if not self.uncapped:
            pytest.skip(f"{self.name} has no max_keypoints")
        one, everything = (
            extract(self.build(**settings), small)[0] for settings in ({"max_keypoints": 1}, self.uncapped)
        )
        assert one.scores is not None and everything.scores is not None
        assert len(one) == 1
        assert one.scores[0] == everything.scores.max()

    @pytest.mark.parametrize("count", [-2, 1.5])
    def test_impossible_numbers_of_keypoints_are_refused(self, count: float) -> None:
        if not self.uncapped:
            pytest.skip(f"{self.name} has no max_keypoints")
        with pytest.raises(SettingsError, match="max_keypoints"):
            self.build(max_keypoints=count)

    def test_a_batch_gives_what_single_photos_give(self, small: np.ndarray) -> None:
        images = [small, np.full_like(small, 40), np.ascontiguousarray(small[::-1])]
        extractor = self.build()
        for together, image in zip(extract(extractor, *images), images, strict=True):
            hold_close(together, extract(extractor, image)[0])

    def test_the_same_photo_gives_the_same_features(self, small: np.ndarray) -> None:
        hold_equal(*(extract(self.build(), small)[0] for _ in range(2)))

    def test_memory_order_and_rights_of_the_photo_do_not_matter(self, small: np.ndarray) -> None:
        mirrored = small[:, ::-1]
        plain = np.ascontiguousarray(mirrored)
        plain.setflags(write=False)
        extractor = self.build()
        hold_equal(*(extract(extractor, image)[0] for image in (mirrored, plain)))

    def test_keypoints_move_with_the_photo(self) -> None:
        self.needs_keypoints()
        if not self.steady:
            pytest.skip(f"{self.name} has levels that no shift by whole pixels fits")
        whole, shift = self.photo(), self.shift_px
        extractor = self.build(**{**self.uncapped, **self.precise})
        left, right = (extract(extractor, image)[0] for image in (whole[:, :-shift], whole[:, shift:]))
        inner = _inside(left, MARGIN_PX + np.array([shift, 0]))
        distances, _ = cKDTree(right.keypoints).query(inner - [shift, 0])
        assert len(inner) > SOME
        assert np.mean(distances < 0.1) > self.steady

    def test_keypoints_move_by_half_a_pixel_with_the_photo(self) -> None:
        if not self.follows_half_pixels:
            pytest.skip(f"{self.name} has keypoints on a grid")
        doubled = np.repeat(np.repeat(self.photo(), 2, axis=0), 2, axis=1)
        fine = cv2.GaussianBlur(doubled, (0, 0), 3)  # so that neither half has details that the other lacks
        extractor = self.build(**{**self.uncapped, **self.precise})
        still, moved = (extract(extractor, _halved(fine[:, start:]))[0] for start in (0, 1))
        inner = _inside(still, np.array([MARGIN_PX, MARGIN_PX]))
        expected = inner - [0.5, 0]
        distances, nearest = cKDTree(moved.keypoints).query(expected)
        assert moved.keypoints is not None
        errors = (moved.keypoints[nearest] - expected)[distances < 0.75]
        assert len(errors) > max(SOME, len(inner) / 2)
        np.testing.assert_allclose(np.median(errors, axis=0), 0, atol=0.1)

    def test_stored_features_are_those_of_the_photo_to_half_precision(
        self, small: np.ndarray, tmp_path: Path
    ) -> None:
        features = extract(self.build(), small)[0]
        store = FeatureStore(tmp_path, {"extractor": self.name})
        with store.writer() as writer:
            writer.add("photo", features, decode_s=0.0, extract_s=0.0)
        back = store.read(["photo"])[0]
        assert (back.image_size, back.frame_size) == (features.image_size, features.frame_size)
        assert back.names() == features.names()
        for name, array in _arrays(features).items():
            stored = _arrays(back)[name]
            bound = FLOAT16_ULP * np.abs(array).max(initial=0) if stored.dtype == np.float16 else 0
            np.testing.assert_allclose(stored, array, rtol=0, atol=bound, err_msg=name)

    def test_weights_that_do_not_fit_are_refused(self) -> None:
        network = extractors.registry.load(self.name).layers(self.build().settings)
        if network is None:
            with pytest.raises(SettingsError, match="no weights"):
                extractors.build(self.name, {"some": torch.zeros(1)})
            return
        (key, value), *others = network.state_dict().items()
        with pytest.raises(WeightsError, match=r"missing: .*unknown: .*first"):
            extractors.build(self.name, {**dict(others), f"first {key}": value}, **self.settings)


def hold_equal(first: Features, second: Features) -> None:
    """Hold two records to the same arrays."""
    for name, array in _arrays(first).items():
        np.testing.assert_array_equal(array, _arrays(second)[name], err_msg=name)


def hold_close(first: Features, second: Features) -> None:
    """Hold two records to the same keypoints, in any order, and nearly the same numbers."""
    rows = [_by_place(first), _by_place(second)]  # rounding may swap rows of nearly equal score
    for name, array in _arrays(first).items():
        other = _arrays(second)[name]
        if name in first.per_keypoint():
            array, other = array[rows[0]], other[rows[1]]
        if name in ("keypoints", "levels"):
            np.testing.assert_array_equal(array, other, err_msg=name)
        else:
            atol = 1e-5 * np.abs(other).max(initial=1)
            np.testing.assert_allclose(array, other, rtol=1e-4, atol=atol, err_msg=name)


def _arrays(features: Features) -> dict[str, np.ndarray]:
    """Return every array of a record by its name, those of maps as dense/NAME."""
    arrays = dict(features.per_keypoint())
    if features.global_descriptor is not None:
        arrays["global_descriptor"] = features.global_descriptor
    return arrays | {f"dense/{name}": values for name, values in features.dense.items()}


def _by_place(features: Features) -> np.ndarray:
    """Return the order of rows by x, then y, then scale."""
    if features.keypoints is None:
        return np.arange(len(features))
    scales = np.zeros(len(features)) if features.scales is None else features.scales
    return np.lexsort([scales, features.keypoints[:, 1], features.keypoints[:, 0]])


def _inside(features: Features, margin: np.ndarray) -> np.ndarray:
    """Return keypoints (M, 2) further than `margin`, x and y in pixels, from the photo's border."""
    assert features.keypoints is not None
    highest = np.array(features.image_size[::-1]) - MARGIN_PX
    return features.keypoints[np.all((features.keypoints > margin) & (features.keypoints < highest), axis=1)]


def _halved(image: np.ndarray) -> np.ndarray:
    """Return an image (2H, 2W, 3) averaged over 2 x 2 pixels, uint8."""
    height, width = image.shape[0] // 2, image.shape[1] // 2
    blocks = image[: 2 * height, : 2 * width].reshape(height, 2, width, 2, 3)
    return blocks.mean(axis=(1, 3)).round().astype(np.uint8)
