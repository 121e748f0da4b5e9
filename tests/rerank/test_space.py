import pytest

from data.errors import DiskSpaceError, SettingsError
from rerank.space import Work, check_space, estimate, humanise_bytes, humanise_seconds, parse_bytes


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (512, "512 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (23_400_000, "23.4 MB"),
        (999_999, "1.00 MB"),
        (9_990_000, "9.99 MB"),
        (1.5e12, "1.50 TB"),
        (4e18, "4000 PB"),
    ],
)
def test_bytes_are_written_for_people(count, text):
    assert humanise_bytes(count) == text


@pytest.mark.parametrize(
    ("text", "count"),
    [("20GB", 20 * 10**9), ("1.5 tb", 15 * 10**11), ("7B", 7), (" 12 kB ", 12_000), ("0.25MB", 250_000)],
)
def test_sizes_are_read(text, count):
    assert parse_bytes(text) == count


@pytest.mark.parametrize(
    "text", ["", "20", "GB", "0GB", "0.5B", "-1GB", "20 GiB", "1e3MB", "1.2.3GB", "nan GB"]
)
def test_other_sizes_are_refused(text):
    with pytest.raises(SettingsError, match="such as 20GB; found"):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ms"),
        (0.0032, "3.20 ms"),
        (0.412, "412 ms"),
        (0.9999, "1.00 s"),
        (41.5, "41.5 s"),
        (99.96, "1 min 40 s"),
        (125, "2 min 05 s"),
        (3599.4, "59 min 59 s"),
        (3599.9, "1 h 00 min"),
        (11220, "3 h 07 min"),
    ],
)
def test_seconds_are_written_for_people(seconds, text):
    assert humanise_seconds(seconds) == text


def test_an_estimate_has_a_line_for_each_stage_and_the_sum():
    works = [Work("features", 1000, 23e6, 0.3), Work("scores", 100, 0, 2.0)]
    assert estimate(works).splitlines() == [
        "features: 1,000 x 23 MB, 300 ms",
        "scores: 100 x 2 s",
        "together: 23 GB, 8 min 20 s",
    ]


def test_nothing_to_do_is_said():
    assert estimate([]) == "together: nothing"


def test_a_run_that_fits_is_let_go(tmp_path):
    check_space(tmp_path, [Work("features", 10, 1000)])
    check_space(tmp_path, [])


def test_a_run_that_does_not_fit_is_refused_with_the_figures(tmp_path, monkeypatch):
    asked = []

    def usage(path):
        asked.append(path)
        return type("Usage", (), {"free": 5_000_000_000})

    monkeypatch.setattr("rerank.space.shutil.disk_usage", usage)
    folder = tmp_path / "not" / "yet"
    with pytest.raises(DiskSpaceError) as caught:
        check_space(folder, [Work("features", 1000, 23e6, 0.3)])
    assert asked == [tmp_path]
    message = str(caught.value)
    assert f"{folder} would get 23 GB, its disk has 5 GB free (18 GB too little)" in message
    assert "features: 1,000 x 23 MB" in message
    check_space(folder, [Work("features", 200, 23e6)])
