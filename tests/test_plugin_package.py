"""A method in another package: found by its entry point, held to the project's suite by importing it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = '''
from dataclasses import dataclass

import numpy as np
import torch

from extractors import ExtractorSpec, Features
from matchers import MatcherSpec, Matches, Scores


@dataclass(frozen=True)
class Settings:
    step_px: int = 8


class Cells:
    """The mean colour of every whole cell of a grid."""

    spec = ExtractorSpec(
        "cells",
        "Mean colours of cells.",
        "here",
        yields=frozenset({"keypoints", "descriptors"}),
        descriptor_dim=4,
    )
    Settings = Settings

    def __init__(self, settings, state, device, precision="float32"):
        self.settings, self.device, self.precision = settings, device, precision

    @classmethod
    def layers(cls, settings):
        return None

    @classmethod
    def checkpoint(cls, settings):
        return None

    def prepare(self, image):
        return torch.from_numpy(np.array(image))

    def extract(self, batch, image_sizes=None):
        return [self.one(image) for image in batch.numpy()]

    def one(self, image):
        step = self.settings.step_px
        rows, columns = image.shape[0] // step, image.shape[1] // step
        cells = image[: rows * step, : columns * step].reshape(rows, step, columns, step, 3).mean((1, 3))
        padded = np.concatenate([cells.reshape(-1, 3), np.ones((rows * columns, 1))], axis=1)
        y, x = np.mgrid[:rows, :columns].reshape(2, -1) * step + (step - 1) / 2
        return Features(
            image.shape[:2],
            keypoints=np.stack([x, y], axis=1).astype(np.float32),
            descriptors=(padded / np.linalg.norm(padded, axis=1, keepdims=True)).astype(np.float32),
        )


class Counter:
    """The smaller number of features of two photos."""

    spec = MatcherSpec("counter", "Counts features.", "here", needs=frozenset({"keypoints"}))
    Settings = Settings

    def __init__(self, settings, state=None, device="cpu", precision="float32"):
        self.settings = settings

    layers = classmethod(lambda cls, settings: None)
    checkpoint = classmethod(lambda cls, settings: None)

    def score(self, query, candidates):
        from matchers.base import needed

        counts = [min(len(query), len(needed(photo, "keypoints", "counter"))) for photo in candidates]
        return Scores(np.array(counts, np.float64), np.array(counts, np.int64), matching_s=1e-6)

    def match(self, query, candidate):
        rows = np.arange(min(len(query), len(candidate)))
        points = (query.keypoints[rows], candidate.keypoints[rows])
        return Matches(*points, np.ones(len(rows), bool), np.stack([rows, rows], 1))
'''

SUITE = """
from extractors.conformance import ExtractorConformance
from matchers.conformance import MatcherConformance


class TestCells(ExtractorConformance):
    name = "cells"


class TestCounter(MatcherConformance):
    name = "counter"
"""

ENTRY_POINTS = """
[rerank.extractors]
cells = cells_plugin:Cells

[rerank.matchers]
counter = cells_plugin:Counter
"""


def run_suite(folder: Path, sound: str = "", faulty: str = "") -> subprocess.CompletedProcess[str]:
    """Write the package into `folder`, one piece of it replaced, and run its tests as its authors would."""
    assert sound in PLUGIN
    metadata = folder / "cells_plugin-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: cells-plugin\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    (folder / "cells_plugin.py").write_text(PLUGIN.replace(sound, faulty) if sound else PLUGIN)
    (folder / "test_cells.py").write_text(SUITE)
    root = Path(__file__).parents[1]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_cells.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(root)])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_sound_plug_in_passes_the_suite(tmp_path: Path) -> None:
    ended = run_suite(tmp_path)
    assert ended.returncode == 0, ended.stdout[-3000:]
    assert " passed" in ended.stdout and "failed" not in ended.stdout


@pytest.mark.parametrize(
    ("sound", "faulty", "caught_by"),
    [
        ("in batch.numpy()]", "in batch.numpy()[:1]] * len(batch)", "a_batch_gives_what_single_photos_give"),
        ("+ (step - 1) / 2", "+ 3 * step", "features_have_the_form_of_the_contract"),
        ("np.ones(len(rows), bool)", "np.ones(len(rows))", "correspondences_are_those_that_were_counted"),
    ],
)
def test_a_faulty_one_does_not(tmp_path: Path, sound: str, faulty: str, caught_by: str) -> None:
    ended = run_suite(tmp_path, sound, faulty)
    assert ended.returncode == 1
    assert f"::test_{caught_by}" in ended.stdout
