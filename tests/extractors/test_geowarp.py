"""GeoWarp's half of a photo."""

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch

import extractors
from data.errors import SettingsError, WeightsError
from extractors.conformance import drawn_scene, extract
from extractors.geowarp import GeoWarp
from extractors.store import FeatureStore
from networks.checkpoint_table import CHECKPOINTS
from networks.geowarp import CHANNELS, SMALLEST_PX, Arch, GeoWarpEncoder
from networks.seeded import made_up_state

every_arch = pytest.mark.parametrize("arch", get_args(Arch))


def built(arch: Arch = "alexnet", **settings: Any) -> GeoWarp:
    return extractors.build("geowarp", "seeded", arch=arch, **settings)


@every_arch
def test_the_photo_is_kept_beside_its_local_features(arch: Arch) -> None:
    image = drawn_scene()[:100, :130]
    features = extract(built(arch), image)[0]
    np.testing.assert_array_equal(features.dense["photo"], image)
    assert features.dense["photo"].dtype == np.uint8
    local = features.dense["local"]
    assert local.shape == (15, 15, CHANNELS[arch]) and local.dtype == np.float32
    lengths = np.linalg.norm(local, axis=2)
    assert np.all(lengths < 1 + 1e-6) and np.all(lengths > 0.99)


@every_arch
def test_photos_that_the_backbone_cannot_take_are_continued(arch: Arch) -> None:
    extractor, least = built(arch), SMALLEST_PX[arch]
    for size in ((1, 1), (least, 1), (least - 1 or 1, 40), (least, least)):
        image = drawn_scene()[: size[0], : size[1]]
        features = extract(extractor, image)[0]
        assert np.isfinite(features.dense["local"]).all()
        np.testing.assert_array_equal(features.dense["photo"], image)
    if least > 1:
        with pytest.raises(RuntimeError):  # the size is really the least
            extractor.network.encoder(torch.zeros(1, 3, least - 1, least))


def test_resnet_ends_after_its_third_stage() -> None:
    names = {
        key.split(".")[1] for key in GeoWarpEncoder("resnet50", "gem").encoder.state_dict(prefix="encoder.")
    }
    assert names == {"0", "1", "4", "5", "6"}


def test_pixels_are_stored_as_they_are(tmp_path: Path) -> None:
    features = extract(built(), drawn_scene()[:70, :90])[0]
    store = FeatureStore(tmp_path, {"extractor": "geowarp"})
    with store.writer() as writer:
        writer.add("photo", features)
    back = store.read(["photo"])[0].dense
    assert (back["photo"].dtype, back["local"].dtype) == (np.uint8, np.float16)
    np.testing.assert_array_equal(back["photo"], features.dense["photo"])


def test_large_photos_are_shrunk_where_asked() -> None:
    limited = built(max_edge_px=96)
    features = limited.extract(limited.prepare(drawn_scene())[None], [(240, 320)])[0]
    assert (features.image_size, features.frame_size) == ((240, 320), (72, 96))
    assert features.dense["photo"].shape == (72, 96, 3)


def test_both_published_poolings_load_strictly() -> None:
    for pooling, key in (("gem", "pool.1.p"), ("netvlad", "pool.centroids")):
        state = made_up_state(GeoWarpEncoder("alexnet", pooling))  # type: ignore[arg-type]
        assert key in state
        weights = {known: torch.from_numpy(array) for known, array in state.items()}
        assert extractors.build("geowarp", weights, arch="alexnet", pooling=pooling)
        extractors.build(
            "geowarp", {**weights, "regression.linear.bias": torch.zeros(16)}, arch="alexnet", pooling=pooling
        )
        for others in (
            {**weights, "encoder.99.weight": torch.zeros(1)},
            {k: t for k, t in weights.items() if k != key},
        ):
            with pytest.raises(WeightsError, match="those of geowarp"):
                extractors.build("geowarp", others, arch="alexnet", pooling=pooling)


def test_every_choice_of_settings_has_its_file() -> None:
    for arch in get_args(Arch):
        for pooling in ("gem", "netvlad"):
            assert GeoWarp.checkpoint(GeoWarp.Settings(arch=arch, pooling=pooling)) in CHECKPOINTS


@pytest.mark.parametrize("settings", [{"arch": "resnet18"}, {"pooling": "max"}, {"max_edge_px": 0}])
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(settings))):
        extractors.build("geowarp", "seeded", **settings)
