"""From measures to signs, and from signs to what they agree on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data.curation.records import CONFLICT, LIGHTS, OR, PLACES, UNSURE, Sign
from data.curation.signs.measures import Measures

NIGHT_BELOW_DEG, DAY_ABOVE_DEG = -6.0, 0.0  # the end of civil twilight, and sunset

_FEWEST = 2  # signs that must speak


@dataclass(frozen=True)
class Thresholds:
    """From where on a measure speaks; see `Measures` for the units.

    dark, bright: of the whole photo. upper_dark, upper_bright: of its upper third. black_shadows: those of a
    night are below. open_shadows: those of a lit room by night are above. lights: point lights. noise: of
    255. sky: share. open_above, ceiling: of the upper third, by night that of a street is below and that of
    a room above; where it is brighter, its tint speaks. warm, cool: that tint, red over blue. probability: of
    a classifier.
    """

    dark: float = 0.25
    bright: float = 0.4
    upper_dark: float = 0.12
    upper_bright: float = 0.6
    black_shadows: float = 0.05
    open_shadows: float = 0.12
    lights: int = 2
    noise: float = 2.8
    sky: float = 0.2
    open_above: float = 0.25
    ceiling: float = 0.45
    warm: float = 1.2
    cool: float = 1.0
    probability: float = 0.8


def light_signs(
    measures: Measures,
    sun_deg: tuple[float, float] | None,
    probabilities: Mapping[str, float],
    limits: Thresholds,
) -> tuple[Sign, ...]:
    """Return what speaks for night, dusk or day.

    sun_deg: lowest and highest elevation that the sun may have had, None where no time is known.
    probabilities: of a classifier, empty where there is none.
    """
    m, t = measures, limits
    signs = [
        _sun(sun_deg),
        _between("brightness", m.brightness, t.dark, ("night", "dusk"), t.bright, ("dusk", "day")),
        _between(
            "upper brightness", m.upper_brightness, t.upper_dark, ("night",), t.upper_bright, ("dusk", "day")
        ),
        Sign("shadows", f"{m.shadows:.2f}", _if(m.shadows < t.black_shadows, "night", "dusk")),
        Sign("point lights", str(m.point_lights), _if(m.point_lights >= t.lights, "night", "dusk")),
        Sign("noise", f"{m.noise:.1f} of 255", _if(m.noise >= t.noise, "night", "dusk")),
    ]
    return (*signs, *_classified(probabilities, LIGHTS, t.probability))


def place_signs(
    measures: Measures,
    sun_deg: tuple[float, float] | None,
    probabilities: Mapping[str, float],
    limits: Thresholds,
) -> tuple[Sign, ...]:
    """Return what speaks for outdoor or indoor; arguments as of `light_signs`."""
    m, t = measures, limits
    by_night = sun_deg is not None and sun_deg[1] < NIGHT_BELOW_DEG
    by_day = sun_deg is not None and sun_deg[0] >= DAY_ABOVE_DEG
    signs = [
        Sign("sky", f"{100 * m.sky:.0f} %", _if(m.sky >= t.sky, "outdoor")),
        _tint(m, t),
        Sign("point lights", str(m.point_lights), _if(m.point_lights >= t.lights, "outdoor")),
    ]
    if by_day:
        signs.append(Sign("brightness by day", f"{m.brightness:.2f}", _if(m.brightness < t.dark, "indoor")))
    if by_night:
        outdoor, indoor = ("outdoor",), ("indoor",)
        signs += [
            _between(
                "upper brightness by night", m.upper_brightness, t.open_above, outdoor, t.ceiling, indoor
            ),
            _between("shadows by night", m.shadows, t.black_shadows, outdoor, t.open_shadows, indoor),
        ]
    return (*signs, *_classified(probabilities, PLACES, t.probability))


def verdict(signs: Sequence[Sign], answers: Sequence[str]) -> str:
    """Return what signs leave of the possible answers, joined by " or ".

    "unsure" where fewer than two signs speak or they leave all answers, "conflict" where they leave none.
    """
    speaking = [sign for sign in signs if sign.allows]
    left = [answer for answer in answers if all(answer in sign.allows for sign in speaking)]
    if not left:
        return CONFLICT
    if len(speaking) < _FEWEST or len(left) == len(answers):
        return UNSURE
    return OR.join(left)


def _sun(sun_deg: tuple[float, float] | None) -> Sign:
    if sun_deg is None:
        return Sign("sun", "no time known")
    low, high = sun_deg
    value = f"{low:.1f} degrees" if high - low < 0.1 else f"{low:.0f} to {high:.0f} degrees"
    possible = [low < NIGHT_BELOW_DEG, low < DAY_ABOVE_DEG and high >= NIGHT_BELOW_DEG, high >= DAY_ABOVE_DEG]
    allows = tuple(light for light, can in zip(LIGHTS, possible, strict=True) if can)
    return Sign("sun", value, () if len(allows) == len(LIGHTS) else allows)


def _between(
    name: str, value: float, low: float, below: tuple[str, ...], high: float, above: tuple[str, ...]
) -> Sign:
    """Return a sign that speaks below one limit and above another."""
    return Sign(name, f"{value:.2f}", below if value < low else above if value > high else ())


def _tint(m: Measures, t: Thresholds) -> Sign:
    """Return what the tint above says: lamplight on a ceiling, or the sky; nothing where it is dark."""
    value = f"{m.upper_warmth:.2f} red to blue"
    if m.upper_brightness < t.ceiling:
        return Sign("tint above", value)
    if m.upper_warmth > t.warm:
        return Sign("tint above", value, ("indoor",))
    return Sign("tint above", value, _if(m.upper_warmth < t.cool, "outdoor"))


def _classified(probabilities: Mapping[str, float], answers: Sequence[str], limit: float) -> list[Sign]:
    """Return the sign of a classifier that knows some of the answers, none where it does not."""
    known = {answer: probabilities[answer] for answer in answers if answer in probabilities}
    if not known:
        return []
    best = max(known, key=lambda answer: known[answer])
    return [Sign("classifier", f"{best} {known[best]:.2f}", _if(known[best] >= limit, best))]


def _if(speaks: bool, *answers: str) -> tuple[str, ...]:
    return answers if speaks else ()
