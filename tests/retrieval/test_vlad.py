import numpy as np
import pytest
import torch

import retrieval
from data.errors import SettingsError, StoreError
from retrieval.vlad import VLAD

BLANK = np.full((60, 80, 3), 90, np.uint8)


def scene(seed: int, size: tuple[int, int] = (96, 128)) -> np.ndarray:
    """Draw a photo of bright and dark rectangles with many corners."""
    draw = np.random.default_rng(seed)
    photo = np.full((*size, 3), 128, np.uint8)
    for _ in range(60):
        top, left = draw.integers(0, size[0] - 8), draw.integers(0, size[1] - 8)
        height, width = draw.integers(4, 20, 2)
        photo[top : top + height, left : left + width] = draw.integers(0, 256)
    return photo


SCENES = [scene(seed) for seed in range(8)]


def fitted(**settings: object) -> VLAD:
    vlad = retrieval.build("vlad", **{"clusters": 8, **settings})
    vlad.fit(iter(SCENES))
    return vlad


def described(vlad: VLAD, *photos: np.ndarray) -> np.ndarray:
    return np.concatenate([vlad.describe(vlad.prepare(photo)[None]) for photo in photos])


@pytest.mark.parametrize(
    ("settings", "dim"), [({}, 1024), ({"descriptor_dim": 5}, 5), ({"descriptor_dim": 64}, 7)]
)
def test_descriptors_are_unit_float32_rows(settings: dict[str, int], dim: int) -> None:
    vectors = described(fitted(**settings), *SCENES)
    assert (vectors.shape, vectors.dtype) == ((8, dim), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("dim", [None, 5])
def test_a_darker_shifted_photo_is_nearest_to_its_own_scene(dim: int | None) -> None:
    vlad = fitted(descriptor_dim=dim)
    seen_again = [(photo[4:, 8:] * 0.7).astype(np.uint8) for photo in SCENES]
    likeness = described(vlad, *seen_again) @ described(vlad, *SCENES).T
    np.testing.assert_array_equal(likeness.argmax(axis=1), range(8))


@pytest.mark.parametrize("dim", [None, 5])
def test_a_blank_photo_has_a_finite_unit_descriptor(dim: int | None) -> None:
    vectors = described(fitted(descriptor_dim=dim), BLANK, BLANK[:1, :1])
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_batch_gives_what_single_photos_give() -> None:
    vlad = fitted()
    batch = torch.stack([vlad.prepare(photo) for photo in SCENES[:3]])
    np.testing.assert_array_equal(vlad.describe(batch), described(vlad, *SCENES[:3]))


def test_learning_twice_gives_the_same() -> None:
    for name, values in fitted(descriptor_dim=5).learned().items():
        np.testing.assert_array_equal(values, fitted(descriptor_dim=5).learned()[name])


def test_the_seed_changes_the_vocabulary() -> None:
    assert not np.array_equal(fitted().learned()["centres"], fitted(seed=1).learned()["centres"])


@pytest.mark.parametrize("dim", [None, 5])
def test_what_was_learned_can_be_restored(dim: int | None) -> None:
    first, second = fitted(descriptor_dim=dim), retrieval.build("vlad", clusters=8, descriptor_dim=dim)
    second.restore(first.learned())
    np.testing.assert_array_equal(described(second, *SCENES), described(first, *SCENES))


def test_fit_looks_at_no_more_photos_than_asked() -> None:
    looked_at = 0

    def photos():  # type: ignore[no-untyped-def]
        nonlocal looked_at
        for photo in SCENES:
            looked_at += 1
            yield photo

    retrieval.build("vlad", clusters=4, training_photos=3).fit(photos())
    assert looked_at == 3


@pytest.mark.parametrize("photos", [[], [BLANK], [BLANK, SCENES[0]]])
def test_a_poor_database_still_gives_descriptors(photos: list[np.ndarray]) -> None:
    vlad = retrieval.build("vlad", clusters=100_000)
    vlad.fit(photos)
    assert np.isfinite(described(vlad, BLANK, SCENES[1])).all()


def test_large_photos_are_shrunk_and_small_ones_kept() -> None:
    vlad = retrieval.build("vlad", max_edge_px=64)
    assert vlad.prepare(scene(0, (100, 200))).shape == (32, 64)
    assert vlad.prepare(scene(0, (64, 30))).shape == (64, 30)
    assert vlad.prepare(np.zeros((1, 8000, 3), np.uint8)).shape == (1, 64)


def test_residuals_are_normalised_within_each_word() -> None:
    """Every word that occurs has the same weight, however often it occurs."""
    vlad = fitted()
    words = described(vlad, SCENES[0]).reshape(8, 128)
    lengths = np.linalg.norm(words, axis=1)
    present = lengths[lengths > 0]
    assert len(present) > 1
    np.testing.assert_allclose(present, len(present) ** -0.5, rtol=1e-4)


def test_describing_before_fit_is_refused() -> None:
    vlad = retrieval.build("vlad")
    with pytest.raises(StoreError, match="no vocabulary"):
        described(vlad, SCENES[0])


def test_impossible_settings_and_weights_are_refused() -> None:
    with pytest.raises(SettingsError, match="clusters"):
        retrieval.build("vlad", clusters=0)
    with pytest.raises(SettingsError, match="no weights"):
        retrieval.build("vlad", weights="somewhere.pth")
