"""SuperPoint's losses against values worked by hand."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from extractors.training.homographies import crop_shift
from extractors.training.losses import Hinge, contrast_loss, descriptor_loss, detector_loss

STILL = torch.eye(3)[None]
VALID = torch.ones(1, 2, 2, dtype=torch.bool)


def cells(*codes: int) -> torch.Tensor:
    """Return unit descriptors (1, 8, 2, 2), one axis for each cell, row by row."""
    return torch.eye(8)[list(codes)].T.reshape(1, 8, 2, 2)


def test_the_detector_is_a_classification_of_valid_cells() -> None:
    logits = torch.zeros(1, 65, 1, 2)
    logits[0, 64, 0, 0] = 2.0
    labels = torch.tensor([[[64, 7]]])
    first, second = math.log(64 + math.exp(2)) - 2, math.log(65)
    both = torch.ones(1, 1, 2, dtype=torch.bool)
    assert detector_loss(logits, labels, both).item() == pytest.approx((first + second) / 2)
    assert detector_loss(logits, labels, torch.tensor([[[True, False]]])).item() == pytest.approx(first)
    assert detector_loss(logits, labels, torch.zeros_like(both)).item() == 0.0


def test_the_hinge_of_four_cells_by_hand() -> None:
    """Within 8 px a cell matches itself and its two direct neighbours, not the one across the corner."""
    same = descriptor_loss(cells(0, 1, 2, 3), cells(0, 1, 2, 3), STILL, VALID, Hinge())
    assert same.item() == pytest.approx(250 * 8 / 16)  # 12 matching pairs, of which 8 have cosine 0
    alike = descriptor_loss(cells(0, 0, 0, 0), cells(0, 0, 0, 0), STILL, VALID, Hinge())
    assert alike.item() == pytest.approx(4 * 0.8 / 16)  # the 4 others have cosine 1, 0.8 above the margin
    strict = descriptor_loss(cells(0, 1, 2, 3), cells(0, 1, 2, 3), STILL, VALID, Hinge(reach_px=4))
    assert strict.item() == 0.0


def test_the_hinge_follows_the_homography() -> None:
    moved = torch.from_numpy(crop_shift(8, 0)).float()[None]  # what was at the right is now at the left
    found = descriptor_loss(cells(0, 1, 2, 3), cells(1, 5, 3, 6), moved, VALID, Hinge(reach_px=1))
    assert found.item() == 0.0
    assert descriptor_loss(cells(0, 1, 2, 3), cells(5, 1, 6, 3), moved, VALID, Hinge(reach_px=1)).item() > 30


def test_lengths_do_not_matter_and_invalid_cells_do_not_count() -> None:
    first, second = cells(0, 0, 1, 1), cells(0, 0, 1, 1)
    hinge = Hinge(positive_weight=10)
    whole = descriptor_loss(first, second, STILL, VALID, hinge)
    assert descriptor_loss(3 * first, 0.1 * second, STILL, VALID, hinge).item() == pytest.approx(whole.item())
    left = torch.tensor([[[True, False], [True, False]]])
    halved = descriptor_loss(first, second, STILL, left, hinge)
    by_hand = (2 * 10 + 2 * 0.0 + 2 * 0.0) / 8  # above-below matches with cosine 0, across has cosine 0
    assert halved.item() == pytest.approx(by_hand)


def test_contrast_is_the_classification_of_each_cell_among_all() -> None:
    found = contrast_loss(cells(0, 1, 2, 3), cells(0, 1, 2, 3), STILL, VALID, temperature=0.5)
    assert found.item() == pytest.approx(math.log(math.exp(2) + 3) - 2, rel=1e-5)
    alike = contrast_loss(cells(0, 0, 0, 0), cells(0, 0, 0, 0), STILL, VALID, temperature=0.5)
    assert alike.item() == pytest.approx(math.log(4), rel=1e-5)


def test_contrast_interpolates_where_cells_come_to_lie() -> None:
    """Shifted by half a cell, a place has the mean of two cells' descriptors."""
    moved = torch.from_numpy(crop_shift(-4, 0)).float()[None]
    only_left = torch.tensor([[[True, False], [True, False]]])
    found = contrast_loss(cells(0, 1, 2, 3), cells(4, 5, 6, 7), moved, only_left, temperature=1.0)
    between = F.normalize(torch.eye(8)[4] + torch.eye(8)[5], dim=0)
    assert between @ torch.eye(8)[0] == 0
    assert found.item() == pytest.approx(math.log(2), rel=1e-5)  # the two left cells, told apart by nothing


def test_contrast_without_a_common_cell_is_nothing() -> None:
    away = torch.from_numpy(crop_shift(100, 0)).float()[None]
    dense = cells(0, 1, 2, 3).requires_grad_()
    found = contrast_loss(dense, cells(0, 1, 2, 3), away, VALID, 0.1)
    found.backward()
    assert found.item() == 0.0
    assert torch.equal(dense.grad, torch.zeros_like(dense))


def test_gradients_pull_what_matches_together() -> None:
    draw = np.random.default_rng(0)
    first = torch.from_numpy(draw.standard_normal((1, 8, 2, 2), np.float32)).requires_grad_()
    second = torch.from_numpy(draw.standard_normal((1, 8, 2, 2), np.float32))
    optimiser = torch.optim.Adam([first], 0.05)
    for _ in range(200):
        optimiser.zero_grad()
        descriptor_loss(first, second, STILL, VALID, Hinge(reach_px=1, positive_weight=20)).backward()
        optimiser.step()
    cosines = F.normalize(first.detach().flatten(2)[0], dim=0).T @ F.normalize(second.flatten(2)[0], dim=0)
    assert (cosines.argmax(1) == torch.arange(4)).all()
