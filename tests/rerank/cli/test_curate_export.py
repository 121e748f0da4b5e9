"""`rerank curate export` and `remove` as a user calls them, and the exported set in a run."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from data.curation.positives import Ground, confirm
from data.curation.project import open_project
from data.errors import SettingsError
from rerank.cli.app import app
from tests.data.curation.made import decided
from tests.rerank.cli.test_curate import call
from tests.rerank.curate.made_projects import street_project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a project in which three photos were accepted as they are, with confirmed positives."""
    with street_project(tmp_path, photos=4, database=12) as made:
        ground = Ground(made.database, made.settings.threshold_m)
        for number in (1, 2, 3):
            item = made.state().items[f"flickr:{number}"]
            spot = made.harvested_spot(item)
            made.journal.append("ada", decided(number, "accept", spot))
            nearest = ground.near(spot)[0].name
            made.journal.append("ada", confirm(made, ground, item.id, nearest, 1.0))
    return made.folder


def test_an_exported_set_runs_at_once(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("export", folder, "-o", "night", "--samples", 2)
    assert "night: 3 photos, 0 by id alone; read DATASHEET.md" in result.output
    done = CliRunner().invoke(
        app, ["benchmark", "--dataset", "night", "--pair", "rootsift+ransac", "-k", "3"]
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / "results/night_night/rootsift+ransac/run.json").is_file()


def test_what_cannot_be_written_ends_with_1_and_removed_photos_stay_away(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "photos/flickr/2.jpg").write_bytes(b"no photo")
    result = call("export", folder, "-o", tmp_path / "night")
    assert result.exit_code == 1
    assert "flickr:2 left out" in result.output
    (tmp_path / "list.txt").write_text("flickr:2\n")
    told = call("remove", folder, "flickr:1", "--list", tmp_path / "list.txt", "--reason", "asked")
    assert "2 photos removed, 0 were on the list already" in told.output
    assert "flickr:99: was never harvested" in call("remove", folder, "flickr:99").stderr
    assert call("export", folder, "-o", tmp_path / "night").exit_code == 0
    assert len(list((tmp_path / "night/images/test/queries_night").iterdir())) == 1
    with open_project(folder) as opened:
        assert opened.state().removed == {"flickr:1", "flickr:2", "flickr:99"}


def test_an_unknown_form_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="expected folders, csv, parquet"):
        call("export", folder, "-o", tmp_path / "night", "--form", "xlsx")
