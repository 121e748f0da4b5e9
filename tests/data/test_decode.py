import threading
import time

import numpy as np
import pytest

from data.decode import decode_ahead, map_ahead
from data.errors import PhotoError, SettingsError
from data.photos import read_photo
from tests.data.samples import oriented, write_photo


def test_photos_come_in_order_and_bad_ones_as_errors(tmp_path):
    paths = [write_photo(tmp_path / f"{i}.jpg", height=8 + i) for i in range(9)]
    paths[3].write_bytes(b"")
    found = list(decode_ahead(paths, workers=3, ahead=2))
    assert [index for index, _ in found] == list(range(9))
    for (index, photo), path in zip(found, paths, strict=True):
        if index == 3:
            assert isinstance(photo, PhotoError)
            assert str(path) in str(photo)
        else:
            np.testing.assert_array_equal(photo, read_photo(path))


def test_exif_is_passed_on(tmp_path):
    path = write_photo(tmp_path / "a.jpg", 8, 12, exif=oriented(6))
    (_, turned), (_, stored) = [*decode_ahead([path]), *decode_ahead([path], exif=False)]
    assert (turned.shape, stored.shape) == ((12, 8, 3), (8, 12, 3))


def test_no_paths():
    assert list(decode_ahead([])) == []


def test_at_most_ahead_items_are_begun_before_they_are_asked_for():
    begun = []
    results = map_ahead(begun.append, range(100), workers=2, ahead=5)
    next(results)
    time.sleep(0.05)
    assert len(begun) <= 6
    results.close()
    assert len(begun) <= 6


def test_slow_items_do_not_change_the_order():
    def wait(item: int) -> int:
        time.sleep(0.01 * (item % 3))
        return item

    assert list(map_ahead(wait, range(20), workers=4, ahead=8)) == list(range(20))


def test_an_exception_is_raised_at_its_turn_and_no_thread_stays():
    results = map_ahead(lambda item: 1 // (2 - item), range(10), workers=2, ahead=4)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


@pytest.mark.parametrize("options", [{"workers": 0}, {"ahead": 0}])
def test_nonsense_is_refused_at_once(options):
    with pytest.raises(SettingsError, match="at least 1"):
        decode_ahead([], **options)
