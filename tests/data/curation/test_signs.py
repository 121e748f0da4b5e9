"""Measures of made-up photos, what signs say, and what they come to."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from data.curation.records import LIGHTS, PLACES, Sign
from data.curation.signs.classifier import GROUP, load_classifier
from data.curation.signs.judging import Thresholds, light_signs, place_signs, verdict
from data.curation.signs.measures import Measures, measure
from data.errors import SettingsError

LIMITS = Thresholds()
SILENT = Measures(
    brightness=0.3,
    upper_brightness=0.3,
    shadows=0.08,
    point_lights=0,
    noise=1.0,
    upper_warmth=1.1,
    sky=0.0,
    sharpness=100.0,
    look="00" * 32,
)
NOON, MIDNIGHT, DUSK = (40.0, 40.0), (-40.0, -40.0), (-3.0, -3.0)


def flat(level: int, height: int = 120, width: int = 160) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def light(measures: Measures, sun: tuple[float, float] | None, **probabilities: float) -> str:
    return verdict(light_signs(measures, sun, probabilities, LIMITS), LIGHTS)


def place(measures: Measures, sun: tuple[float, float] | None, **probabilities: float) -> str:
    return verdict(place_signs(measures, sun, probabilities, LIMITS), PLACES)


def test_brightness_is_that_of_the_whole_and_of_the_upper_third() -> None:
    photo = flat(51)
    photo[:40] = 204
    found = measure(photo)
    assert found.brightness == pytest.approx((0.8 + 2 * 0.2) / 3, abs=1e-3)
    assert found.upper_brightness == pytest.approx(0.8, abs=1e-3)
    assert found.shadows == pytest.approx(0.2, abs=1e-3)


def test_lamps_in_the_dark_are_counted_and_bright_walls_are_not() -> None:
    photo = flat(20)
    for x in (20, 60, 100, 140):
        cv2.circle(photo, (x, 50), 1, (255, 250, 240), -1)
    assert measure(photo).point_lights == 4
    photo[80:] = 250
    assert measure(photo).point_lights == 4
    by_day = flat(140)
    for x in (20, 60, 100, 140):
        cv2.circle(by_day, (x, 50), 1, (255, 255, 255), -1)
    assert measure(by_day).point_lights == 0


def test_noise_is_measured_beside_texture() -> None:
    draw = np.random.default_rng(0)
    checks = np.kron(draw.integers(60, 200, (15, 40)), np.ones((8, 8))).astype(np.float32)
    scene = np.concatenate([checks[:, :320], np.full((120, 320), 110, np.float32)])
    quiet, noisy = (scene + draw.normal(0, sigma, scene.shape) for sigma in (0.5, 8.0))
    found = [
        measure(np.repeat(np.clip(p, 0, 255).astype(np.uint8)[..., None], 3, 2)).noise for p in (quiet, noisy)
    ]
    assert found[0] < 1.0
    assert found[1] > 4.0


def test_skies_are_flat_and_dark_or_not_warm() -> None:
    night, blue, ceiling = flat(10), flat(90), flat(90)
    blue[:40] = (120, 160, 230)
    ceiling[:40] = (230, 200, 160)
    striped = flat(90)
    striped[:40:4] = 200
    assert [measure(photo).sky for photo in (night, blue, ceiling, striped)] == [1.0, 1.0, 0.0, 0.0]
    blue[:20, :80] = 60
    blue[:20:3, :80] = 160
    assert measure(blue).sky == pytest.approx(0.5, abs=0.02)
    assert measure(ceiling).upper_warmth == pytest.approx(231 / 161)


def test_sharpness_falls_with_blur_and_not_with_noise() -> None:
    draw = np.random.default_rng(1)
    sharp = np.kron(draw.integers(30, 220, (15, 20, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 3.0)
    noisy = np.clip(blurred + draw.normal(0, 5, blurred.shape), 0, 255).astype(np.uint8)
    values = [measure(photo).sharpness for photo in (sharp, blurred, noisy)]
    assert values[0] > 5 * values[1]
    assert values[0] > 4 * values[2]


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (7, 2000), (2000, 7)])
def test_photos_of_odd_sizes_are_measured(shape: tuple[int, int]) -> None:
    found = measure(np.random.default_rng(2).integers(0, 255, (*shape, 3)).astype(np.uint8))
    assert np.isfinite([found.brightness, found.noise, found.sky, found.sharpness]).all()


def test_signs_that_agree_decide() -> None:
    dark = replace(SILENT, brightness=0.1)
    assert light(dark, MIDNIGHT) == "night"
    assert light(dark, DUSK) == "dusk"
    assert light(replace(SILENT, brightness=0.6), NOON) == "day"
    assert light(replace(dark, upper_brightness=0.05), None) == "night"
    assert light(replace(dark, noise=6.0), None) == "night or dusk"
    assert light(replace(SILENT, brightness=0.6, upper_brightness=0.7), None) == "dusk or day"


def test_signs_that_contradict_one_another_go_to_a_person() -> None:
    dark, bright = replace(SILENT, brightness=0.1), replace(SILENT, brightness=0.6)
    assert light(dark, NOON) == "conflict"
    assert light(bright, MIDNIGHT) == "conflict"
    assert light(dark, MIDNIGHT, day=0.9, night=0.1) == "conflict"
    assert place(replace(SILENT, sky=0.9, upper_brightness=0.7, upper_warmth=1.5), NOON) == "conflict"


def test_one_sign_alone_decides_nothing() -> None:
    assert light(SILENT, MIDNIGHT) == "unsure"
    assert light(SILENT, None) == "unsure"
    assert light(replace(SILENT, noise=6.0), None) == "unsure"
    assert place(replace(SILENT, sky=0.5), None) == "unsure"
    assert light(SILENT, MIDNIGHT, night=0.9) == "night"
    assert light(SILENT, MIDNIGHT, night=0.6, day=0.4) == "unsure"


@pytest.mark.parametrize(
    ("sun", "allows", "value"),
    [
        ((-6.01, -6.01), ("night",), "-6.0 degrees"),
        ((-5.99, -5.99), ("dusk",), "-6.0 degrees"),
        ((-0.01, -0.01), ("dusk",), "-0.0 degrees"),
        ((0.01, 0.01), ("day",), "0.0 degrees"),
        ((-9.0, -4.0), ("night", "dusk"), "-9 to -4 degrees"),
        ((-4.0, 20.0), ("dusk", "day"), "-4 to 20 degrees"),
        ((-20.0, 20.0), (), "-20 to 20 degrees"),
        (None, (), "no time known"),
    ],
)
def test_the_sun_says_night_below_six_degrees_and_dusk_to_sunset(
    sun: tuple[float, float] | None, allows: tuple[str, ...], value: str
) -> None:
    assert light_signs(SILENT, sun, {}, LIMITS)[0] == Sign("sun", value, allows)


def test_places_are_told_by_sky_tint_and_the_light_for_the_hour() -> None:
    assert place(replace(SILENT, upper_brightness=0.1, shadows=0.01), MIDNIGHT) == "outdoor"
    assert place(replace(SILENT, upper_brightness=0.1, shadows=0.01), None) == "unsure"
    assert place(replace(SILENT, upper_brightness=0.7, shadows=0.2, upper_warmth=1.4), MIDNIGHT) == "indoor"
    assert place(replace(SILENT, sky=0.8, upper_brightness=0.7, upper_warmth=0.8), NOON) == "outdoor"
    dim = replace(SILENT, brightness=0.2, upper_brightness=0.5, upper_warmth=1.5)
    assert place(dim, NOON) == "indoor"
    assert place(SILENT, NOON, indoor=0.95) == "unsure"
    assert place(replace(SILENT, upper_brightness=0.5, upper_warmth=1.4), NOON, indoor=0.95) == "indoor"


def test_every_sign_shows_its_value() -> None:
    signs = light_signs(SILENT, NOON, {"day": 0.7}, LIMITS) + place_signs(SILENT, MIDNIGHT, {}, LIMITS)
    assert all(sign.name and sign.value for sign in signs)
    assert Sign("classifier", "day 0.70") in signs


def test_an_unknown_classifier_is_refused() -> None:
    with pytest.raises(SettingsError, match=rf"no photo classifier is called 'places'.*{GROUP}"):
        load_classifier("places")
