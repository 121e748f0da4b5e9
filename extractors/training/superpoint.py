"""SuperPoint trained on drawn cities: corners known from the drawing, descriptors by homographic pairs.

Detector and descriptor are trained jointly, with the published losses (arXiv 1712.07629). As there, the
detector may begin with synthetic shapes; in place of homographic adaptation stand the corners that the
drawing knows, which are the same by day and by night. The photos of a pair are of any two lights.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn

from data.city_views import CityView
from data.files import digest_of_names
from extractors.superpoint import SuperPoint, SuperPointSettings
from extractors.superpoint_network import SuperPointNetwork
from extractors.training.losses import contrast_loss, descriptor_loss, detector_loss
from extractors.training.measures import agreement
from extractors.training.pairs import PairBatch, shapes_pair, stack_pairs, view_pair
from extractors.training.settings import SuperPointTraining
from networks.state_dicts import load_strictly
from networks.training.initialisation import standardise_outputs

VALIDATION_KEYPOINTS = 300
VALIDATION_PX = 3.0  # distance up to which keypoints count as the same
VALIDATION = 1  # tells random numbers of validation from those of steps


class SuperPointTask:
    """The training of a SuperPoint network, as a task of `networks.training.loop`."""

    score = "matching"

    def __init__(
        self,
        settings: SuperPointTraining,
        views: Sequence[CityView],
        validation_views: Sequence[CityView],
        device: torch.device,
        initial: Mapping[str, torch.Tensor] | None = None,
    ) -> None:
        """Prepare a training on `views`, scored on `validation_views`. initial: weights to begin with."""
        self.settings = settings
        self.device = device
        self.views, self.validation_views = views, validation_views
        torch.manual_seed(settings.seed)
        self.network = SuperPointNetwork()
        if initial is None:
            _initialise(self.network, self.batch(0).photo0)
        else:
            load_strictly(self.network, initial, "superpoint").requires_grad_(True)
        self.network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.networks: Mapping[str, nn.Module] = {"network": self.network}
        self.optimiser = torch.optim.Adam(self.network.parameters(), settings.learning_rate)
        self.optimisers = {"network": self.optimiser}
        self.data = {"views": _digest(views), "validation_views": _digest(validation_views)}

    def batch(self, step: int) -> PairBatch:
        """Return the pairs of a step."""
        rng = np.random.default_rng((self.settings.seed, step))
        count, how = self.settings.batch_size, self.settings.pairs
        if step < self.settings.shapes_steps:
            return stack_pairs([shapes_pair(rng, how) for _ in range(count)])
        chosen = rng.integers(len(self.views), size=count)
        return stack_pairs([view_pair(self.views[index], rng, how) for index in chosen])

    def used(self, step: int) -> Sequence[torch.optim.Optimizer]:
        """Return the one optimiser."""
        return [self.optimiser]

    def losses(self, batch: PairBatch, step: int) -> dict[str, torch.Tensor]:
        """Return the joint loss and its parts."""
        batch = PairBatch(*(part.to(self.device) for part in batch))
        photos = torch.cat([batch.photo0, batch.photo1]).contiguous(memory_format=torch.channels_last)
        logits, dense = self.network.heads(self.network.encode(photos))
        labels = torch.cat([batch.labels0, batch.labels1])
        valid = torch.cat([torch.ones_like(batch.valid1), batch.valid1])
        detector = detector_loss(logits, labels, valid)
        if step < self.settings.shapes_steps:
            return {"loss": 2 * detector, "detector": detector}
        dense0, dense1 = dense.chunk(2)
        descriptor = descriptor_loss(dense0, dense1, batch.homography, batch.valid1, self.settings.hinge)
        figures = {"detector": detector, "descriptor": descriptor}
        if self.settings.contrast_weight:
            pair = (dense0, dense1, batch.homography, batch.valid1)
            figures["contrast"] = contrast_loss(*pair, self.settings.temperature)
            descriptor = descriptor + self.settings.contrast_weight * figures["contrast"]
        return {"loss": 2 * detector + self.settings.descriptor_weight * descriptor, **figures}

    def validate(self) -> dict[str, float]:
        """Return the mean repeatability and matching score of the same pairs each time."""
        settings = SuperPointSettings(max_keypoints=VALIDATION_KEYPOINTS, keypoint_threshold=0.0)
        extractor = SuperPoint(settings, self.state(), self.device)
        found = []
        for number in range(self.settings.validation_pairs):
            rng = np.random.default_rng((self.settings.seed, number, VALIDATION))
            view = self.validation_views[number % len(self.validation_views)]
            pair = view_pair(view, rng, self.settings.pairs)
            photos = stack_pairs([pair])
            first, second = extractor.extract(torch.cat([photos.photo0, photos.photo1]))
            found.append(agreement(first, second, pair.homography, VALIDATION_PX))
        repeatability, matching = np.nanmean(np.array(found), axis=0).tolist()
        return {"repeatability": repeatability, "matching": matching}

    def state(self) -> dict[str, torch.Tensor]:
        """Return the state dict, named as the published one."""
        return {key: value.detach().cpu().clone() for key, value in self.network.state_dict().items()}


def _initialise(network: SuperPointNetwork, photos: torch.Tensor) -> None:
    """Fill a network, which has no norms, with random weights that tell the places of some photos apart."""
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    for layer in layers:
        nn.init.kaiming_normal_(layer.get_parameter("weight"), nonlinearity="relu")
        nn.init.zeros_(layer.get_parameter("bias"))
    standardise_outputs(network, layers, photos)


def _digest(views: Sequence[CityView]) -> str:
    return digest_of_names(str(path.name) for view in views for path in view.photos)
