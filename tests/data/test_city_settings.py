"""Settings of the drawn city: ranges, sweeps, and text from a command line."""

import pytest

from data.city import CitySettings, QuerySet
from data.errors import SettingsError
from networks.settings import make_settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", -1),
        ("database_count", 0),
        ("query_count", -1),
        ("width", 10),
        ("field_of_view_deg", 180.0),
        ("spacing_m", 0.0),
        ("darkness", 1.01),
        ("darkness", float("nan")),
        ("shift_m", 26.0),
        ("shift_deg", -1.0),
        ("occlusion", 0.9),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=rf"{name} = .*; expected .* to "):
        CitySettings(**{name: value})


def test_view_angles_must_be_there_and_finite() -> None:
    for angles in ((), (float("inf"),)):
        with pytest.raises(SettingsError, match="view_angles_deg"):
            CitySettings(view_angles_deg=angles)


def test_query_sets_are_day_and_night_with_the_same_shift() -> None:
    settings = CitySettings(darkness=0.7, shift_m=3.0, shift_deg=4.0, occlusion=0.2)
    assert settings.query_sets == (
        QuerySet("day", 0.0, 3.0, 4.0, 0.2),
        QuerySet("night", 0.7, 3.0, 4.0, 0.2),
    )
    assert settings.query_sets[1].folder == "queries_night"


def test_a_sweep_changes_one_dial_of_the_day() -> None:
    settings = CitySettings(
        shift_m=3.0, shift_deg=4.0, occlusion=0.2, sweep="shift_m", sweep_values=(0.0, 12.5)
    )
    assert settings.query_sets[2:] == (
        QuerySet("shift_m_0", 0.0, 0.0, 4.0, 0.2),
        QuerySet("shift_m_12.5", 0.0, 12.5, 4.0, 0.2),
    )


@pytest.mark.parametrize(
    ("sweep", "values"),
    [
        ("brightness", (0.5,)),
        ("darkness", ()),
        ("", (0.5,)),
        ("darkness", (0.5, 2.0)),
        ("darkness", (0.5, 0.5)),
    ],
)
def test_a_sweep_that_makes_no_sense_is_refused(sweep: str, values: tuple[float, ...]) -> None:
    with pytest.raises(SettingsError, match=r"sweep|darkness"):
        CitySettings(sweep=sweep, sweep_values=values)


def test_settings_come_from_text() -> None:
    given = {"seed": "3", "sweep": "occlusion", "sweep_values": ["0", "0.25"]}
    settings = make_settings(CitySettings, given, owner="city")
    assert (settings.seed, settings.sweep_values) == (3, (0.0, 0.25))
    with pytest.raises(SettingsError, match="did you mean 'darkness'"):
        make_settings(CitySettings, {"darknes": "1"}, owner="city")
    with pytest.raises(SettingsError, match="darkness = 3"):
        make_settings(CitySettings, {"darkness": "3"}, owner="city")
