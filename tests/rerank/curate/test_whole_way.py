"""The whole way on the drawn city, without network: from geotagged photos to recalls of the curated set."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from data.curation.harvest.keys import FLICKR_KEY, MAPILLARY_TOKEN
from data.curation.project import Project, open_project
from data.curation.queue import waiting
from data.names import parse_name
from rerank.cli.app import app
from tests.data.curation.drawn import WHOLE, Counts, DrawnCity, draw_for_curation
from tests.data.curation.scoring import scores
from tests.data.curation.standins import KEY, serving
from tests.rerank.curate.conftest import served
from tests.rerank.curate.curator import Curator

ROOT = Path(__file__).parents[3]
FEW = Counts(night=8, day=6, indoor=5, copies=5, database=12, width=160, height=120)


def call(*arguments: Any) -> str:
    """Call `rerank curate`, which must end well."""
    result = CliRunner().invoke(app, ["--quiet", "curate", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def gather(city: DrawnCity, folder: Path) -> None:
    """Make a project, harvest from a folder and both stand-ins, sort and group."""
    call("new", folder, "--database", city.database, "--time-zone", "America/Los_Angeles", "--twice-share", 0)
    call("harvest", folder, city.folder)
    with serving(city.flickr) as flickr, serving(city.mapillary) as mapillary:
        call("harvest", folder, "flickr", "--since", "2020-01-01", "--api", flickr.base)
        call("harvest", folder, "mapillary", "--since", "2020-01-01", "--api", mapillary.base)
    call("sort", folder)
    call("group", folder, "--set", "keep=1")


def status(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call("status", folder, "--json"))
    return found


def check_counts(found: dict[str, Any], total: int, ready: int) -> None:
    """Every photo is somewhere, once."""
    assert sum(found["harvested"].values()) == total
    assert found["refused"] == 0
    assert found["unfinished"] == []
    assert found["ready"] == ready
    assert sum(found["left_out"].values()) + ready == total


def review(folder: Path, city: DrawnCity, visit: Callable[..., Any]) -> Curator:
    """Judge all that waits, and check the positives of what was accepted."""
    with open_project(folder) as project, served(project) as address:
        count = len(waiting(project.state(), project.settings, "ada"))
        check_counts(status(folder), len(city.truths), 0)
        assert status(folder)["left_out"]["review: waiting"] == count
        curator = Curator(visit(address), project, city)
        curator.review(count)
        unchecked = status(folder)["left_out"]["positives: not checked"]
        assert "review: waiting" not in status(folder)["left_out"]
        curator.check_positives(unchecked)
        assert "positives: not checked" not in status(folder)["left_out"]
    return curator


def exported_items(exported: Path) -> dict[str, np.ndarray]:
    """Return item id -> where an exported photo is, as its name tells."""
    found = {}
    for path in (exported / "images/test/queries_night").iterdir():
        name = parse_name(path.name)
        found[str(name.pano_id).replace("_", ":", 1)] = np.array([name.east, name.north])
    return found


def check_export(project: Project, exported: Path, city: DrawnCity, curator: Curator) -> None:
    """What was exported is what the curator took, of the wanted sort, within a metre of what was chosen."""
    places = exported_items(exported)
    items = project.state().items
    truths = {item: city.truth_of(items[item].photo) for item in places}
    assert {(truth.light, truth.place) for truth in truths.values()} == {("night", "outdoor")}
    moved = [np.hypot(*(places[item] - chosen)) for item, chosen in curator.chosen.items() if item in places]
    assert max(moved) < 1.0
    print(f"{len(moved)} relabelled positions, at most {max(moved):.2f} m from what was chosen")
    for item, truth in truths.items():
        assert np.hypot(*(places[item] - (truth.east, truth.north))) < 1.0
    with (exported / "attributions.csv").open(encoding="utf-8") as file:
        assert {row["path"].rpartition("/")[2] for row in csv.DictReader(file)} == {
            path.name for path in (exported / "images/test/queries_night").iterdir()
        }


def rerank(exported: Path, results: Path) -> dict[str, Any]:
    """Run `run_rerank.py` on the exported set, and return what the run tells."""
    command = [sys.executable, str(ROOT / "run_rerank.py"), "--dataset", str(exported)]
    command += ["--extractor", "rootsift", "--matcher", "ransac", "-k", "20", "--results", str(results)]
    subprocess.run([*command, "--caches", str(results / "caches")], cwd=ROOT, check=True)
    (told,) = results.rglob("rootsift+ransac*/run.json")
    found: dict[str, Any] = json.loads(told.read_text())
    return found


@pytest.mark.timeout(7200)  # of which it takes minutes; this bounds a hang
@pytest.mark.parametrize("counts", [FEW, pytest.param(WHOLE, marks=pytest.mark.slow)], ids=["few", "300"])
def test_from_geotagged_photos_to_recalls(
    counts: Counts, tmp_path: Path, visit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FLICKR_KEY, KEY)
    monkeypatch.setenv(MAPILLARY_TOKEN, KEY)
    city, folder, exported = draw_for_curation(tmp_path, counts), tmp_path / "project", tmp_path / "curated"
    gather(city, folder)
    with open_project(folder) as project:
        found = scores(project, city)
    print(", ".join(f"{name} {value:.2f}" for name, value in found.items()))
    assert found["precision of night"] >= 0.99
    assert found["precision of outdoor"] >= 0.9
    curator = review(folder, city, visit)
    call("export", folder, "-o", exported)
    ready = len(exported_items(exported))
    check_counts(status(folder), counts.total, ready)
    print(f"{ready} photos exported; left out: {status(folder)['left_out']}")
    assert f"{ready} night photos with corrected positions" in (exported / "DATASHEET.md").read_text()
    with open_project(folder) as project:
        check_export(project, exported, city, curator)
    recalls = rerank(exported, tmp_path / "results")["recalls"]
    print({name: recalls[name]["value"] for name in ("R@1", "R@5", "R@20")})
    assert recalls["queries"] == ready
    assert recalls["queries_without_positives"] == 0  # each was confirmed to have one
    assert 0 < recalls["R@1"]["value"] <= recalls["R@20"]["value"] <= 100
