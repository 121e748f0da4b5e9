"""Perceptual hashes, and the groups of near copies."""

import cv2
import numpy as np
import pytest

from data.curation import groups
from data.curation.groups import Groups, Limits, Views, group
from data.curation.looks import differing_bits, look_of, looks_as_bytes
from data.errors import SettingsError


def scene(seed: int) -> np.ndarray:
    small = np.random.default_rng(seed).uniform(20, 230, (9, 12))
    return cv2.resize(small, (160, 120), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)


def bits(first: np.ndarray, second: np.ndarray) -> int:
    hashes = looks_as_bytes([look_of(first), look_of(second)])
    return int(differing_bits(hashes[0], hashes[1]))


def test_copies_of_a_photo_have_nearly_its_hash_and_others_do_not() -> None:
    photo = scene(1)
    _, encoded = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 50])
    again = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
    assert bits(photo, photo) == 0
    assert bits(photo, again) <= 6
    assert bits(photo, cv2.resize(photo, (320, 240), interpolation=cv2.INTER_LINEAR)) <= 6
    assert min(bits(photo, scene(seed)) for seed in range(2, 30)) > 60


def test_the_hash_is_the_sign_of_each_step_to_the_right() -> None:
    rising = np.tile(np.arange(0, 170, 10, dtype=np.uint8), (16, 1))
    assert look_of(rising) == "ff" * 32
    assert look_of(rising[:, ::-1]) == "00" * 32
    assert look_of(np.full((100, 100), 7, np.uint8)) == ""


def views(
    positions: list[tuple[float, float]],
    *,
    headings: list[float] | None = None,
    times: list[str] | None = None,
    sharpness: list[float] | None = None,
    scenes: list[int] | None = None,
    descriptors: np.ndarray | None = None,
) -> Views:
    count = len(positions)
    return Views(
        np.array(positions, np.float64).reshape(-1, 2),
        np.array(headings or [np.nan] * count),
        np.array(times or ["NaT"] * count, "datetime64[s]"),
        np.array(sharpness or [1.0] * count),
        looks_as_bytes([look_of(scene(seed)) if seed >= 0 else "" for seed in scenes or [1] * count]),
        descriptors,
    )


def leaders(found: Groups) -> list[int]:
    return found.leaders.tolist()


def test_photos_of_one_place_heading_and_look_are_a_group() -> None:
    descriptors = np.array([[1, 0], [0.9, 0.436], [0.5, 0.866], [1, 0], [1, 0]], np.float32)
    found = group(
        views(
            [(0, 0), (5, 0), (5, 0), (5, 0), (16, 0)],
            headings=[350, 10, 10, 60, 350],
            sharpness=[5, 4, 3, 2, 1],
            scenes=[1, 2, 3, 4, 5],
            descriptors=descriptors,
        ),
        Limits(radius_m=15),
    )
    assert leaders(found) == [0, 0, 2, 3, 4]  # of another look, heading, place


def test_unknown_headings_are_compared_without() -> None:
    found = group(views([(0, 0), (1, 0)], headings=[10, np.nan], scenes=[1, 1]), Limits())
    assert leaders(found) == [0, 0]


def test_without_descriptors_looks_are_compared() -> None:
    found = group(views([(0, 0), (1, 0), (1, 0), (1, 0)], scenes=[1, 2, -1, -1]), Limits())
    assert leaders(found) == [0, 1, 2, 3]


def test_groups_do_not_chain_along_a_street() -> None:
    street = [(10.0 * number, 0.0) for number in range(40)]
    sharpness = np.random.default_rng(0).uniform(1, 2, 40).tolist()
    same = np.ones((40, 1), np.float32)
    made = views(street, sharpness=sharpness, scenes=list(range(40)), descriptors=same)
    found = group(made, Limits(radius_m=15))
    away = np.abs(made.positions - made.positions[found.leaders])[:, 0]
    assert away.max() <= 10
    assert len(set(leaders(found))) >= 14


def test_copies_are_found_wherever_they_claim_to_be_and_one_alone_is_kept() -> None:
    far = [(0, 0), (180, 0), (5000, 0), (0, 200)]
    found = group(views(far, sharpness=[1, 3, 9, 2], scenes=[1, 1, 1, 1]), Limits(keep=3))
    assert leaders(found) == [1, 1, 2, 1]  # five kilometres away it is no copy
    assert found.kept.tolist() == [False, True, True, False]


def test_copies_follow_their_original_into_its_group() -> None:
    descriptors = np.array([[1, 0], [1, 0], [1, 0]], np.float32)
    made = views([(0, 0), (100, 0), (105, 0)], sharpness=[1, 2, 3], scenes=[1, 1, 2], descriptors=descriptors)
    found = group(made, Limits())
    assert leaders(found) == [2, 2, 2]
    assert found.kept.tolist() == [False, True, True]


def test_the_sharpest_and_those_farthest_apart_in_time_are_kept() -> None:
    times = ["2020-01-01", "2020-01-02", "2024-01-01", "2022-01-01", "2026-01-01", "NaT"]
    sharpness = [10.0, 9.9, 6, 7, 4, 9]
    same = np.ones((6, 1), np.float32)
    made = views([(0, 0)] * 6, times=times, sharpness=sharpness, scenes=list(range(6)), descriptors=same)
    kept = [np.flatnonzero(group(made, Limits(keep=keep)).kept).tolist() for keep in (1, 2, 3, 9)]
    assert kept == [[0], [0, 2], [0, 2, 3], [0, 1, 2, 3, 5]]  # 4 is less than half as sharp


def test_without_times_the_sharpest_are_kept() -> None:
    same = np.ones((4, 1), np.float32)
    made = views([(0, 0)] * 4, sharpness=[7, 9, 10, 8], scenes=[1, 2, 3, 4], descriptors=same)
    assert group(made, Limits(keep=2)).kept.tolist() == [False, True, True, False]


def test_no_photo_and_one_photo() -> None:
    none = group(views([]), Limits())
    assert (len(none.leaders), len(none.kept)) == (0, 0)
    one = group(views([(0, 0)]), Limits())
    assert (leaders(one), one.kept.tolist()) == ([0], [True])


def test_limits_that_make_no_sense_are_refused() -> None:
    for changes in ({"keep": 0}, {"radius_m": -1.0}, {"look_bits": 300}):
        with pytest.raises(SettingsError, match="expected keep of 1 or more"):
            Limits(**changes)


def test_of_twenty_thousand_photos_few_pairs_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []

    def counted(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        compared.append(len(first))
        return differing_bits(first, second)

    monkeypatch.setattr(groups, "differing_bits", counted)
    draw = np.random.default_rng(0)
    count = 20_000
    made = Views(
        draw.uniform(0, 8000, (count, 2)),
        draw.uniform(0, 360, count),
        np.datetime64("2020-01-01", "s") + draw.integers(0, 10**8, count),
        draw.uniform(1, 2, count),
        draw.integers(0, 256, (count, 32)).astype(np.uint8),
    )
    made.looks[1::2] = made.looks[::2]
    made.positions[1::2] = made.positions[::2] + 3
    found = group(made, Limits())
    assert sum(compared) < 100 * count  # of half as many as its square
    assert (found.leaders[1::2] == found.leaders[::2]).all()
    assert found.kept.sum() == count // 2
