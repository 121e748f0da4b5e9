"""Reading a parity fixture folder, and holding arrays to the tolerances written in it.

Nothing of a fixture is known here or in the tests but its form: file names, photos, settings and
tolerances come from `meta.json` and the arrays, so that any folder of the same form can be tested.
"""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from networks.seeded import seeded_state

FULL_STATISTICS_RTOL = 1e-4  # full_mean and full_std, as the fixtures' notes say


class Golden:
    """One network's fixture: its meta, arrays and photos."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "meta.json").exists():
            pytest.skip(f"no fixture for {folder.name} in {folder.parent}")
        self.folder = folder
        self.meta: dict[str, Any] = json.loads((folder / "meta.json").read_text(encoding="utf-8"))

    def arrays(self, file: str) -> dict[str, np.ndarray]:
        return _arrays(self.folder / file)

    def image(self, name: str) -> np.ndarray:
        """Return photo `name` (with or without .png) as uint8 RGB."""
        path = (self.folder.parent / "images" / name).with_suffix(".png")
        return np.asarray(Image.open(path).convert("RGB"))

    def state(self, variant: Mapping[str, Any] | None = None) -> dict[str, np.ndarray]:
        """Return the seeded state dict of the network or of one of its variants."""
        meta = {**self.meta, **(variant or {})}
        return seeded_state(meta["state_dict"], meta.get("overrides"), meta.get("scale"))


@functools.lru_cache(maxsize=32)
def _arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as stored:
        return dict(stored)


def grid(whole: np.ndarray, text: str | None) -> np.ndarray:
    """Cut the slice that was stored, written as `[:, ::4, 20::40]`."""
    if not text:
        return whole
    parts = text.strip("[]").split(",")
    numbers = [[int(n) if n.strip() else None for n in part.split(":")] for part in parts]
    return whole[tuple(slice(*n) if len(n) > 1 else n[0] for n in numbers)]


def assert_close(whole: np.ndarray, stored: np.ndarray, spec: Mapping[str, Any], name: str = "") -> None:
    """Hold a whole computed array to the stored slice of it, by the tolerance in `spec`."""
    actual = grid(np.asarray(whole), spec.get("grid"))
    assert actual.shape == stored.shape, f"{name}: shape {actual.shape}, expected {stored.shape}"
    if spec.get("compare") == "exact" or not ({"rtol", "atol", "atol_of_std", "atol_of_max"} & spec.keys()):
        np.testing.assert_array_equal(actual, stored, err_msg=name)
        return
    atol = spec.get("atol", 0.0)
    atol += spec.get("atol_of_std", 0.0) * float(np.std(whole))
    atol += spec.get("atol_of_max", 0.0) * float(np.max(np.abs(whole), initial=0.0))
    np.testing.assert_allclose(actual, stored, rtol=spec.get("rtol", 0.0), atol=atol, err_msg=name)
    for statistic, of in (("full_mean", np.mean), ("full_std", np.std)):
        if statistic in spec:
            np.testing.assert_allclose(
                float(of(np.asarray(whole, np.float64))),
                spec[statistic],
                rtol=FULL_STATISTICS_RTOL,
                atol=max(atol, 1e-6),
                err_msg=f"{name} {statistic}",
            )
