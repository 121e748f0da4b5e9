"""The loop of every training: steps, validation after each epoch, checkpoints, resume.

Step number n is a function of the weights and optimisers before it, the settings and n: tasks draw
whatever is random of a batch from a generator of (seed, n). So a training that was stopped and goes on
from its checkpoint ends, on a CPU, with the same bits as an undisturbed one.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn
from torch.optim import Optimizer

from data.decode import map_ahead
from data.errors import TrainingError
from data.files import replacing
from networks.cores import core_threads
from networks.settings import settings_dict
from networks.stages import Stage, logged_stage
from networks.timing import Stopwatch
from networks.training.checkpointing import Progress, Stateful, load_training, save_training
from networks.training.log import LOSS, PLACES, TrainingLog, read_log
from networks.training.plot import plot_log
from networks.training.settings import TrainingSettings, autocast_for

CHECKPOINT, BEST, LOG, CURVES = "last.pt", "best.pt", "log.jsonl", "curves.png"
log = logging.getLogger(__name__)


class Task(Protocol):
    """What is trained, on what, towards what; networks and optimisers are all that changes.

    score: name of the figure of `validate` that the best weights have the highest of.
    """

    score: str

    @property
    def settings(self) -> Any:
        """Its settings: a `TrainingSettings` with fields of its own."""

    @property
    def device(self) -> torch.device:
        """Where it learns."""

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """Networks by name."""

    @property
    def optimisers(self) -> Mapping[str, Optimizer]:
        """Optimisers by name."""

    @property
    def data(self) -> Mapping[str, Any]:
        """What tells other training photos apart, JSON-able."""

    def batch(self, step: int) -> Any:
        """Return what step number `step` learns from; called on threads, and random by (seed, step) alone."""

    def losses(self, batch: Any, step: int) -> dict[str, torch.Tensor]:
        """Return the figures of a step, each a number; `loss` is what is minimised."""

    def used(self, step: int) -> Sequence[Optimizer]:
        """Return the optimisers that take the step."""

    def validate(self) -> dict[str, float]:
        """Return figures on photos that are not trained on."""

    def state(self) -> dict[str, torch.Tensor]:
        """Return the state dict to publish."""


@dataclass(frozen=True)
class Outcome:
    """What a training has come to: steps, seconds spent on them, the figures of the best epoch."""

    steps: int
    seconds: float
    best: dict[str, float]


def train(task: Task, folder: str | Path, *, workers: int = 1, progress: Stage = logged_stage) -> Outcome:
    """Train a task in `folder`, going on from the checkpoint that is there.

    Written there: last.pt (the checkpoint), best.pt (the state dict of the best epoch), log.jsonl and
    curves.png. workers: threads that make batches. progress: opens a stage of that name and number of
    steps. Raises TrainingError where the folder holds a training of other settings or photos, or when the
    loss is no longer finite.
    """
    run = _Run(task, Path(folder))
    settings: TrainingSettings = task.settings
    remaining = range(run.done.step, settings.total_steps)
    batches = map_ahead(task.batch, remaining, workers=workers, ahead=2 * workers, pool=core_threads)
    with progress("training steps", len(remaining)) as counter:
        for step, batch in zip(remaining, batches, strict=True):
            run.step(step, batch)
            counter.advance()
    return outcome_of(run.folder / LOG, task.score)


def outcome_of(path: Path, score: str) -> Outcome:
    """Return what a training has come to, from its log; raises TrainingError before the first validation.

    score: name of the figure that the best epoch, which best.pt is of, has the highest of.
    """
    rows = [row for row in read_log(path) if LOSS not in row]
    if not rows:
        raise TrainingError(f"{path} tells of no validation yet; let the training end its first epoch")
    best = max(rows, key=lambda row: row[score])
    figures = {name: value for name, value in best.items() if name not in PLACES}
    return Outcome(rows[-1]["step"], rows[-1]["seconds"], figures)


class _Run:
    """A training in hand."""

    def __init__(self, task: Task, folder: Path) -> None:
        self.task, self.folder = task, folder
        self.settings: TrainingSettings = task.settings
        self.identity = {**settings_dict(task.settings), **task.data}
        optimisers = {f"optimiser {name}": optimiser for name, optimiser in task.optimisers.items()}
        self.parts: dict[str, Stateful] = {**task.networks, **optimisers}
        self.rates = {id(o): [group["lr"] for group in o.param_groups] for o in task.optimisers.values()}
        self.stopwatch = Stopwatch(task.device)
        folder.mkdir(parents=True, exist_ok=True)
        self.done = self._resumed()
        self.log = TrainingLog(folder / LOG, self.done.step)

    def _resumed(self) -> Progress:
        if not (self.folder / CHECKPOINT).exists():
            return Progress()
        done = load_training(self.folder / CHECKPOINT, self.parts, self.identity)
        log.info("going on after step %d of %d", done.step, self.settings.total_steps)
        return done

    def step(self, step: int, batch: Any) -> None:
        """Take one step and do what is due after it."""
        with self.stopwatch.measure("step"):
            figures = self._learn(step, batch)
            self.done.step = step + 1
        if self._due(self.settings.log_every):
            self._tell({name: round(value.item(), 6) for name, value in figures.items()})
        if self._due(self.settings.steps_per_epoch):
            self._validate()
        if self._due(self.settings.checkpoint_every) or self.done.step == self.settings.total_steps:
            self.done.seconds += self.stopwatch.seconds.pop("step")
            save_training(self.folder / CHECKPOINT, self.parts, self.done, self.identity)

    def _due(self, every: int) -> bool:
        return self.done.step % every == 0

    def _learn(self, step: int, batch: Any) -> dict[str, torch.Tensor]:
        """Change the weights; returns the step's figures."""
        share = self.settings.rate_share(step)
        used = self.task.used(step)
        for optimiser in used:
            optimiser.zero_grad()
            for group, rate in zip(optimiser.param_groups, self.rates[id(optimiser)], strict=True):
                group["lr"] = rate * share
        with autocast_for(self.task.device, self.settings.precision):
            figures = self.task.losses(batch, step)
        if not torch.isfinite(figures[LOSS]):
            raise TrainingError(
                f"the loss of step {step} is {figures[LOSS].item()}; {self.folder / CHECKPOINT} is older. "
                "Begin anew with a lower learning_rate, or in precision=float32."
            )
        figures[LOSS].backward()
        for optimiser in used:
            optimiser.step()
        return figures

    def _validate(self) -> None:
        """Measure, keep the weights if they are the best so far, and draw the curves."""
        with self.stopwatch.measure("step"):
            figures = self.task.validate()
        self._tell({name: round(value, 6) for name, value in figures.items()})
        score = figures[self.task.score]
        log.info("step %d: %s %.4f", self.done.step, self.task.score, score)
        if self.done.best is None or score > self.done.best:
            self.done.best = score
            with replacing(self.folder / BEST) as part:
                torch.save(self.task.state(), part)
        plot_log(self.folder / LOG, self.folder / CURVES)

    def _tell(self, figures: dict[str, float]) -> None:
        seconds = self.done.seconds + self.stopwatch.seconds["step"]
        epoch = (self.done.step - 1) // self.settings.steps_per_epoch
        self.log.add({"step": self.done.step, "epoch": epoch, "seconds": round(seconds, 1), **figures})
