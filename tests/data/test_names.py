import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import DatasetError
from data.names import PhotoName, format_name, parse_name, parse_time

WORD = st.text(st.characters(exclude_characters="@/\0", exclude_categories=["Cs"]), min_size=1, max_size=12)


def cents(low: float, high: float) -> st.SearchStrategy[float]:
    return st.integers(round(low * 100), round(high * 100)).map(lambda value: value / 100)


NAMES = st.builds(
    PhotoName,
    east=cents(0, 999999),
    north=cents(0, 9999999),
    zone=st.none() | st.builds(lambda n, letter: f"{n}{letter}", st.integers(1, 60), st.sampled_from("CSX")),
    latitude=st.none() | cents(-80, 84),
    longitude=st.none() | cents(-180, 180),
    pano_id=st.none() | WORD,
    tile=st.none() | st.integers(0, 47).map("{:02d}".format),
    heading=st.none() | cents(0, 360),
    pitch=st.none() | cents(-90, 90),
    roll=st.none() | cents(-90, 90),
    height=st.none() | cents(-100, 9000),
    timestamp=st.none() | WORD,
    note=st.none() | WORD,
)


@settings(deadline=None)
@given(NAMES)
def test_what_is_written_is_read_back(photo):
    name = format_name(photo)
    assert len(name.split("@")) == 16
    assert parse_name(name) == photo
    assert parse_name(f"a@1@2@folder/b/{name}") == photo


@settings(deadline=None)
@given(st.lists(cents(0, 999999), min_size=2))
def test_names_sort_by_easting(eastings):
    names = [format_name(PhotoName(east, 4180000.0)) for east in eastings]
    assert [parse_name(name).east for name in sorted(names)] == sorted(eastings)


def test_writing_pads_as_the_field_does():
    photo = PhotoName(
        543133.08, 4179853.58, "5S", 37.76499, -122.51028, "abc", "3", 90.0, 4.0, None, None, "201312", "note"
    )
    assert format_name(photo) == (
        "@0543133.08@4179853.58@05@S@037.76499@-122.51028@abc@03@090@004@@@201312@note@.jpg"
    )
    assert (
        format_name(PhotoName(1.0, 2.0, heading=7.25), ".png")
        == "@0000001.00@0000002.00@@@@@@@007.25@@@@@@.png"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # an SF-XL database view, an SF-XL query, Tokyo's doubled extension, and mock coordinates
        (
            "@0543133.08@4179853.58@10@S@037.76499@-122.51028@vmKp9@@90@@@@201312@@.jpg",
            PhotoName(
                543133.08, 4179853.58, "10S", 37.76499, -122.51028, "vmKp9", heading=90.0, timestamp="201312"
            ),
        ),
        (
            "@0543099.15@4179908.99@10@S@37.765498@-122.510553@51293731544@@@@@@20210706@@.jpg",
            PhotoName(
                543099.15, 4179908.99, "10S", 37.765498, -122.510553, "51293731544", timestamp="20210706"
            ),
        ),
        (
            "@0380000.00@3950000.00@54@S@@@00687.jpg@@@@@@@@.jpg",
            PhotoName(380000.0, 3950000.0, "54S", pano_id="00687.jpg"),
        ),
        ("@0@0002.4@@@@@1@@@@@@@@.JPG", PhotoName(0.0, 2.4, pano_id="1")),
        ("@0@1000@.jpg", PhotoName(0.0, 1000.0)),
        ("@1@2@3@@@@@@north@@@@@@.png", PhotoName(1.0, 2.0, "3")),
    ],
)
def test_published_forms(name, expected):
    assert parse_name(name) == expected


@pytest.mark.parametrize(
    "name", ["photo.jpg", "@1@.jpg", "@x@2@.jpg", "@nan@2@.jpg", "@1@inf@.jpg", "@1@2.jpg", ""]
)
def test_names_without_a_position_are_refused(name):
    with pytest.raises(DatasetError, match=r"no position; expected @UTM_east@UTM_north@"):
        parse_name(name)


@pytest.mark.parametrize("text", ["a@b", "a/b", "a\0b"])
def test_texts_that_would_break_the_name_are_refused(text):
    with pytest.raises(DatasetError, match="separate"):
        format_name(PhotoName(1.0, 2.0, note=text))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2013", "2013-01-01T00:00:00"),
        ("201312", "2013-12-01T00:00:00"),
        ("20210706", "2021-07-06T00:00:00"),
        ("20210706_2359", "2021-07-06T23:59:00"),
        ("20210706_235958", "2021-07-06T23:59:58"),
        ("20211306", "NaT"),
        ("20210230", "NaT"),
        ("long ago", "NaT"),
        ("", "NaT"),
        (None, "NaT"),
    ],
)
def test_times(text, moment):
    np.testing.assert_equal(parse_time(text), np.datetime64(moment, "s"))
