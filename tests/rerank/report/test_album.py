"""The report's photos are small, there once, and named where they are missing."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rerank.report.album import Album
from tests.places import texture, write_photo


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    write_photo(tmp_path / "photos" / "@1@2@<b>.jpg", texture(0)[:120, :160])
    return tmp_path / "photos" / "@1@2@<b>.jpg"


def shown(album: Album, path: Path) -> Path:
    return album.folder / f"{album.name(path)}.jpg"


def test_a_photo_is_shrunk_to_the_longer_side(photo: Path, tmp_path: Path) -> None:
    album = Album(tmp_path / "album", 80)
    album.add([photo])
    with Image.open(shown(album, photo)) as image:
        assert image.size == (80, 60)
        assert image.format == "JPEG"
    assert shown(album, photo).name.removesuffix(".jpg").isalnum()  # nothing of the photo's name


def test_a_small_photo_is_not_enlarged(photo: Path, tmp_path: Path) -> None:
    album = Album(tmp_path / "album", 1000)
    album.add([photo])
    with Image.open(shown(album, photo)) as image:
        assert image.size == (160, 120)


def test_a_photo_of_two_datasets_is_there_once(photo: Path, tmp_path: Path) -> None:
    album = Album(tmp_path / "album", 80)
    album.add([photo, photo])
    album.add([photo])
    assert len(album) == 1
    assert len(list(album.folder.iterdir())) == 1


def test_a_missing_and_a_torn_photo_have_no_name_and_a_reason(photo: Path, tmp_path: Path) -> None:
    torn = photo.with_name("torn.jpg")
    torn.write_bytes(photo.read_bytes()[:200])
    album = Album(tmp_path / "album", 80)
    album.add([photo, torn, photo.with_name("gone.jpg")])
    assert album.name(torn) is None
    assert album.name(photo.with_name("gone.jpg")) is None
    assert [path.name for path in sorted(album.absent)] == ["gone.jpg", "torn.jpg"]
    assert "missing" in album.absent[photo.with_name("gone.jpg")]
    assert len(album) == 1
    assert [path.name for path in album.folder.iterdir()] == [shown(album, photo).name]


def test_photos_are_upright_as_the_protocol_has_them(tmp_path: Path) -> None:
    turned = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((60, 80, 3), np.uint8)).save(turned, exif=exif)
    for applied, size in ((True, (60, 80)), (False, (80, 60))):
        album = Album(tmp_path / "album", 80, exif=applied)
        album.add([turned])
        with Image.open(shown(album, turned)) as image:
            assert image.size == size
