import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from data.errors import PhotoError
from data.photos import photo_size, read_header, read_photo
from tests.data.samples import encoded, noise, oriented, write_photo

RGB = noise(20, 30)


@pytest.fixture
def store(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(content: bytes) -> Path:
        path = tmp_path / "photo"
        path.write_bytes(content)
        return path

    return write


def png(width: int, height: int) -> bytes:
    """Return a PNG that claims a size, without the pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def test_png_comes_back_bit_for_bit_and_writable(store):
    decoded = read_photo(store(encoded(Image.fromarray(RGB), "PNG")))
    np.testing.assert_array_equal(decoded, RGB)
    assert decoded.dtype == np.uint8
    assert decoded.flags.writeable
    assert decoded.flags.c_contiguous


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0, "quality": 95}])
def test_jpeg_is_what_pillow_decodes(store, options):
    path = store(encoded(Image.fromarray(RGB), **options))
    np.testing.assert_array_equal(read_photo(path), np.asarray(Image.open(path).convert("RGB")))


def test_the_first_picture_of_a_phones_double_photo(store):
    first, second = Image.fromarray(RGB), Image.fromarray(noise(20, 30, seed=1))
    path = store(encoded(first, "MPO", save_all=True, append_images=[second]))
    np.testing.assert_array_equal(read_photo(path), read_photo(write_photo(path, 20, 30)))


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (37, 8000)])
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_sizes_at_the_limits(store, shape, form):
    path = store(encoded(Image.fromarray(noise(*shape)), form))
    assert read_photo(path).shape == (*shape, 3)
    assert photo_size(path) == shape


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_grey_is_repeated(store, form):
    path = store(encoded(Image.fromarray(RGB[..., 0]), form))
    decoded = read_photo(path)
    np.testing.assert_array_equal(decoded, np.repeat(np.asarray(Image.open(path))[..., None], 3, axis=2))


def test_alpha_is_dropped_not_blended(store):
    with_alpha = np.dstack([RGB, noise(20, 30, 1, seed=1)])
    np.testing.assert_array_equal(read_photo(store(encoded(Image.fromarray(with_alpha), "PNG"))), RGB)
    grey_alpha = Image.fromarray(with_alpha[..., 2:].copy(), "LA")
    np.testing.assert_array_equal(read_photo(store(encoded(grey_alpha, "PNG")))[..., 0], RGB[..., 2])


def test_palette_with_alpha_is_decoded_without_a_warning(store):
    palette = Image.fromarray(RGB).quantize(16)
    path = store(encoded(palette, "PNG", transparency=bytes(range(16))))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decoded = read_photo(path)
    np.testing.assert_array_equal(decoded, np.asarray(palette.convert("RGB")))


def test_16_bit_grey_keeps_the_high_byte(store):
    deep = noise(20, 30, 1)[..., 0].astype(np.uint16) * 256 + 77
    decoded = read_photo(store(encoded(Image.fromarray(deep), "PNG")))
    np.testing.assert_array_equal(decoded[..., 1], noise(20, 30, 1)[..., 0])


def test_cmyk_is_converted(store):
    path = store(encoded(Image.fromarray(RGB).convert("CMYK"), quality=95))
    decoded = read_photo(path)
    np.testing.assert_array_equal(decoded, np.asarray(Image.open(path).convert("RGB")))
    assert np.abs(decoded.astype(int) - RGB).mean() < 15


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, RGB),
        (2, RGB[:, ::-1]),
        (3, RGB[::-1, ::-1]),
        (4, RGB[::-1]),
        (5, RGB.swapaxes(0, 1)),
        (6, np.rot90(RGB, -1)),
        (7, np.rot90(RGB, 2).swapaxes(0, 1)),
        (8, np.rot90(RGB)),
        (9, RGB),
    ],
)
def test_exif_orientation(store, form, orientation, upright):
    lossless = {"quality": 100, "subsampling": 0} if form == "JPEG" else {}
    path = store(encoded(Image.fromarray(RGB), form, exif=oriented(orientation), **lossless))
    turned, stored = read_photo(path), read_photo(path, exif=False)
    assert np.abs(turned.astype(int) - upright).max() <= (0 if form == "PNG" else 40)
    assert np.abs(turned.astype(int) - upright).mean() < 4
    assert stored.shape == RGB.shape
    assert photo_size(path) == turned.shape[:2]
    assert photo_size(path, exif=False) == stored.shape[:2]
    assert read_header(path).orientation == (orientation if orientation < 9 else 1)


@pytest.mark.parametrize("block", [b"Exif\0\0MM", b"Exif\0\0nonsense", b"Exif\0\0MM\0*\0\0\0\x08\0\x09"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_damaged_exif_block_leaves_the_photo_upright(store, block):
    path = store(encoded(Image.fromarray(RGB), exif=block))
    assert read_photo(path).shape == RGB.shape


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_truncated(store, form, share):
    whole = encoded(Image.fromarray(noise(200, 300)), form)
    path = store(whole[: int(share * len(whole))])
    with pytest.raises(PhotoError, match=r"photo: .*(truncated|header)"):
        read_photo(path)


def test_a_jpeg_without_its_last_byte_is_truncated(store):
    with pytest.raises(PhotoError, match="truncated"):
        read_photo(store(encoded(Image.fromarray(RGB))[:-1]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"empty \(0 bytes\)"),
        (b"GIF89a and so on", "not a JPEG or PNG image; it starts with"),
        (b"%!PS-Adobe-3.0 EPSF", "not a JPEG or PNG image"),
        (b"\xff\xd8\xff", "JPEG file whose header is truncated"),
        (png(0, 5), "zero width or height"),
        (png(5, 0), "zero width or height"),
        (png(30000, 30000), r"too many pixels; .*900000000 pixels.*limit of \d+"),
    ],
)
@pytest.mark.parametrize("read", [read_photo, photo_size])
def test_what_is_no_photo_is_refused(store, content, message, read):
    with pytest.raises(PhotoError, match=message):
        read(store(content))


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(PhotoError, match=r"none\.jpg: no such file"):
        read_photo(tmp_path / "none.jpg")
    with pytest.raises(PhotoError, match="directory"):
        read_photo(tmp_path)


def test_sizes_are_read_without_decoding(store):
    whole = encoded(Image.fromarray(noise(200, 300)), "PNG")
    assert photo_size(store(whole[: len(whole) // 2])) == (200, 300)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), form=st.sampled_from(["PNG", "JPEG"]))
def test_damage_never_raises_anything_but_a_photo_error(tmp_path, data, form):
    content = bytearray(write_photo(tmp_path / "whole", form=form, exif=oriented(6)).read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        decoded = read_photo(path)
    except PhotoError as error:
        assert str(path) in str(error)
    else:
        assert decoded.ndim == 3
        assert photo_size(path) == decoded.shape[:2]
