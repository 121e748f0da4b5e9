import numpy as np

from retrieval.whitening import learn_whitening


def vectors(count: int = 50, dim: int = 6) -> np.ndarray:
    draw = np.random.default_rng(0)
    return (draw.standard_normal((count, dim)) * np.arange(1, dim + 1) + 3).astype(np.float32)


def test_whitened_training_vectors_have_unit_covariance() -> None:
    whitened = learn_whitening(vectors(), 6).apply(vectors())
    np.testing.assert_allclose(whitened.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(whitened.T @ whitened / 50, np.eye(6), atol=1e-3)
    assert whitened.dtype == np.float32


def test_the_directions_of_largest_variance_are_kept() -> None:
    some, everything = learn_whitening(vectors(), 2), learn_whitening(vectors(), 6)
    np.testing.assert_allclose(some.projection, everything.projection[:, :2])
    strongest = np.abs(some.projection[:, 0] / np.linalg.norm(some.projection[:, 0]))
    assert strongest.argmax() == 5


def test_fewer_vectors_than_dimensions_give_one_direction_less_than_vectors() -> None:
    learned = learn_whitening(vectors(count=4, dim=200), 64)
    assert learned.projection.shape == (200, 3)
    whitened = learned.apply(vectors(count=4, dim=200))
    np.testing.assert_allclose(whitened.T @ whitened / 4, np.eye(3), atol=1e-2)


def test_equal_vectors_are_left_as_they_are() -> None:
    same = np.ones((5, 3), np.float32)
    np.testing.assert_array_equal(learn_whitening(same, 2).apply(same), same)
    np.testing.assert_array_equal(learn_whitening(same[:1], 2).apply(same), same)


def test_the_order_of_the_vectors_makes_no_sign() -> None:
    first, turned = learn_whitening(vectors(), 6), learn_whitening(vectors()[::-1], 6)
    np.testing.assert_allclose(first.projection, turned.projection, atol=1e-4)
