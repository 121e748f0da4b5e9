"""GeoWarp's half of a pair."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import extractors
import matchers
from data.errors import PairError, SettingsError, WeightsError
from extractors import Features
from extractors.conformance import drawn_scene
from extractors.store import FeatureStore
from matchers.geowarp import LEAST, LEFT_ALONE, GeoWarp, GeoWarpSettings
from matchers.geowarp_network import CORNERS, carry, homographies, similarity, warp
from networks.checkpoint_table import CHECKPOINTS
from networks.weights_policy import WeightsPolicy, using_policy
from tests.matchers.geowarp_photos import SETTINGS, features_of, made_up_weights

HALF_TOLERANCE = 0.02  # how far float16 local features may move a score; measured: 0.002, on photos 0.006


def built(moving: float = 0.1, **settings: Any) -> GeoWarp:
    return matchers.build("geowarp", made_up_weights(moving), **SETTINGS, **settings)


@pytest.fixture(scope="module")
def photos() -> list[Features]:
    """Return photos of two sizes, the third nearly the first, the last the first itself."""
    first, second = drawn_scene(120, 160, seed=1), drawn_scene(120, 160, seed=2)
    noisy = (first // 2 + drawn_scene(120, 160, seed=3) // 2).astype(np.uint8)
    images = [first, second, noisy, second[::-1], drawn_scene(90, 131, seed=4), drawn_scene(90, 131, seed=5)]
    return [features_of(image) for image in (*images, first)]


def test_homographies_carry_the_corners_of_a_photo_to_given_ones() -> None:
    torch.manual_seed(0)
    given = torch.tensor(CORNERS) + 0.4 * torch.randn(6, 4, 2)
    thetas = homographies(given)
    np.testing.assert_allclose(carry(torch.tensor(CORNERS), thetas), given, atol=1e-5)
    np.testing.assert_array_equal(thetas[:, 2, 2], 1)
    np.testing.assert_allclose(homographies(torch.tensor(CORNERS)[None])[0], np.eye(3), atol=1e-12)


def test_the_identity_zooms_and_darkens_the_border_as_published() -> None:
    white = torch.ones(1, 1, 5, 7)
    warped = warp(white, torch.eye(3)[None])[0, 0].numpy()
    expected = np.ones((5, 7))
    expected[[0, -1]] *= 0.5
    expected[:, [0, -1]] *= 0.5
    np.testing.assert_allclose(warped, expected, atol=1e-6)


def test_channels_of_a_similarity_count_the_first_photo_column_by_column() -> None:
    local0, local1 = torch.zeros(1, 4, 15, 15), torch.zeros(1, 4, 15, 15)
    local0[0, 2, 3, 7] = 1  # row 3, column 7
    local1[0, 2, 11, 5] = 1
    found = similarity(local0, local1)
    assert torch.nonzero(found).tolist() == [[0, 7 * 15 + 3, 11, 5]]


def test_only_the_first_candidates_are_compared(photos: list[Features]) -> None:
    query, *candidates = photos
    everything = built(first_n=None).score(query, candidates).values
    some = built(first_n=2).score(query, candidates).values
    np.testing.assert_array_equal(some[:2], everything[:2])
    np.testing.assert_array_equal(some[2:], LEFT_ALONE)  # equal scores keep the retriever's order
    assert everything.min() > LEAST > LEFT_ALONE
    assert everything.argmax() == len(candidates) - 1  # the query's own photo
    published = built().score(query, candidates).values
    assert np.count_nonzero(published != LEFT_ALONE) == GeoWarpSettings().first_n == 5


def test_batches_give_what_single_pairs_give(photos: list[Features]) -> None:
    geowarp, query, others = built(), photos[0], photos[1:4]
    alone = geowarp.score(query, others).values
    with torch.inference_mode():
        together = geowarp._warp(geowarp._side([query]), geowarp._side(others)).scores().numpy()
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    assert np.ptp(alone) > 1


def test_candidates_of_all_sizes_keep_their_places(photos: list[Features]) -> None:
    geowarp, query, candidates = built(first_n=None), photos[0], photos[1:]
    alone = [geowarp.score(query, [candidate]).values[0] for candidate in candidates]
    np.testing.assert_array_equal(geowarp.score(query, candidates).values, alone)
    assert len(set(alone)) == len(alone)


def test_photos_are_not_exchanged(photos: list[Features]) -> None:
    """The score is that of either order, but points belong to their photos, here of different sizes."""
    geowarp, first, second = built(), photos[0], photos[4]
    there, back = geowarp.match(first, second), geowarp.match(second, first)
    np.testing.assert_allclose(there.points0, back.points1, atol=1e-3)
    assert there.points0.max() > second.image_size[1] > there.points1.max()
    scores = [geowarp.score(*pair).values[0] for pair in ((first, [second]), (second, [first]))]
    assert scores[0] == pytest.approx(scores[1], abs=1e-3)


def test_correspondences_are_the_cells_that_were_compared(photos: list[Features]) -> None:
    still, query = built(moving=0.0), photos[0]
    found = still.match(query, photos[6])
    assert len(found.points0) == 225 and found.inliers.all() and found.indices is None
    np.testing.assert_array_equal(found.points0, found.points1)
    expected = (np.arange(15) + 0.5) / 15 * 160 - 0.5
    zoomed = (expected - 79.5) * 160 / 159 + 79.5  # of the published warp
    np.testing.assert_allclose(np.unique(found.points0[:, 0].round(3)), zoomed, atol=2e-3)
    assert found.confidences.sum() == pytest.approx(still.score(query, [photos[6]]).values[0], rel=1e-5)
    twice = replace(photos[6], image_size=(240, 320))  # shrunk before it was kept
    np.testing.assert_allclose(still.match(query, twice).points1, 2 * found.points0 + 0.5, atol=1e-3)


def test_cells_beyond_the_photos_are_no_correspondences(photos: list[Features]) -> None:
    state = made_up_weights(moving=0.0)
    shifted = np.float32(CORNERS) + np.float32([1.1, 0.0])  # of both, a bit less than the right half
    state["regression.linear.bias"][...] = np.float32([shifted, shifted]).ravel()
    found = matchers.build("geowarp", state, **SETTINGS).match(photos[0], photos[1])
    assert len(found.points0) == 7 * 15  # of the columns of cells, seven lie before the border
    assert found.points0[:, 0].min() > 79 and found.points0[:, 0].max() < 160


def test_corners_that_have_no_homography_score_least(photos: list[Features]) -> None:
    state = made_up_weights(moving=0.0)
    for corners in (
        np.zeros((8, 2)),
        np.stack([np.arange(8.0), np.arange(8.0)], axis=1),
        np.full((8, 2), np.nan),
    ):
        state["regression.linear.bias"][...] = corners.ravel()
        scores = matchers.build("geowarp", state, **SETTINGS).score(photos[0], photos[1:3])
        np.testing.assert_array_equal(scores.values, LEAST)


def test_stored_features_rank_candidates_alike(photos: list[Features], tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, {"extractor": "geowarp"})
    keys = [str(number) for number in range(len(photos))]
    with store.writer() as writer:
        for key, features in zip(keys, photos, strict=True):
            writer.add(key, features)
    geowarp, stored = built(first_n=None), store.read(keys)
    exact, half = (geowarp.score(first, others).values for first, *others in (photos, stored))
    assert stored[0].dense["local"].dtype == np.float16
    np.testing.assert_allclose(half, exact, rtol=0, atol=HALF_TOLERANCE)
    assert np.argsort(half).tolist() == np.argsort(exact).tolist()


def test_the_two_published_files_are_put_together(photos: list[Features], tmp_path: Path) -> None:
    whole = {key: torch.from_numpy(array) for key, array in made_up_weights().items()}
    regression = {key: tensor for key, tensor in whole.items() if key.startswith("regression.")}
    parts = (
        {key: whole[key] for key in whole.keys() - regression.keys()},
        {key.removeprefix("regression."): tensor for key, tensor in regression.items()},
    )
    published = CHECKPOINTS[GeoWarp.checkpoint(GeoWarpSettings(**SETTINGS))].parts
    folder = tmp_path / "archives"
    for (_, file), part in zip(published, parts, strict=True):
        (folder / file).parent.mkdir(parents=True)
        torch.save(part, folder / file)
    with using_policy(WeightsPolicy(tmp_path / "weights", allow_download=False)):
        of_files = matchers.build("geowarp", folder, **SETTINGS)
        assert (
            of_files.score(photos[0], photos[1:3]).values.tolist()
            == built().score(photos[0], photos[1:3]).values.tolist()
        )
        with pytest.raises(WeightsError, match=r"missing: .*regression"):
            matchers.build("geowarp", folder / published[0][1], **SETTINGS)


def test_features_of_another_encoder_are_refused(photos: list[Features]) -> None:
    other = replace(photos[1], dense={**photos[1].dense, "local": np.zeros((15, 15, 1024), np.float32)})
    with pytest.raises(
        PairError, match=r"geowarp needs dense map local \(h, w, 256\), found local \(15, 15, 1024\)"
    ):
        built().score(photos[0], [other])
    with pytest.raises(PairError, match="geowarp needs dense map photo"):
        built().score(photos[0], [replace(photos[1], dense={"local": photos[1].dense["local"]})])


def test_low_precision(photos: list[Features]) -> None:
    half = matchers.build("geowarp", made_up_weights(), precision="bf16", **SETTINGS)
    exact = built().score(photos[0], photos[1:3]).values
    np.testing.assert_allclose(half.score(photos[0], photos[1:3]).values, exact, atol=2)


@pytest.mark.parametrize("settings", [{"first_n": 0}, {"batch_pairs": 0}])
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(settings))):
        built(**settings)


def test_only_its_own_extractor_goes_with_it() -> None:
    fitting = [
        name for name in extractors.registry.builtins
        if matchers.fits(extractors.registry.load(name).spec, GeoWarp.spec)
    ]  # fmt: skip
    assert fitting == ["geowarp"]
