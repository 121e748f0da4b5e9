"""Publishing what was trained: a small file of weights, and a card that says what they are.

The weights are float16 safetensors with the keys of the published files. The card lies beside them, as
JSON for machines and as Markdown for people.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from data.files import replacing, sha256_of_file, write_json, write_text

LICENCE = "Apache-2.0"


@dataclass(frozen=True)
class Card:
    """What is known of a checkpoint.

    title, purpose, limits: for people. command: what trained it, in the repository. data: what it learned
    from and what was held out. settings: of the training, its seed among them. training: how it went
    (steps, seconds, the score that chose the weights). environment: commit, versions and hardware.
    scores: figures by what they were measured on.
    """

    title: str
    purpose: str
    limits: str
    command: str
    data: Mapping[str, Any]
    settings: Mapping[str, Any]
    training: Mapping[str, Any]
    environment: Mapping[str, Any]
    scores: Mapping[str, Any]
    licence: str = LICENCE


def publish(state: Mapping[str, torch.Tensor], path: Path, card: Card) -> None:
    """Write a state dict to `path` as float16 safetensors, and its card beside it as .json and .md.

    Whole numbers keep their type. The card gets the file's name, size and SHA-256, and the count of its
    parameters.
    """
    halved = {
        key: (value.half() if value.is_floating_point() else value).contiguous()
        for key, value in state.items()
    }
    with replacing(path) as part:
        save_file(halved, part, metadata={"licence": card.licence, "title": card.title})
    described = {
        "file": path.name,
        "size_bytes": path.stat().st_size,
        "sha256": sha256_of_file(path),
        "parameters": sum(value.numel() for value in state.values() if value.is_floating_point()),
        **asdict(card),
    }
    write_json(path.with_suffix(".json"), described)
    write_text(path.with_suffix(".md"), "\n".join(_markdown(described)) + "\n")


def _markdown(card: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {card['title']}\n"
    yield f"{card['purpose']}\n\n{card['limits']}\n"
    yield f"- File: `{card['file']}`, {card['size_bytes']:,} bytes"
    yield f"- Parameters: {card['parameters']:,}, as float16"
    yield f"- SHA-256: `{card['sha256']}`"
    yield f"- Licence: {card['licence']}"
    yield f"- Trained by: `{card['command']}`\n"
    for part in ("scores", "training", "data", "environment", "settings"):
        yield f"## {part.capitalize()}\n"
        yield from _listed(card[part], "")
        yield ""


def _listed(values: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield f"{indent}- {name}"
            yield from _listed(value, indent + "  ")
        else:
            yield f"{indent}- {name}: {_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return ", ".join(map(_text, value)) if isinstance(value, list | tuple) else str(value)
