"""CosPlace's classes, groups and loss held to the published script's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from retrieval.training.margins import MarginHead
from retrieval.training.places import Grid, Group, classes_of, groups_of, make_groups
from tests.parity.golden import Golden, assert_close


class Training:
    """The training part of CosPlace's fixture."""

    def __init__(self, golden: Golden) -> None:
        self.meta: dict[str, Any] = golden.meta["training"]
        self.config = self.meta["config"]
        (file,) = {spec["file"] for spec in self.meta["outputs"].values()}
        self.arrays = golden.arrays(file)

    def hold(self, name: str, found: np.ndarray) -> None:
        assert_close(found, self.arrays[name], self.meta["outputs"][name], name)

    @property
    def grid(self) -> Grid:
        config = self.config
        return Grid(config["M"], config["alpha"], config["N"], config["L"], config["min_images_per_class"])


@pytest.fixture(scope="module")
def training(golden: Callable[[str], Golden]) -> Training:
    return Training(golden("cosplace"))


@pytest.fixture(scope="module")
def places(training: Training) -> tuple[np.ndarray, np.ndarray]:
    positions = training.arrays["groups/utm_heading"]
    return positions[:, :2], positions[:, 2]


@pytest.fixture(scope="module")
def groups(training: Training, places: tuple[np.ndarray, np.ndarray]) -> list[Group]:
    return make_groups(*places, np.zeros(len(places[0]), int), training.grid, len(places[0]))


def test_classes_and_groups_of_every_photo(training: Training, places: tuple[np.ndarray, np.ndarray]) -> None:
    classes = classes_of(*places, training.grid)
    training.hold("groups/class_id", classes)
    training.hold("groups/group_id", groups_of(classes, training.grid))


def test_groups_in_their_order_with_their_sizes(
    training: Training, places: tuple[np.ndarray, np.ndarray], groups: list[Group]
) -> None:
    first = np.array([group.photos[0][0] for group in groups])
    training.hold("groups/order", groups_of(classes_of(*places, training.grid), training.grid)[first])
    training.hold("groups/classes_num", np.array([len(group.photos) for group in groups]))
    training.hold("groups/images_num", np.array([sum(map(len, group.photos)) for group in groups]))


def test_kept_classes_and_their_photos(
    training: Training, places: tuple[np.ndarray, np.ndarray], groups: list[Group]
) -> None:
    kept = [photos for group in groups for photos in group.photos]
    classes = classes_of(*places, training.grid)
    sizes = {tuple(classes[photos[0]].tolist()): len(photos) for photos in kept}
    assert len(sizes) == len(kept)
    for photos in kept:
        assert (classes[photos] == classes[photos[0]]).all()
    stored = map(tuple, training.arrays["groups/kept_classes"].tolist())
    counts = training.arrays["groups/kept_images_num"].tolist()
    assert sizes == dict(zip(stored, counts, strict=True))


def test_large_margin_cosine_loss_and_its_gradients(training: Training) -> None:
    arrays = training.arrays
    descriptors = torch.from_numpy(arrays["lmcl/descriptors"]).requires_grad_()
    labels = torch.from_numpy(arrays["lmcl/labels"])
    head = MarginHead(*arrays["lmcl/weight"].shape, "cosface", training.config["s"], training.config["m"])
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(arrays["lmcl/weight"]))
    loss, _ = head(descriptors, labels)
    loss.backward()
    assert descriptors.grad is not None
    assert head.weight.grad is not None
    training.hold("lmcl/logits", head.logits(head.cosines(descriptors), labels).detach().numpy())
    training.hold("lmcl/loss", loss.detach().numpy()[None])
    training.hold("lmcl/grad_descriptors", descriptors.grad.numpy())
    training.hold("lmcl/grad_weight", head.weight.grad.numpy())
