import functools

import numpy as np
import pytest
import torch

import retrieval
from data.errors import PhotoError, SettingsError, WeightsError
from networks.seeded import seeded_state
from retrieval.cosplace import CosPlace, CosPlaceNetwork, CosPlaceSettings


@functools.cache
def state_of(backbone: str = "ResNet18", dim: int = 32) -> dict[str, np.ndarray]:
    with torch.device("meta"):
        shapes = {
            key: value.shape for key, value in CosPlaceNetwork(backbone, dim, 1e-6).state_dict().items()
        }
    return seeded_state(shapes, overrides={"aggregation.1.p": 2.7})


def small(**settings: object) -> CosPlace:
    chosen = {"backbone": "ResNet18", "fc_output_dim": 32, **settings}
    return retrieval.build("cosplace", weights=state_of(chosen["backbone"]), **chosen)


@pytest.fixture(scope="module")
def cosplace() -> CosPlace:
    return small()


def photo(height: int = 48, width: int = 64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def described(retriever: CosPlace, *photos: np.ndarray) -> np.ndarray:
    return np.concatenate([retriever.describe(retriever.prepare(image)[None]) for image in photos])


def test_the_defaults_are_the_published_benchmarks() -> None:
    settings = CosPlaceSettings()
    assert CosPlace.checkpoint(settings) == "ResNet50_512_cosplace.pth"
    assert (settings.pil_resize_shorter_side, settings.tensor_resize_after_normalise) == (None, None)


def test_descriptors_are_unit_float32_rows(cosplace: CosPlace) -> None:
    vectors = described(cosplace, photo(), photo(40, 33, seed=1))
    assert (vectors.shape, vectors.dtype) == ((2, 32), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_batch_gives_what_single_photos_give(cosplace: CosPlace) -> None:
    photos = [photo(seed=seed) for seed in range(3)]
    batch = torch.stack([cosplace.prepare(image) for image in photos])
    np.testing.assert_allclose(cosplace.describe(batch), described(cosplace, *photos), atol=1e-5)


@pytest.mark.parametrize("image", [np.zeros((48, 64, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)])
def test_blank_and_tiny_photos_have_finite_descriptors(cosplace: CosPlace, image: np.ndarray) -> None:
    assert np.isfinite(described(cosplace, image)).all()


def test_vgg16_refuses_a_photo_that_its_pools_leave_nothing_of() -> None:
    retriever = small(backbone="VGG16")
    assert retriever.prepare(photo(16, 16)).shape == (3, 16, 16)
    with pytest.raises(PhotoError, match="20 x 15 pixels, but VGG16 needs 16"):
        retriever.prepare(photo(15, 20))
    resized = small(backbone="VGG16", pil_resize_shorter_side=16)
    assert resized.prepare(photo(15, 30)).shape == (3, 16, 32)


@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        ({"pil_resize_shorter_side": 24}, (3, 24, 32)),
        ({"tensor_resize_after_normalise": 24}, (3, 24, 32)),
        ({"tensor_resize_after_normalise": (20, 30)}, (3, 20, 30)),
        ({"tensor_resize_after_normalise": ["20", "30"]}, (3, 20, 30)),
        ({"pil_resize_shorter_side": 96, "tensor_resize_after_normalise": 12}, (3, 12, 16)),
    ],
)
def test_resizing(settings: dict[str, object], shape: tuple[int, ...]) -> None:
    assert small(**settings).prepare(photo()).shape == shape


def test_the_exponent_of_the_pooling_comes_from_the_weights_unless_given(cosplace: CosPlace) -> None:
    assert cosplace.network.aggregation[1].p.item() == np.float32(2.7)
    given = small(gem_p=1.5)
    assert given.network.aggregation[1].p.item() == 1.5
    assert np.abs(described(given, photo()) - described(cosplace, photo())).max() > 1e-4
    assert state_of()["aggregation.1.p"] == np.float32(2.7)


def test_low_precision_is_near_float32(cosplace: CosPlace) -> None:
    """Seeded weights are unkind to bf16; what matters is that pooling stays finite and of unit length."""
    chosen = {"backbone": "ResNet18", "fc_output_dim": 32}
    low = retrieval.build("cosplace", weights=state_of(), precision="bf16", **chosen)
    vectors = described(low, photo())
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (vectors * described(cosplace, photo())).sum() > 0.95


def test_weights_tell_retrievers_apart(cosplace: CosPlace) -> None:
    assert len(cosplace.weights_digest) == 16
    other = {**state_of(), "aggregation.3.bias": state_of()["aggregation.3.bias"] + 1}
    built = retrieval.build("cosplace", weights=other, backbone="ResNet18", fc_output_dim=32)
    assert built.weights_digest != cosplace.weights_digest


def test_weights_of_another_shape_are_refused() -> None:
    with pytest.raises(WeightsError, match=r"aggregation\.3\.weight"):
        retrieval.build("cosplace", weights=state_of(), backbone="ResNet18", fc_output_dim=64)
    with pytest.raises(WeightsError, match="cosplace"):
        retrieval.build("cosplace", weights=state_of(), fc_output_dim=32)


def test_unpublished_networks_run_with_weights_of_ones_own() -> None:
    state = state_of(dim=48)
    built = retrieval.build("cosplace", weights=state, backbone="ResNet18", fc_output_dim=48)
    assert described(built, photo()).shape == (1, 48)


def test_impossible_settings_are_refused() -> None:
    for settings in ({"backbone": "ResNet34"}, {"fc_output_dim": 0}, {"pil_resize_shorter_side": 0}):
        with pytest.raises(SettingsError, match=next(iter(settings))):
            retrieval.build("cosplace", weights=state_of(), **settings)
    with pytest.raises(SettingsError, match="did you mean 'fc_output_dim'"):
        small(fc_outputdim=3)
