"""A training of a few numbers, quick enough to be killed and started again and again.

Run as `python -m tests.networks.training.toy FOLDER STEP ...`: for each STEP a process trains in FOLDER, and
kills itself with SIGKILL in the middle of that step; "end" lets it come to its end. Prints for each the
signal that ended it and the step of the checkpoint that it left, 0 without one.
"""

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from networks.training.loop import CHECKPOINT, train
from networks.training.settings import TrainingSettings


@dataclass(frozen=True)
class ToyTraining(TrainingSettings):
    epochs: int = 4
    steps_per_epoch: int = 6
    batch_size: int = 8
    learning_rate: float = 0.05
    schedule: str = "cosine"
    warmup_steps: int = 2
    checkpoint_every: int = 5
    log_every: int = 1


class ToyTask:
    """Learns a straight line, with dropout, which draws from torch's own generator."""

    score = "closeness"

    def __init__(self, settings: ToyTraining, *, dies_at: int | None = None, slope: float = 3.0) -> None:
        self.settings = settings
        self.device = torch.device("cpu")
        self.dies_at, self.slope = dies_at, slope
        torch.manual_seed(settings.seed)
        self.network = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.2), nn.Linear(8, 1))
        self.networks = {"network": self.network}
        self.optimisers = {"network": torch.optim.Adam(self.network.parameters(), settings.learning_rate)}
        self.data = {"slope": slope}

    def batch(self, step: int) -> torch.Tensor:
        rng = np.random.default_rng((self.settings.seed, step))
        return torch.from_numpy(rng.standard_normal((self.settings.batch_size, 1), np.float32))

    def used(self, step: int) -> Sequence[torch.optim.Optimizer]:
        return list(self.optimisers.values())

    def losses(self, batch: torch.Tensor, step: int) -> dict[str, torch.Tensor]:
        if step == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"loss": (self.network.train()(batch) - self.slope * batch).square().mean()}

    def validate(self) -> dict[str, float]:
        with torch.no_grad():
            error = (self.network.eval()(torch.ones(1, 1)) - self.slope).abs().item()
        return {"closeness": -error}

    def state(self) -> dict[str, torch.Tensor]:
        return {key: value.clone() for key, value in self.network.state_dict().items()}


def train_until(folder: Path, step: str) -> int:
    """Return the signal that ended a training, 0 when it came to its end."""
    process = os.fork()
    if process:
        return os.WTERMSIG(os.waitpid(process, 0)[1])
    train(ToyTask(ToyTraining(), dies_at=None if step == "end" else int(step)), folder)
    os._exit(0)


def step_of(folder: Path) -> int:
    path = folder / CHECKPOINT
    return torch.load(path, weights_only=True)["progress"]["step"] if path.exists() else 0


if __name__ == "__main__":
    torch.set_num_threads(1)
    for text in sys.argv[2:]:
        print(train_until(Path(sys.argv[1]), text), step_of(Path(sys.argv[1])))
