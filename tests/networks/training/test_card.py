"""What a training is published as: half-precision weights, and a card that knows them."""

import hashlib
import json
from pathlib import Path

import torch

from networks.state_dicts import read_state
from networks.training.card import LICENCE, Card, publish

CARD = Card(
    title="A line",
    purpose="For tests.",
    limits="For nothing else.",
    command="rerank train line here",
    data={"sources": ["eleven", "twelve"]},
    settings={"seed": 0, "learning_rate": 0.05},
    training={"steps": 24, "validation": {"closeness": 0.987654}},
    environment={"commit": "abc"},
    scores={"city 101": {"recall_at_1": 0.5}},
)


def test_weights_are_halved_and_whole_numbers_kept(tmp_path: Path) -> None:
    weight = torch.arange(6.0).reshape(2, 3).T / 7  # not contiguous
    state = {"layer.weight": weight, "norm.num_batches_tracked": torch.tensor(70_000)}
    publish(state, tmp_path / "line.safetensors", CARD)
    read = read_state(tmp_path / "line.safetensors")
    assert read["layer.weight"].dtype == torch.float16
    torch.testing.assert_close(read["layer.weight"].float(), weight, atol=1e-3, rtol=1e-3)
    assert read["norm.num_batches_tracked"] == 70_000


def test_the_card_tells_of_the_file_and_the_training(tmp_path: Path) -> None:
    path = tmp_path / "line.safetensors"
    publish({"weight": torch.zeros(3, 2)}, path, CARD)
    card = json.loads(path.with_suffix(".json").read_text())
    assert card["file"] == path.name
    assert card["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert card["size_bytes"] == path.stat().st_size
    assert card["parameters"] == 6
    assert card["licence"] == LICENCE == "Apache-2.0"
    assert card["settings"] == {"seed": 0, "learning_rate": 0.05}
    told = path.with_suffix(".md").read_text()
    for text in ("# A line", card["sha256"], "rerank train line here", "recall_at_1: 0.5", "eleven, twelve"):
        assert text in told
