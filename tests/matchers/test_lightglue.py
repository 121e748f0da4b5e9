import socket
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import extractors
import matchers
from data.errors import PairError, SettingsError
from matchers.base import fits
from matchers.conformance import drawn_photo
from matchers.lightglue import LightGlue, renamed
from networks.registry import SEEDED
from networks.seeded import made_up_state

PATIENT: dict[str, Any] = {"features": "aliked", "filter_threshold": 0.0}
QUERY, CANDIDATE = drawn_photo(60, seed=0, width=128), drawn_photo(70, seed=1, width=128)


@pytest.mark.parametrize(("features", "width"), [("superpoint", 256), ("disk", 128), ("aliked", 128)])
def test_every_kind_of_features_has_its_file_and_width(features: str, width: int) -> None:
    settings = LightGlue.Settings(features=features)
    assert LightGlue.checkpoint(settings) == f"{features}_lightglue.pth"
    matcher = matchers.build("lightglue", SEEDED, features=features)
    photo = drawn_photo(10, seed=0, width=width)
    assert np.isfinite(matcher.score(photo, [photo]).values).all()
    with pytest.raises(
        PairError, match=f"features={features} takes descriptors of {width} components, found 64"
    ):
        matcher.score(drawn_photo(10, seed=0, width=64), [photo])


def test_the_defaults_are_the_published_settings() -> None:
    settings = LightGlue.Settings()
    assert (settings.depth_confidence, settings.width_confidence, settings.filter_threshold) == (
        0.95,
        0.99,
        0.1,
    )


def test_pairs_that_fit_are_known_before_any_work() -> None:
    fitting = {
        name
        for name in extractors.registry.names()
        if fits(extractors.registry.load(name).spec, LightGlue.spec)
    }
    assert fitting == {"superpoint", "disk", "aliked"}


def test_the_weights_follow_the_extractor_of_the_pair() -> None:
    specs = {name: extractors.registry.load(name).spec for name in ("disk", "aliked", "rootsift")}
    settings = matchers.settings_in_pair(specs["aliked"], LightGlue.spec, {"filter_threshold": 0.2})
    assert settings == {"filter_threshold": 0.2, "features": "aliked"}
    assert matchers.settings_in_pair(specs["disk"], LightGlue.spec, {"features": "disk"}) == {
        "features": "disk"
    }
    with pytest.raises(PairError, match=r"disk\+lightglue is impossible with lightglue.features=aliked"):
        matchers.settings_in_pair(specs["disk"], LightGlue.spec, {"features": "aliked"})
    ransac = matchers.registry.load("ransac").spec
    assert matchers.settings_in_pair(specs["rootsift"], ransac, {"estimator": "ransac"}) == {
        "estimator": "ransac"
    }


def test_names_of_the_first_release_are_those_of_today() -> None:
    weights = made_up_state(LightGlue.layers(LightGlue.Settings(features="aliked")))
    old = {}
    for key, value in weights.items():
        start, *rest = key.split(".")
        old[".".join((rest[1], rest[0], *rest[2:])) if start == "transformers" else key] = value
    assert any(key.startswith("self_attn.8.") for key in old) and "transformers" not in str(list(old))
    assert renamed(old).keys() == weights.keys()
    first, second = (
        matchers.build("lightglue", given, **PATIENT).match(QUERY, CANDIDATE).confidences
        for given in (weights, {**old, "log_assignment.0.r": np.zeros(1, np.float32)})
    )
    assert len(first) > 0
    np.testing.assert_array_equal(first, second)


def test_thresholds_of_its_layers_are_not_taken_from_the_file() -> None:
    weights = made_up_state(LightGlue.layers(LightGlue.Settings(features="aliked")))
    matcher = matchers.build("lightglue", weights, **PATIENT)
    thresholds = matcher.network.confidence_thresholds.numpy()
    assert np.abs(thresholds - weights["confidence_thresholds"]).max() > 0.1
    assert np.all(np.diff(thresholds) < 0) and 0.8 < thresholds[-1] < thresholds[0] <= 1


def test_keypoints_are_seen_relative_to_the_photo() -> None:
    def enlarged(photo: extractors.Features) -> extractors.Features:
        return replace(photo, keypoints=2 * photo.keypoints, image_size=(480, 640))

    matcher = matchers.build("lightglue", SEEDED, **PATIENT)
    plain, larger = matcher.match(QUERY, CANDIDATE), matcher.match(enlarged(QUERY), enlarged(CANDIDATE))
    assert len(plain.indices) > 0
    np.testing.assert_array_equal(plain.indices, larger.indices)
    turned = replace(QUERY, keypoints=QUERY.keypoints[:, ::-1].copy(), image_size=(320, 240))
    assert len(matcher.match(turned, CANDIDATE).indices) > 0


def test_keypoints_on_the_border_are_taken() -> None:
    corners = np.float32([[-0.5, -0.5], [319.5, 239.5], [319.5, -0.5]])
    photo = replace(drawn_photo(3, seed=0, width=128), keypoints=corners)
    assert np.isfinite(matchers.build("lightglue", SEEDED, **PATIENT).score(photo, [CANDIDATE]).values).all()


def test_matches_score_above_the_threshold() -> None:
    whole = matchers.build("lightglue", SEEDED, **PATIENT).match(QUERY, CANDIDATE)
    middle = float(np.median(whole.confidences))
    strict = matchers.build("lightglue", SEEDED, **{**PATIENT, "filter_threshold": middle}).match(
        QUERY, CANDIDATE
    )
    assert 0 < len(strict.confidences) < len(whole.confidences)
    assert strict.confidences.min() > middle


@pytest.mark.parametrize("precision", ["bf16"])
def test_lower_precision_is_used(precision: str) -> None:
    exact, lower = (
        matchers.build("lightglue", SEEDED, precision=name, **PATIENT).match(QUERY, CANDIDATE)
        for name in ("float32", precision)
    )
    assert len(lower.confidences) > 0 and lower.confidences.dtype == np.float32
    assert lower.confidences.tolist() != exact.confidences.tolist()


def test_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> None:
        raise AssertionError(f"a connection to {args[1:]}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    matchers.build("lightglue", SEEDED, **PATIENT).score(QUERY, [CANDIDATE])


@pytest.mark.parametrize(
    "settings",
    [{"features": "r2d2"}, {"depth_confidence": 2}, {"width_confidence": -2}, {"filter_threshold": -1}],
)
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(settings))):
        matchers.build("lightglue", SEEDED, **settings)
