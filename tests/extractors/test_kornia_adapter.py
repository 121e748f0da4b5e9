"""The extractors around Kornia's networks: frames of pixels, sizes, no downloads."""

import socket
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from scipy.spatial import cKDTree

import extractors
from data.errors import SettingsError
from extractors.conformance import drawn_scene, extract
from extractors.record import rescaled
from networks.resizing import resize_photo
from tests.extractors.methods import build, state

NAMES = ("aliked", "dedode", "disk", "keynet", "xfeat")
FEW: dict[str, dict[str, Any]] = {"dedode": {"max_keypoints": 100}}
every_one = pytest.mark.parametrize("name", NAMES)


def symmetric_state(name: str) -> dict[str, np.ndarray]:
    """Return made-up weights that treat left and right alike, and look at no other place than they are at."""
    weights = {key: array.copy() for key, array in state(name).items()}
    for key, array in weights.items():
        if array.ndim == 4:
            array[...] = (array + array[..., ::-1]) / np.sqrt(2)
        if "offset_conv" in key:
            array[...] = 0
        if key.startswith("detector.") and "out_conv" in key:
            array *= 1e-5  # DeDoDe's scores are plateaus where made-up weights are loud
    return weights


@pytest.mark.parametrize(
    ("name", "size"),
    [("aliked", (96, 160)), ("aliked", (91, 132)), ("disk", (96, 128)), ("dedode", (56, 112))],
)
def test_a_mirrored_photo_has_mirrored_keypoints(name: str, size: tuple[int, int]) -> None:
    extractor = extractors.build(name, symmetric_state(name), **FEW.get(name, {}))
    image = drawn_scene()[: size[0], : size[1]]
    keypoints, mirrored = (
        found.keypoints for found in extract(extractor, image, np.ascontiguousarray(image[:, ::-1]))
    )
    assert len(keypoints) > 20
    distances, _ = cKDTree(mirrored).query(np.array([size[1] - 1, 0]) + keypoints * [-1, 1])
    assert len(keypoints) == len(mirrored) and distances.max() < 2e-3


@every_one
def test_keypoints_of_shrunk_photos_are_in_pixels_of_the_original(name: str) -> None:
    image = drawn_scene()[:150, :200]
    shrunk = extract(build(name, max_edge_px=160, **FEW.get(name, {})), image)[0]
    small = extract(build(name, **FEW.get(name, {})), resize_photo(image, (120, 160)))[0]
    assert len(small) > 20 and shrunk.image_size == (150, 200) and shrunk.frame_size is None
    np.testing.assert_array_equal(shrunk.descriptors, small.descriptors)
    np.testing.assert_allclose(
        shrunk.keypoints, rescaled(small.keypoints, (120, 160), (150, 200)), rtol=0, atol=1e-4
    )
    if small.scales is not None:
        np.testing.assert_allclose(shrunk.scales, 1.25 * small.scales, rtol=1e-6)


@every_one
def test_photos_within_the_edge_are_not_touched(name: str) -> None:
    image = drawn_scene()[:64, :96]
    whole, bounded = (build(name, max_edge_px=edge).prepare(image) for edge in (None, 96))
    np.testing.assert_array_equal(whole, bounded)
    with pytest.raises(SettingsError, match="max_edge_px"):
        build(name, max_edge_px=0)


@every_one
def test_too_small_photos_have_no_keypoints_and_the_next_ones_run(name: str) -> None:
    least = extractors.registry.load(name).smallest_px
    extractor = build(name, **FEW.get(name, {}))
    for height, width in ((least - 1, 60), (60, least - 1)):
        if least > 1:
            assert len(extract(extractor, drawn_scene()[:height, :width])[0]) == 0
    for height, width in ((least, least), (least, 40), (40, least)):
        assert extract(extractor, drawn_scene()[:height, :width])[0].image_size == (height, width)


@every_one
def test_nothing_is_downloaded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> None:
        raise AssertionError(f"a connection to {args[1:]}")

    weights = state(name)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    extract(extractors.build(name, weights, **FEW.get(name, {})), drawn_scene()[:64, :64])


@every_one
def test_an_older_kornia_is_refused_by_its_version(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = state(name)
    monkeypatch.setattr("kornia.__version__", "0.8.2")
    with pytest.raises(SettingsError, match=rf"{name} needs .* of Kornia 0.9 or later, found Kornia 0.8.2"):
        extractors.build(name, weights)


def test_kornia_is_not_imported_before_it_is_needed() -> None:
    script = (
        "import sys; sys.modules['kornia'] = None; import extractors\n"
        f"print([extractors.registry.load(name).spec.beyond_benchmark for name in {NAMES}])"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert told.strip() == str([True] * len(NAMES))
