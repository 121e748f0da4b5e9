"""The catalogue: what is known of every method, from its own declaration."""

from collections.abc import Mapping
from typing import Any

from matchers import fits
from networks.checkpoint_table import CHECKPOINTS
from networks.settings import make_settings, settings_dict
from networks.weights_admin import status
from rerank.methods import REGISTRIES, specs_of


def describe_all() -> dict[str, list[dict[str, Any]]]:
    """Return kind -> its methods, each as a JSON-able mapping."""
    return {
        kind: [describe(kind, name) for name in registry.names()] for kind, registry in REGISTRIES.items()
    }


def describe(kind: str, name: str, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what is known of a method as a JSON-able mapping.

    given: its settings, on which its weights may depend. Raises SettingsError for an unknown method or
    settings that it does not have.
    """
    method = REGISTRIES[kind].load(name)
    settings = make_settings(method.Settings, given or {}, owner=name)
    file = method.checkpoint(settings)
    return {
        "name": name,
        "summary": method.spec.summary,
        "source": method.spec.source,
        "licence": method.spec.licence,
        "beyond_benchmark": method.spec.beyond_benchmark,
        "deviations": method.spec.deviations,
        "yields": sorted(getattr(method.spec, "yields", ())),
        "settings": settings_dict(settings),
        "weights": _weights(file) if file else None,
        "goes_with": _partners(kind, method.spec),
    }


def _weights(file: str) -> dict[str, Any]:
    listed = CHECKPOINTS.get(file)
    return {
        "file": file,
        "licence": listed.licence if listed else "unknown",
        "permissive": bool(listed and listed.permissive),
        "present": status(file).present,
    }


def _partners(kind: str, spec: Any) -> list[str]:
    if kind == "extractor":
        return [other.name for other in specs_of("matcher") if fits(spec, other)]
    if kind == "matcher":
        return [other.name for other in specs_of("extractor") if fits(other, spec)]
    return []
