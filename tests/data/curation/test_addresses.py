"""Addresses of street views, as each site writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.curation.addresses import Place, parse_address
from data.errors import CurationError

PANO = "Zf8Q2k1xS0mRr3v9T7aBcw"
HERE = (37.7749295, -122.4194155)
STREET = (
    f"https://www.google.com/maps/@37.7749295,-122.4194155,3a,75y,123.45h,91.2t/data=!3m7!1e1!3m5!1s{PANO}"
    "!2e0!6shttps:%2F%2Fstreetviewpixels-pa.googleapis.com%2Fv1%2Fthumbnail%3Fyaw%3D10!7i16384!8i8192"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (STREET, Place(*HERE, 123.45, f"google:{PANO}")),
        (STREET.replace("google.com", "google.co.uk"), Place(*HERE, 123.45, f"google:{PANO}")),
        (STREET.replace("/@", "/place/Caf%C3%A9+X/@"), Place(*HERE, 123.45, f"google:{PANO}")),
        (
            "https://www.google.com/maps/place/X/@37.1,-122.1,17z/data=!3m1!4b1!8m2!3d37.7749295!4d-122.4194155",
            Place(*HERE),
        ),
        ("https://www.google.com/maps/@37.7749295,-122.4194155,18z?entry=ttu", Place(*HERE)),
        (
            "https://www.google.com/maps/@?api=1&map_action=pano&viewpoint=37.7749295%2C-122.4194155"
            f"&heading=-45&pitch=38&fov=80&pano={PANO}",
            Place(*HERE, 315.0, f"google:{PANO}"),
        ),
        (
            f"https://maps.google.com/?layer=c&cbll=37.7749295,-122.4194155&cbp=12,235.5,,0,5&panoid={PANO}",
            Place(*HERE, 235.5, f"google:{PANO}"),
        ),
        (
            f"https://www.google.com/maps/embed?pb=!4v1!6m8!1m7!1s{PANO}!2m2!1d37.7749295!2d-122.4194155!3f77.5!4f0!5f0.7",
            Place(*HERE, 77.5, f"google:{PANO}"),
        ),
        ("https://www.google.com/maps/search/?api=1&query=37.7749295,-122.4194155", Place(*HERE)),
        ("https://www.google.com/maps?q=loc:37.7749295,-122.4194155", Place(*HERE)),
        ("https://www.google.com/maps/search/37.7749295,+-122.4194155?sa=X", Place(*HERE)),
        (
            f"https://www.instantstreetview.com/@37.7749295,-122.4194155,210.5h,-3.1p,1z,{PANO}",
            Place(*HERE, 210.5, f"google:{PANO}"),
        ),
        ("https://www.instantstreetview.com/@37.7749295,-122.4194155,-10h,5p,1z", Place(*HERE, 350.0)),
        (
            "https://www.mapillary.com/app/?lat=37.7749295&lng=-122.4194155&z=17&pKey=498763468214164&focus=photo",
            Place(*HERE, None, "mapillary:498763468214164"),
        ),
        (
            "https://api.panoramax.xyz/#focus=pic&map=19.5/37.7749295/-122.4194155&pic=0a1b2c3d-0000&xyz=88.5/0/30",
            Place(*HERE, 88.5, "panoramax:0a1b2c3d-0000"),
        ),
        (
            "https://panoramax.openstreetmap.fr/?focus=map&map=18/37.7749295/-122.4194155",
            Place(*HERE),
        ),
        ("https://www.openstreetmap.org/?mlat=37.7749295&mlon=-122.4194155#map=19/1/2", Place(*HERE)),
        ("https://www.openstreetmap.org/#map=19/37.7749295/-122.4194155", Place(*HERE)),
        ("https://www.bing.com/maps?cp=37.7749295~-122.4194155&lvl=19&dir=90&style=x", Place(*HERE, 90.0)),
        ("geo:37.7749295,-122.4194155;u=35", Place(*HERE)),
        ("GEO:37.7749295,-122.4194155,12?z=19", Place(*HERE)),
        ("37.7749295, -122.4194155", Place(*HERE)),
        ("(37.7749295 -122.4194155)", Place(*HERE)),
        ("37.7749295, -122.4194155, 370", Place(*HERE, 10.0)),
        ("www.google.com/maps/@37.7749295,-122.4194155,18z", Place(*HERE)),
        ("-33.8, 151.2", Place(-33.8, 151.2)),
    ],
)
def test_every_form_in_use_is_read(text: str, expected: Place) -> None:
    assert parse_address(text) == expected
    assert parse_address(f"  <{text}>\n") == expected


def test_minutes_and_seconds_are_read() -> None:
    found = parse_address("37°46'29.7\"N 122°25'09.9\"W")
    assert (found.latitude, found.longitude) == pytest.approx((37.774917, -122.419417), abs=1e-6)
    assert parse_address("122°25'09.9\"W 37°46'29.7\"N") == found
    assert parse_address("33°51\u203200\u2033S 151°12\u203236\u2033E").latitude == pytest.approx(-33.85)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://maps.app.goo.gl/abcdEFGH", "is a short address, which only maps.app.goo.gl can resolve"),
        ("https://goo.gl/maps/xyz", "is a short address"),
        ("https://www.mapillary.com/map/im/498763468214164", "tells no place"),
        ("https://www.google.com/maps", "tells no place"),
        ("https://example.org/", "tells no place"),
        ("hello", "tells no place"),
        ("95.0, 10.0", "is no place that UTM knows"),
        ("10.0, 200.0", "is no place that UTM knows"),
        ("", "nothing to read"),
        ("1" * 5000, "nothing to read"),
        ("https://[", "is no address"),
        ("https://evilgoogle.com/maps/no", "tells no place"),
        ("javascript:alert(1)", "tells no place"),
    ],
)
def test_what_tells_no_place_is_refused_with_the_reason(text: str, told: str) -> None:
    with pytest.raises(CurationError, match=told):
        parse_address(text)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    for whole in (text, f"https://www.google.com/maps/{text}", f"https://x.org/?{text}"):
        try:
            found = parse_address(whole)
        except CurationError as refusal:
            assert str(refusal)  # says why; any other exception fails the test
        else:
            assert -80 <= found.latitude <= 84
            assert -180 <= found.longitude <= 180
            assert found.heading is None or 0 <= found.heading < 360
