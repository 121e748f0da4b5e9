"""Strict, frozen settings: one way from names and values to a settings dataclass."""

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from data.errors import SettingsError

S = TypeVar("S")


def make_settings(kind: type[S], given: Mapping[str, Any], owner: str) -> S:
    """Build the frozen dataclass `kind` from `given`, refusing unknown names and wrong types.

    given: setting name -> value; text from a command line is converted to the declared type. A field
    whose metadata give it a `published` name is known by that name too.
    owner: the method's name, for messages. Raises SettingsError, naming the nearest known setting.
    """
    known = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    published = published_names(kind)
    values: dict[str, Any] = {}
    for alias, value in given.items():
        name = published.get(alias, alias)
        if name not in known:
            raise SettingsError(f"{owner} has no setting {name!r}{nearest(name, known)}")
        if name in values:
            raise SettingsError(f"{owner}: {name} is given twice, once by its published name; give it once")
        values[name] = value
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        raise SettingsError(_explain(error, owner)) from error


def published_names(kind: type) -> dict[str, str]:
    """Return the names that settings have in published code, where they are others: that name -> ours."""
    fields = dataclasses.fields(kind)
    return {field.metadata["published"]: field.name for field in fields if "published" in field.metadata}


def knows(kind: type, setting: str) -> bool:
    """Tell whether settings of `kind` have a field of this name, ours or published."""
    return setting in published_names(kind) or any(
        setting == field.name for field in dataclasses.fields(kind)
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a message's ending: the closest of the `known` names if any is close, and all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return f"{hint} Known: {', '.join(names) or 'none'}."


def parse_assignments(texts: Iterable[str]) -> dict[str, Any]:
    """Turn command-line texts `name=value` into a mapping; `none` and `null` become None."""
    given: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise SettingsError(f"a setting is written name=value, found {text!r}")
        given[name.strip().replace("-", "_")] = _parse_value(value.strip())
    return given


def settings_dict(settings: Any) -> dict[str, Any]:
    """Return a settings dataclass as a JSON-able mapping."""
    return dict(TypeAdapter(type(settings)).dump_python(settings, mode="json"))


def _parse_value(text: str) -> Any:
    if text.lower() in ("none", "null"):
        return None
    return [part.strip() for part in text.split(",") if part.strip()] if "," in text else text


def _explain(error: ValidationError, owner: str) -> str:
    lines = [
        f"{owner}: {'.'.join(str(part) for part in problem['loc']) or 'settings'} = "
        f"{problem['input']!r}: {problem['msg']}"
        for problem in error.errors()
    ]
    return "\n".join(lines)
