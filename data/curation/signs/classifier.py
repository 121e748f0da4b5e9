"""Classifiers of other packages, where weights are given: a callable from a photo to probabilities.

A package offers one under the entry-point group `rerank.photo_classifiers`: a callable without arguments that
makes the classifier, loading what it must.
"""

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Protocol

import numpy as np

from data.errors import SettingsError

GROUP = "rerank.photo_classifiers"


class Classifier(Protocol):
    """Tells what a photo is of."""

    def __call__(self, photo: np.ndarray) -> Mapping[str, float]:
        """Return probabilities of "night", "dusk", "day", "outdoor" and "indoor", those that it knows.

        photo: uint8 RGB (H, W, 3).
        """
        ...


def load_classifier(name: str) -> Classifier:
    """Make the classifier that a package offers under `name`; raises SettingsError where there is none."""
    offered = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in offered:
        known = ", ".join(sorted(offered)) or "none is installed"
        raise SettingsError(
            f"no photo classifier is called {name!r}; known: {known} (entry points of {GROUP})"
        )
    classifier: Classifier = offered[name].load()()
    return classifier
