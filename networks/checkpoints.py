"""Published checkpoints: one table, and the way from a file name to a state dict."""

from pathlib import Path

import torch


def load_checkpoint(name: str, path: str | Path | None = None) -> dict[str, torch.Tensor]:
    """Return the state dict of published file `name`, from `path`, the weights folder or its address."""
    raise NotImplementedError
