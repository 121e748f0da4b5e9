"""`docs/methods.md`: the page of every method, made from what each declares of itself."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rerank.catalogue import describe_all
from rerank.methods import REGISTRIES

INTRODUCTION = """# Methods

Made by `rerank methods --page`; do not edit. A pair is written EXTRACTOR+MATCHER. Settings are given as
`--set METHOD.SETTING=VALUE`, weights as `--weights METHOD=FILE` where they are not the published ones,
which `rerank weights` finds, fetches and checks.

**Where weights must allow commercial use**, take `aliked+ransac`: ALIKED's weights are BSD-3-Clause.
`--license-policy permissive` refuses all weights that are not free for every use, before any work.
"""


def methods_page(measured: Mapping[str, Mapping[str, int]]) -> str:
    """Return the page as Markdown.

    measured: extractor -> `keypoints` and `bytes` of one photo of 480 x 640 (`benchmarks/features.py`).
    """
    described = describe_all()
    lines = [INTRODUCTION, *_extractor_table(described["extractor"], measured)]
    for kind, found in described.items():
        lines.append(f"\n## {kind.capitalize()}s")
        for method in found:
            lines += _section(kind, method)
    return "\n".join(lines) + "\n"


def _extractor_table(
    found: Iterable[Mapping[str, Any]], measured: Mapping[str, Mapping[str, int]]
) -> Iterator[str]:
    yield "| extractor | kept for each photo | features | bytes | weights free for every use |"
    yield "| --- | --- | ---: | ---: | --- |"
    for method in found:
        name = method["name"]
        figures = measured.get(name, {})
        weights = method["weights"]
        free = "no weights" if weights is None else "yes" if weights["permissive"] else "no"
        yield (
            f"| [{name}](#{name}) | {', '.join(method['yields']).replace('_', ' ')} | "
            f"{_figure(figures.get('keypoints'))} | {_figure(figures.get('bytes'))} | {free} |"
        )
    yield (
        "\nFeatures and bytes are of one drawn photo of 480 x 640, on made-up weights: what real ones find "
        "varies from photo to photo; maps and grids do not."
    )


def _figure(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _section(kind: str, method: Mapping[str, Any]) -> Iterator[str]:
    extra = " (beyond the ten rows of the published benchmark)" if method["beyond_benchmark"] else ""
    yield f"\n### {method['name']}\n\n{method['summary']}{extra}\n"
    if method["goes_with"]:
        yield f"- Goes with: {', '.join(method['goes_with'])}"
    yield f"- Source: {method['source']}"
    yield f"- Licence: {method['licence']}"
    if method["weights"]:
        yield f"- Weights: `{method['weights']['file']}`, {method['weights']['licence']}"
    if method["deviations"]:
        yield f"- Differs from what was published: {method['deviations']}"
    yield from _settings(kind, method)


def _settings(kind: str, method: Mapping[str, Any]) -> Iterator[str]:
    """Yield the settings' defaults, and what they mean in their own words."""
    if not method["settings"]:
        return
    told = inspect.getdoc(REGISTRIES[kind].load(method["name"]).Settings) or ""
    defaults = ", ".join(f"`{name}={value}`" for name, value in method["settings"].items())
    yield f"- Defaults: {defaults}\n"
    yield "\n".join(f"> {line}".rstrip() for line in told.splitlines())
