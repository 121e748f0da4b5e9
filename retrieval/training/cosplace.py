"""CosPlace trained as published: places are classes, groups of them take turns, the margin is large.

Source: Berton, Masone, Caputo, CVPR 2022 (arXiv 2204.02287); github gmberton/CosPlace, `train.py`. The
defaults are the published ones, but for the backbone's weights: without `initial` ones, which CosPlace takes
from ImageNet, everything is trained from random ones.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import nn

from data.errors import SettingsError, TrainingError
from data.files import digest_of_names
from data.photos import read_photo
from data.training_sets import TrainingPhotos
from networks.precision import placed
from networks.resizing import imagenet_normalise, to_unit_range
from networks.state_dicts import load_strictly
from networks.training.initialisation import standardise_outputs
from retrieval.cosplace import STEM_LAYERS, CosPlace
from retrieval.training.augmentation import augment
from retrieval.training.margins import MarginHead
from retrieval.training.places import Group, make_groups
from retrieval.training.recall import HeldOut
from retrieval.training.settings import CosPlaceTraining

P = TypeVar("P")


class PlaceBatch(NamedTuple):
    """Photos (B, 3, H, W), normalised, and the numbers (B,) of their classes in the epoch's group."""

    photos: torch.Tensor
    labels: torch.Tensor


class CosPlaceTask:
    """The training of a CosPlace network, as a task of `networks.training.loop`."""

    score = "recall_at_1"

    def __init__(
        self,
        settings: CosPlaceTraining,
        photos: TrainingPhotos,
        held_out: HeldOut,
        device: torch.device,
        initial: Mapping[str, torch.Tensor] | None = None,
    ) -> None:
        """Prepare a training on `photos`, with R@1 on `held_out` as its score.

        initial: a state dict to begin with. Raises TrainingError where the photos do not make a batch of
        classes in every group, SettingsError where layers without `initial` weights are to be frozen.
        """
        self.settings, self.device, self.held_out = settings, device, held_out
        self.paths = photos.paths
        self.groups = _groups(photos, settings)
        torch.manual_seed(settings.seed)
        network = CosPlace.layers(settings.network)
        if initial is not None:
            load_strictly(network, initial, "cosplace").requires_grad_(True)
        elif settings.frozen_stages:
            raise SettingsError("frozen_stages needs weights to begin with; give some, or frozen_stages=0")
        else:
            last = network.aggregation[3]
            standardise_outputs(network.train(), [last], self.batch(0).photos)
        self.network = placed(network, device)
        _freeze(self.network.backbone, settings)
        learned = [weight for weight in self.network.parameters() if weight.requires_grad]
        model = torch.optim.Adam(learned, settings.learning_rate)
        heads = [self._head(len(group.photos)) for group in self.groups]
        rate = settings.classifier_learning_rate
        self.heads = heads
        self.head_optimisers = [torch.optim.Adam(head.parameters(), rate) for head in heads]
        self.networks = {"network": self.network, **_numbered("classifier", heads)}
        self.optimisers = {"network": model, **_numbered("classifier", self.head_optimisers)}
        self.data = {
            "photos": digest_of_names(path.name for path in self.paths),
            "held_out": held_out.digest,
            "classes": [len(group.photos) for group in self.groups],
        }

    def group_at(self, step: int) -> int:
        """Return the number of the group whose turn it is."""
        return step // self.settings.steps_per_epoch % len(self.groups)

    def batch(self, step: int) -> PlaceBatch:
        """Return one photo of each of the classes whose turn it is."""
        group = self.groups[self.group_at(step)]
        rng = np.random.default_rng((self.settings.seed, step))
        labels = self._classes_at(step, len(group.photos))
        photos = [self._photo(int(rng.choice(group.photos[label])), rng) for label in labels]
        return PlaceBatch(torch.stack(photos), torch.from_numpy(labels))

    def used(self, step: int) -> Sequence[torch.optim.Optimizer]:
        """Return the optimisers of the network and of the group's classifier."""
        return [self.optimisers["network"], self.head_optimisers[self.group_at(step)]]

    def losses(self, batch: PlaceBatch, step: int) -> dict[str, torch.Tensor]:
        """Return the loss, and the share of photos whose own class is the nearest, margins aside."""
        photos = batch.photos.to(self.device, memory_format=torch.channels_last)
        labels = batch.labels.to(self.device)
        descriptors = self.network.train()(photos)
        with torch.autocast(self.device.type, enabled=False):
            share = min(1.0, (step + 1) / (self.settings.margin_warmup_steps + 1))
            loss, right = self.heads[self.group_at(step)](descriptors.float(), labels, share)
        return {"loss": loss, "accuracy": right}

    def validate(self) -> dict[str, float]:
        """Return R@1 on the held-out queries."""
        retriever = CosPlace(self.settings.network, self.state(), self.device)
        return self.held_out.recalls(retriever)

    def state(self) -> dict[str, torch.Tensor]:
        """Return the state dict, named as the published ones."""
        return {key: value.detach().cpu().clone() for key, value in self.network.state_dict().items()}

    def _head(self, classes: int) -> MarginHead:
        chosen = self.settings
        head = MarginHead(
            classes, chosen.fc_output_dim, chosen.margin_kind, chosen.logit_scale, chosen.margin
        )
        return head.to(self.device)

    def _classes_at(self, step: int, count: int) -> np.ndarray:
        """Return the classes of a step: all are passed through in a random order, again and again."""
        size = self.settings.batch_size
        epoch, within = divmod(step, self.settings.steps_per_epoch)
        turn, place = divmod(within, count // size)
        order = np.random.default_rng((self.settings.seed, epoch, turn)).permutation(count)
        return order[place * size : (place + 1) * size]

    def _photo(self, index: int, rng: np.random.Generator) -> torch.Tensor:
        photo = to_unit_range(read_photo(self.paths[index]))
        size = (self.settings.height, self.settings.width)
        return imagenet_normalise(augment(photo, size, rng, self.settings.augmentation))


def _groups(photos: TrainingPhotos, settings: CosPlaceTraining) -> list[Group]:
    groups = make_groups(photos.positions, photos.headings, photos.sources, settings.grid, settings.groups)
    smallest = min(len(group.photos) for group in groups)
    if len(groups) < settings.groups or smallest < settings.batch_size:
        raise TrainingError(
            f"the photos make {len(groups)} groups, the smallest with {smallest} classes; expected "
            f"{settings.groups} groups with a batch of {settings.batch_size} classes each. Set fewer groups, "
            "a smaller batch_size, cells_apart or headings_apart, or give more photos"
        )
    return groups


def _freeze(backbone: nn.Module, settings: CosPlaceTraining) -> None:
    """Keep the first stages' weights; as published, the statistics of their norms go on changing."""
    frozen = STEM_LAYERS + settings.frozen_stages if settings.frozen_stages else 0
    for layer in list(backbone.children())[:frozen]:
        layer.requires_grad_(False)


def _numbered(name: str, parts: Sequence[P]) -> dict[str, P]:
    return {f"{name} {number}": part for number, part in enumerate(parts)}
