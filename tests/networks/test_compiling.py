"""Compiling networks: what is compiled, what that changes, and what is told where it fails."""

import shutil
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

import extractors
import matchers
from data.errors import SettingsError
from extractors.rootsift import RootSIFT
from networks.compiling import check_compiler, compile_network


@pytest.fixture(autouse=True)
def _forgetting() -> Iterator[None]:
    check_compiler.cache_clear()
    yield
    check_compiler.cache_clear()


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the methods that are to be compiled, which is left out."""
    found: list[Any] = []
    monkeypatch.setattr("networks.compiling.compile_network", found.append)
    return found


def test_an_extractor_is_compiled_where_its_precision_says_so(compiled: list[Any]) -> None:
    for precision in ("float32", "bf16"):
        assert extractors.build("superpoint", "seeded", precision=precision) not in compiled
        method = extractors.build("superpoint", "seeded", precision=f"{precision}-compiled")
        assert compiled.pop() is method
        assert method.precision == precision
    with pytest.raises(SettingsError, match="-compiled"):
        extractors.build("rootsift", precision="compiled")


def test_matchers_are_not_compiled(compiled: list[Any]) -> None:
    assert matchers.build("rrt", "seeded", precision="bf16-compiled").precision == "bf16"
    assert not compiled


def test_a_method_without_a_network_stays_as_it_is() -> None:
    method = extractors.build("rootsift", precision="float32-compiled")
    assert isinstance(method, RootSIFT)


def test_where_nothing_can_be_compiled_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_: Any) -> Any:
        raise RuntimeError("InvalidCxxCompiler: No working C++ compiler found\nand much more")

    monkeypatch.setattr(torch, "compile", failing)
    with pytest.raises(SettingsError, match=r"compiler found\. Install a C\+\+ compiler.*-compiled out"):
        extractors.build("superpoint", "seeded", precision="float32-compiled")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler on this system")
def test_a_compiled_network_gives_the_same_but_for_last_digits() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Sequential(nn.ReLU(), nn.Conv2d(4, 2, 3))).eval()
    photo = torch.rand(1, 1, 20, 24)
    with torch.inference_mode():
        expected = network(photo)
        compile_network(SimpleNamespace(network=network, device=torch.device("cpu")))
        for _ in range(2):
            torch.testing.assert_close(network(photo), expected, rtol=1e-5, atol=1e-6)
