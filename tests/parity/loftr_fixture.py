"""Reading LoFTR's fixture: the cases in which pairs were run, and what meta.json says in words.

Cases are the default settings, variants of them by name, and photos cut as a description says.
"""

import copy
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.parity.golden import Golden

GRID_OF = {"coarse_pe": "coarse", "windows1": "windows0", "fine_tokens1": "windows0"}  # stages without one


@dataclass(frozen=True)
class Case:
    """One way in which pairs were run.

    prefix: of its arrays. config: Kornia's. pair: the only one, such as "02". cut: words on a cut photo.
    """

    prefix: str
    config: dict[str, Any]
    pair: str = r"\d\d"
    cut: str = ""

    @property
    def thr(self) -> float:
        return self.config["match_coarse"]["thr"]

    @property
    def temp_bug_fix(self) -> bool:
        return self.config["coarse"]["temp_bug_fix"]


def cases(fixture: Golden) -> list[Case]:
    config = fixture.meta["config"]["loftr"]
    found = [Case("", config)]
    for name, changes in fixture.meta["variants"].items():
        varied = copy.deepcopy(config)
        for key, value in changes.items():
            part, _, setting = key.partition(".")
            assert setting in varied[part], key
            varied[part][setting] = value
        found.append(Case(f"{name}_", varied))
    for name, cut in fixture.meta.items():
        if match := re.fullmatch(r"(sizes\w*_)pair(\d\d)", name):
            found.append(Case(match[1], config, match[2], cut))
    return found


def pairs_of(fixture: Golden, case: Case) -> list[str]:
    """Return the pairs that a case has, such as "01"."""
    named = (re.match(rf"{case.prefix}pair({case.pair})_", name) for name in fixture.meta["outputs"])
    pairs = sorted({match[1] for match in named if match})
    assert pairs, case.prefix
    return pairs


def photo(fixture: Golden, name: str, cut: str = "") -> np.ndarray:
    """Return a photo, cut where `cut` says that this one is."""
    image = fixture.image(name)
    found = re.search(rf"against {name} cropped to rows \[(.+?), (.+?)\), columns \[(.+?), (.+?)\)", cut)
    if found is None:
        return image
    sides = {"H": image.shape[0], "W": image.shape[1]}
    top, bottom, left, right = (
        sides.get(text[0], 0) + int(text.lstrip("HW") or 0) for text in found.groups()
    )
    return image[top:bottom, left:right]


def spec_of(fixture: Golden, name: str) -> dict[str, Any]:
    """Return the tolerance of an array, and the part of the whole one that is stored."""
    outputs = fixture.meta["outputs"]
    spec, (start, stage) = outputs[name], re.match(r"(.*?(?:\d|pe)_)(\w+)", name).groups()
    described = [spec, outputs.get(start + GRID_OF.get(stage, stage), {})]
    grids = [found["grid"] for found in described if "grid" in found]
    grids += re.findall(r"\[[^]a-zA-Z]*:[^]a-zA-Z]*\]", spec["what"])
    return {**spec, "grid": grids[0] if grids else None}


def arrays_of(fixture: Golden, pattern: str) -> dict[str, tuple[str, np.ndarray]]:
    """Return stage and stored array by name, of the arrays whose whole name fits."""
    found = {name: re.fullmatch(pattern, name) for name in fixture.meta["outputs"]}
    return {
        name: (match[1], fixture.arrays(fixture.meta["outputs"][name]["file"])[name])
        for name, match in found.items()
        if match
    }
