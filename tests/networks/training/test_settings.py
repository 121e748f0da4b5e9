"""Learning rates and number formats of a training."""

import pytest
import torch

from networks.training.settings import TrainingSettings, autocast_for


def test_a_constant_rate_rises_and_stays() -> None:
    settings = TrainingSettings(epochs=2, steps_per_epoch=5, warmup_steps=3)
    assert [settings.rate_share(step) for step in range(6)] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]


def test_a_cosine_falls_to_nothing() -> None:
    settings = TrainingSettings(epochs=2, steps_per_epoch=50, schedule="cosine")
    shares = [settings.rate_share(step) for step in range(100)]
    assert shares[0] == 1.0
    assert shares[50] == pytest.approx(0.5)
    assert shares[-1] < 0.001
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize(("precision", "kind"), [("float32", torch.float32), ("bf16", torch.bfloat16)])
def test_a_step_runs_in_the_number_format_that_is_asked_for(precision: str, kind: torch.dtype) -> None:
    with autocast_for(torch.device("cpu"), precision):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == kind
