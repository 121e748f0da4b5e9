from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from data.errors import SettingsError
from rerank.plots import recall_candidates, save, save_as
from tests.rerank.plots.made import make_runs


@pytest.fixture(scope="module")
def figure() -> Figure:
    return recall_candidates(make_runs(("city_day",), queries=5))


def test_both_formats_are_written_beside_each_other(figure, tmp_path):
    written = save(figure, tmp_path / "new" / "city_darkness_0.5")
    assert [path.name for path in written] == ["city_darkness_0.5.png", "city_darkness_0.5.svg"]
    assert Image.open(written[0]).size[0] > 800
    assert written[1].read_text().startswith("<?xml")
    assert [path.name for path in sorted((tmp_path / "new").iterdir())] == [path.name for path in written]


def test_the_same_figure_gives_the_same_bytes(tmp_path):
    first, second = (recall_candidates(make_runs(("city_day",), queries=5)) for _ in range(2))
    for one, other in zip(save(first, tmp_path / "a"), save(second, tmp_path / "b"), strict=True):
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_the_suffix_names_the_format(figure, tmp_path, suffix, start):
    (path,) = save_as(figure, tmp_path / f"plot{suffix}")
    assert path.read_bytes().startswith(start)


def test_without_a_suffix_both_are_written(figure, tmp_path):
    assert [path.suffix for path in save_as(figure, tmp_path / "plot")] == [".png", ".svg"]


def test_other_suffixes_are_refused(figure, tmp_path):
    with pytest.raises(SettingsError, match=r"\.png, \.svg, \.pdf"):
        save_as(figure, tmp_path / "plot.bmp")


def test_a_failure_leaves_the_old_file(figure, tmp_path, monkeypatch):
    (path,) = save_as(figure, tmp_path / "plot.png")
    old = path.read_bytes()

    def fail(target: Path, **_: object) -> None:
        target.write_bytes(b"half")
        raise OSError("the disk is full")

    monkeypatch.setattr(figure, "savefig", fail)
    with pytest.raises(OSError, match="full"):
        save_as(figure, path)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]
