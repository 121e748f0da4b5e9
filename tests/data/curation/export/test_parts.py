"""The parts of an export: names, blurring, regions, texts of strangers."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from data.curation.export import Options, blurring
from data.curation.export.blurring import blur_boxes, cascade_detector, detector_of, yunet_detector
from data.curation.export.datasheet import plain
from data.curation.export.figures import draw_map, save_figure
from data.curation.export.naming import LONGEST_ID, short_id, stamp_of
from data.curation.export.regions import read_regions
from data.curation.export.repeating import commands
from data.curation.grid import Grid
from data.curation.steps import step
from data.errors import CurationError, SettingsError
from tests.data.curation.made import photo, project
from tests.data.samples import noise


def test_ids_with_odd_letters_stay_apart() -> None:
    odd = ["a@b", "a/b", "a b", "a\0b", "x" * 300, "x" * 300 + "y", "ü"]
    names = [short_id(photo(1, photo_id=text)) for text in odd]
    assert len(set(names)) == len(odd)
    assert all(set("@/\0 ").isdisjoint(name) and len(name) <= LONGEST_ID + 9 for name in names)
    assert short_id(photo(1)) == "flickr_1"


def test_times_are_utc_where_the_zone_is_known() -> None:
    known = photo(1, taken="2024-01-01T00:30:00", utc_offset_min=60)
    assert stamp_of(known) == "20231231_233000"
    assert stamp_of(replace(known, utc_offset_min=None)) == "20240101_003000"
    assert stamp_of(photo(1)) is None


def test_a_blurred_box_holds_nothing_fine_and_the_rest_is_as_it_was() -> None:
    image = noise(60, 80)
    blurred = blur_boxes(image, np.array([[20, 20, 20, 20], [70, 50, 40, 40], [-50, -50, 10, 10]]))
    inside = blurred[22:38, 22:38].astype(int)
    assert (
        np.abs(np.diff(inside, axis=0)).max()
        < np.abs(np.diff(image[22:38, 22:38].astype(int), axis=0)).max() / 2
    )
    untouched = np.ones((60, 80), bool)
    untouched[17:44, 17:44] = untouched[44:, 64:] = False
    assert (blurred[untouched] == image[untouched]).all()


def test_missing_cascades_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "CascadeClassifier", lambda path: None, raising=False)
    with pytest.raises(SettingsError, match=r"no haarcascade_frontalface_default.xml"):
        cascade_detector(tmp_path)
    monkeypatch.delattr(cv2, "CascadeClassifier")
    with pytest.raises(SettingsError, match=r"--face-model FILE\.onnx.*opencv-python-headless<5"):
        cascade_detector(tmp_path)


class StandIn:
    """A network that finds one bright box, and only looks at photos of the size that it was told."""

    size = (0, 0)

    @classmethod
    def create(cls, model: str, config: str, size: tuple[int, int], sure: float) -> "StandIn":
        assert (Path(model).suffix, config, 0 < sure < 1) == (".onnx", "", True)
        return cls()

    def setInputSize(self, size: tuple[int, int]) -> None:  # noqa: N802 - OpenCV's name
        self.size = size

    def detect(self, image: np.ndarray) -> tuple[int, np.ndarray | None]:
        assert image.shape[:2] == self.size[::-1]
        rows, columns = np.nonzero(image[..., 0] > 200)  # blue comes first
        if not len(rows):
            return 1, None
        box = columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1
        return 1, np.array([[*box, *[0.0] * 10, 0.9]], np.float32)


def test_a_face_model_finds_faces_with_and_without_cascades(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, "FaceDetectorYN", StandIn)
    photo = np.zeros((40, 60, 3), np.uint8)
    photo[10:20, 30:34, 2] = 255
    detect = detector_of(tmp_path / "yunet.onnx", None)
    assert detect(photo).tolist() == [[30, 10, 4, 10]]
    assert detect(photo[:5]).shape == (0, 4)
    plate = np.array([[1, 2, 3, 4]])
    monkeypatch.setattr(blurring, "cascade_detector", lambda folder: lambda image: plate)
    assert detector_of(tmp_path / "yunet.onnx", tmp_path)(photo).tolist() == [[30, 10, 4, 10], [1, 2, 3, 4]]
    assert detector_of(None, None)(photo).tolist() == [[1, 2, 3, 4]]


def test_a_face_model_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no network")
    with pytest.raises(SettingsError, match=r"model\.onnx: OpenCV cannot read it as a YuNet model"):
        yunet_detector(tmp_path / "model.onnx")


def test_detectors_without_blurring_are_refused() -> None:
    with pytest.raises(SettingsError, match="add --blur"):
        Options(face_model="yunet.onnx")


def square(west: float, south: float, side: float) -> list[list[float]]:
    corners = [(0, 0), (side, 0), (side, side), (0, side), (0, 0)]
    return [[west + x, south + y] for x, y in corners]


def test_places_are_counted_in_polygons_and_not_in_their_holes(tmp_path: Path) -> None:
    ring, hole = square(-122.5, 37.7, 0.1), square(-122.46, 37.74, 0.02)
    outer = {"type": "Polygon", "coordinates": [ring, hole]}
    features = [
        {"type": "Feature", "properties": {"name": "Mission"}, "geometry": outer},
        {"type": "Feature", "properties": {}, "geometry": {"type": "MultiPolygon", "coordinates": [[hole]]}},
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-122.45, 37.75]}},
    ]
    path = tmp_path / "city.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    grid = Grid("10S")
    regions = read_regions(path, grid)
    places = grid.to_metres(np.array([[37.72, -122.48], [37.75, -122.45], [37.79, -122.41], [38.0, -122.0]]))
    assert [region.name for region in regions] == ["Mission", "region 2"]
    assert [region.count(places) for region in regions] == [2, 1]
    save_figure(draw_map(places, places, regions), tmp_path / "map.png")
    assert (tmp_path / "map.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "cannot be read as GeoJSON"),
        ("[]", "cannot be read as GeoJSON"),
        ('{"type": "FeatureCollection", "features": []}', "holds no Polygon"),
        ('{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[]]}}', "cannot be read"),
    ],
)
def test_what_is_no_geojson_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(CurationError, match=told):
        read_regions(tmp_path / "x.json", Grid("10S"))


def test_texts_of_strangers_stay_texts() -> None:
    assert plain("<script>a|b\n# c") == "&lt;script&gt;a\\|b \\# c"
    assert "<" not in plain("<img src=x onerror=1>")
    assert plain("[x](javascript:1)") == r"\[x\]\(javascript:1\)"


def test_the_commands_are_those_that_the_journal_tells_of(tmp_path: Path) -> None:
    with project(tmp_path, licences=("CC0-*", "PDM-*"), twice_share=0.0) as made:
        for _ in range(2):
            with step(made, "harvest", {"provider": "flickr", "source": "flickr", "since": "2020-01-01"}):
                pass
        with step(made, "group", {"limits": {"radius_m": 20.0}, "descriptors": ""}):
            pass
        with pytest.raises(ValueError), step(made, "sort", {}):
            raise ValueError  # a step that was cut off made nothing
        lines = commands(made.state(), made.settings, "my set", {"ids_only": ("CC-BY-NC*", "*")})
    assert lines[0].startswith("rerank curate new PROJECT --database=")
    assert "--area=-122.47,37.75,-122.44,37.78" in lines[0]
    assert "'--licence=CC0-*' '--licence=PDM-*'" in lines[0]
    assert "--licences" not in lines[0]
    assert "--twice-share=0.0" in lines[0]
    assert lines[1:] == [
        "rerank curate harvest PROJECT flickr --since=2020-01-01",
        "rerank curate group PROJECT --set=radius_m=20.0",
        "rerank curate review PROJECT",
        "rerank curate export PROJECT '--output=my set' '--ids-only=CC-BY-NC*' '--ids-only=*'",
    ]
