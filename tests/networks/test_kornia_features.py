import numpy as np
import pytest
import torch
from torch import nn

from data.errors import SettingsError, WeightsError
from networks.kornia_features import Undrawn, kornia_feature, load_learned


@pytest.mark.parametrize("found", ["0.8.2", "0.7", "0.8.3rc1"])
def test_an_older_kornia_is_refused(found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kornia.__version__", found)
    with pytest.raises(SettingsError, match=rf"mine needs DISK of Kornia 0.9 or later, found Kornia {found}"):
        kornia_feature("DISK", "mine")


@pytest.mark.parametrize("found", ["0.9.0", "0.10.1", "1.0", "0.9.0rc1"])
def test_a_newer_kornia_is_taken(found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kornia.__version__", found)
    assert issubclass(kornia_feature("DISK", "mine"), nn.Module)


def test_layers_are_not_drawn_inside_and_drawn_outside() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    with Undrawn():
        layers = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Linear(8, 4))
    assert torch.equal(before, torch.get_rng_state())
    assert next(layers.parameters()).shape == (8, 3, 3, 3)
    assert torch.equal(layers[1].running_var, torch.ones(8))
    nn.Linear(8, 4)
    assert not torch.equal(before, torch.get_rng_state())


class Learned(nn.Linear):
    """A layer with a buffer that is computed."""

    def __init__(self) -> None:
        super().__init__(2, 2)
        self.register_buffer("grid_x", torch.arange(3.0))


def test_what_is_not_learned_is_passed_over_and_the_rest_is_strict() -> None:
    state = {"weight": torch.ones(2, 2), "bias": torch.ones(2)}
    for extra in ({}, {"grid_x": torch.zeros(5)}, {"grid_y": torch.zeros(1)}):
        network = load_learned(Learned(), {**state, **extra}, "mine", ("grid_*",))
        np.testing.assert_array_equal(network.grid_x, [0, 1, 2])
        assert not network.training and bool((network.weight == 1).all())
    with pytest.raises(WeightsError, match="missing: bias; unknown: other"):
        load_learned(Learned(), {"weight": state["weight"], "other": state["bias"]}, "mine", ("grid_*",))
