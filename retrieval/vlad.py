"""VLAD over RootSIFT: a retriever without weights, its vocabulary learned on the database.

Source: Jegou et al., CVPR 2010 (VLAD); Arandjelovic and Zisserman, CVPR 2012 (RootSIFT) and CVPR 2013
(normalisation within each cluster); Jegou and Chum, ECCV 2012 (whitening).
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

import cv2
import faiss
import numpy as np
import torch
from pydantic import NonNegativeInt, PositiveInt

from data.errors import StoreError
from networks.resizing import resize_photo, within_edge
from networks.rootsift import DESCRIPTOR_DIM, rootsift
from retrieval.base import RetrieverSpec
from retrieval.whitening import Whitening, learn_whitening

KMEANS_ITERATIONS = 20
ROUNDING = 1e-5  # a shorter sum of residuals of unit vectors is float32's rounding, not a direction

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class VLADSettings:
    """Settings of VLAD.

    clusters: words of the vocabulary. max_keypoints: per photo, the strongest. max_edge_px: photos
    with a longer edge are shrunk to it. training_photos: database photos that `fit` looks at.
    training_descriptors: of them, drawn at random for k-means. seed: of that draw and of k-means.
    descriptor_dim: principal components kept, whitened; None for all clusters * 128 dimensions. Not
    more than the training photos support, which is one less than their number.
    """

    clusters: PositiveInt = 64
    max_keypoints: PositiveInt = 1000
    max_edge_px: PositiveInt = 640
    training_photos: PositiveInt = 500
    training_descriptors: PositiveInt = 100_000
    seed: NonNegativeInt = 0
    descriptor_dim: PositiveInt | None = None


class VLAD:
    """VLAD as a retriever; it runs on the CPU, whatever the device."""

    spec: ClassVar[RetrieverSpec] = RetrieverSpec(
        name="vlad",
        summary="Residuals of RootSIFT descriptors to a vocabulary learned on the database; no weights.",
        source="Jegou et al., CVPR 2010; Arandjelovic and Zisserman, CVPR 2012 and CVPR 2013",
        learns=True,
        beyond_benchmark=True,
    )
    Settings: ClassVar[type] = VLADSettings

    def __init__(
        self,
        settings: VLADSettings,
        state: None = None,
        device: torch.device | None = None,
        precision: str = "float32",
    ) -> None:
        self.settings = settings
        self.device = torch.device("cpu")
        self.precision = "float32"
        self._centres: np.ndarray | None = None
        self._whitening: Whitening | None = None

    @classmethod
    def layers(cls, settings: VLADSettings) -> None:
        """Return None: there is no network."""

    @classmethod
    def checkpoint(cls, settings: VLADSettings) -> None:
        """Return None: there are no weights."""
        return

    def prepare(self, image: np.ndarray) -> torch.Tensor:
        """Turn a uint8 RGB image (H, W, 3) into grey (H', W') uint8, shrunk to `max_edge_px`."""
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        size = within_edge((grey.shape[0], grey.shape[1]), self.settings.max_edge_px)
        return torch.from_numpy(np.array(resize_photo(grey, size)))

    def describe(self, batch: torch.Tensor) -> np.ndarray:
        """Describe grey photos (B, H, W): (B, D) float32 of unit length.

        A photo without keypoints gets one fixed unit vector. Raises StoreError before `fit`.
        """
        vectors = np.stack([self._vlad(self._local(grey)) for grey in batch.numpy()])
        whitened = vectors if self._whitening is None else self._whitening.apply(vectors)
        return _unit_rows(whitened)

    def fit(self, images: Iterable[np.ndarray]) -> None:
        """Learn vocabulary and whitening on the first `training_photos` of `images` (uint8 RGB)."""
        chosen = islice(images, self.settings.training_photos)
        locals_ = [self._local(self.prepare(image).numpy()) for image in chosen]
        sample = self._sample(locals_)
        self._centres = _cluster(sample, self.settings.clusters, self.settings.seed)
        self._whitening = None
        if self.settings.descriptor_dim is not None:
            vectors = np.stack([self._vlad(local) for local in locals_])
            self._whitening = learn_whitening(vectors, self.settings.descriptor_dim)
        log.info(
            "vlad: %d words learned on %d descriptors of %d photos",
            len(self._centres),
            len(sample),
            len(locals_),
        )

    def learned(self) -> dict[str, np.ndarray]:
        """Return the vocabulary and, where there is one, the whitening; raises StoreError before `fit`."""
        whitening = {} if self._whitening is None else self._whitening._asdict()
        return {"centres": self._fitted(), **whitening}

    def restore(self, learned: dict[str, np.ndarray]) -> None:
        """Take back what `learned` returned."""
        arrays = dict(learned)
        self._centres = arrays.pop("centres")
        self._whitening = Whitening(**arrays) if arrays else None

    def _fitted(self) -> np.ndarray:
        if self._centres is None:
            raise StoreError("vlad has no vocabulary yet; call fit with database photos, or restore")
        return self._centres

    def _local(self, grey: np.ndarray) -> np.ndarray:
        return rootsift(grey, self.settings.max_keypoints).descriptors

    def _sample(self, locals_: list[np.ndarray]) -> np.ndarray:
        """Draw training descriptors from those of all photos."""
        pool = np.concatenate([np.zeros((0, DESCRIPTOR_DIM), np.float32), *locals_])
        count = min(self.settings.training_descriptors, len(pool))
        draw = np.random.default_rng(self.settings.seed)
        return pool[np.sort(draw.choice(len(pool), count, replace=False))]

    def _vlad(self, local: np.ndarray) -> np.ndarray:
        """Sum residuals per word, scale each word's sum and then the whole to unit length: (K * 128,)."""
        centres = self._fitted()
        nearest = np.argmin((centres**2).sum(axis=1) - 2 * local @ centres.T, axis=1)
        members = (nearest == np.arange(len(centres))[:, None]).astype(np.float32)
        sums = members @ local - members.sum(axis=1, keepdims=True) * centres
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        within = np.divide(sums, lengths, out=np.zeros_like(sums), where=lengths > ROUNDING)
        return _unit_rows(within.reshape(1, -1))[0]


def _cluster(sample: np.ndarray, clusters: int, seed: int) -> np.ndarray:
    """Return k-means centres (K, 128); as many as there are descriptors, where these are fewer."""
    if len(sample) <= clusters:
        log.warning(
            "vlad: %d descriptors to learn %d words on; the vocabulary is small", len(sample), clusters
        )
        return sample if len(sample) else np.zeros((1, DESCRIPTOR_DIM), np.float32)
    kmeans = faiss.Kmeans(
        DESCRIPTOR_DIM,
        clusters,
        niter=KMEANS_ITERATIONS,
        seed=seed,
        min_points_per_centroid=1,
        max_points_per_centroid=len(sample),
    )
    kmeans.train(sample)
    return np.asarray(kmeans.centroids)


def _unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Scale rows to unit length; a zero row becomes the vector of equal components."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    flat = np.full_like(vectors, vectors.shape[1] ** -0.5)
    return np.divide(vectors, lengths, out=flat, where=lengths > 0)
