"""Settings that every training has."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

Precision = Literal["auto", "float32", "bf16"]
Schedule = Literal["constant", "cosine"]


@dataclass(frozen=True)
class TrainingSettings:
    """How long, how fast and how exactly a network is trained.

    seed: of the weights' initial values and of every choice. epochs, steps_per_epoch: validation comes
    after each epoch. batch_size: items of a step. learning_rate: of Adam at its highest. schedule:
    "constant" or "cosine", which falls to zero at the end. warmup_steps: in which the rate rises to its
    highest. precision: "auto" is bf16 where the device computes in it. checkpoint_every: steps after
    which all is saved, so many may be lost. log_every: steps from one line of the log to the next.
    """

    seed: NonNegativeInt = 0
    epochs: PositiveInt = 10
    steps_per_epoch: PositiveInt = 100
    batch_size: PositiveInt = 32
    learning_rate: PositiveFloat = 1e-3
    schedule: Schedule = "constant"
    warmup_steps: NonNegativeInt = 0
    precision: Precision = "auto"
    checkpoint_every: PositiveInt = 100
    log_every: PositiveInt = 10

    @property
    def total_steps(self) -> int:
        """Return the number of steps of the whole training."""
        return self.epochs * self.steps_per_epoch

    def rate_share(self, step: int) -> float:
        """Return the share of the learning rate that holds in a step, counted from 0."""
        rise = min(1.0, (step + 1) / (self.warmup_steps + 1))
        if self.schedule == "constant":
            return rise
        return rise * (1 + math.cos(math.pi * step / self.total_steps)) / 2


def autocast_for(device: torch.device, precision: Precision) -> Any:
    """Return the context in which a step's forward pass runs: torch's autocast to bf16, or none."""
    low = precision == "bf16" or (precision == "auto" and has_bf16(device))
    return torch.autocast(device.type, torch.bfloat16, enabled=low)


def has_bf16(device: torch.device) -> bool:
    """Tell whether a device computes in bf16, rather than only imitating it."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and bool(torch.cpu.get_capabilities().get("avx512_bf16", False))
