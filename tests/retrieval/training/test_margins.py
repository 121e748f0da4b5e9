"""Margins on angles whose cosines are known."""

import math

import pytest
import torch

from retrieval.training.margins import MarginHead, with_margin

HALF = math.sqrt(0.5)


def cosine_of(*degrees: float) -> torch.Tensor:
    return torch.tensor(degrees, dtype=torch.float64).deg2rad().cos()


def test_cosface_lowers_every_cosine_by_the_margin() -> None:
    found = with_margin(torch.tensor([1.0, 0.5, -0.2]), "cosface", 0.4)
    torch.testing.assert_close(found, torch.tensor([0.6, 0.1, -0.6]))


def test_arcface_widens_the_angle_by_the_margin() -> None:
    quarter = math.pi / 4
    found = with_margin(cosine_of(0, 45, 90), "arcface", quarter)
    torch.testing.assert_close(found, cosine_of(45, 90, 135), atol=2e-3, rtol=0)


def test_arcface_goes_on_falling_where_the_wide_angle_is_past_half_a_turn() -> None:
    cosines = cosine_of(*range(0, 181, 5))
    found = with_margin(cosines, "arcface", 0.5)
    assert (found.diff() < 0).all()
    assert found[-1].item() == pytest.approx(-1 - 0.5 * math.sin(0.5), abs=1e-5)


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [(0, 1.0), (30, 0.5 - 1.0), (45, -1.0), (60, -0.5 * -1 - 2 - 0.0), (90, -3.0), (180, -7.0)],
)
def test_sphereface_multiplies_the_angle(degrees: float, expected: float) -> None:
    """(-1)^k cos(4 theta) - 2k, k the half turns in 4 theta."""
    turns = min(int(4 * degrees // 180), 3)
    by_hand = (-1) ** turns * math.cos(4 * math.radians(degrees)) - 2 * turns
    assert with_margin(cosine_of(degrees), "sphereface", 4.0).item() == pytest.approx(by_hand, abs=0.02)


def test_sphereface_falls_without_a_jump() -> None:
    found = with_margin(cosine_of(*range(181)), "sphereface", 4.0)
    steps = found.diff()
    assert (steps <= 1e-4).all()
    assert steps.min() > -0.15


def test_a_head_of_two_classes_worked_by_hand() -> None:
    head = MarginHead(2, 2, "cosface", scale=10.0, margin=0.4)
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[3.0, 0.0], [0.0, 0.5]]))  # their lengths do not matter
    descriptors = torch.tensor([[2.0, 2.0]])
    labels = torch.tensor([0])
    cosines = head.cosines(descriptors)
    torch.testing.assert_close(cosines, torch.tensor([[HALF, HALF]]))
    torch.testing.assert_close(head.logits(cosines, labels), torch.tensor([[10 * (HALF - 0.4), 10 * HALF]]))
    loss, right = head(descriptors, labels)
    assert loss.item() == pytest.approx(math.log(1 + math.exp(4.0)), rel=1e-5)
    assert right == 1.0  # margins aside, both classes are as near, and the first one counts


@pytest.mark.parametrize("kind", ["cosface", "arcface", "sphereface"])
def test_gradients_are_finite_even_at_the_class_itself(kind: str) -> None:
    head = MarginHead(3, 4, kind)  # type: ignore[arg-type]
    descriptors = torch.cat([head.weight.detach()[:1], torch.randn(2, 4)]).requires_grad_()
    head(descriptors, torch.tensor([0, 1, 2]))[0].backward()
    assert torch.isfinite(descriptors.grad).all()
    assert torch.isfinite(head.weight.grad).all()
