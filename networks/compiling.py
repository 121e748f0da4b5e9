"""Compiling networks with torch.compile, which fuses what lies between convolutions; it takes minutes."""

import logging
from functools import lru_cache
from typing import Any

import torch
from torch import nn

from data.errors import SettingsError

log = logging.getLogger(__name__)


def compile_network(method: Any) -> None:
    """Have a built method's `network`, and its parts that are called by themselves, compiled at first use.

    Numbers may differ in the last digits from those of the network as it is. Photos of another size have it
    compiled once more, then for every size. Raises SettingsError where nothing can be compiled.
    """
    network = getattr(method, "network", None)
    if not isinstance(network, nn.Module):
        log.info("%s has no network to compile", method.spec.name)
        return
    check_compiler(method.device.type)
    for module in (network, *network.children()):
        module.compile()


@lru_cache
def check_compiler(device: str) -> None:
    """Compile next to nothing for "cpu" or "cuda", to tell at the start where that fails.

    Raises SettingsError, which says what to install.
    """
    try:
        torch.compile(lambda values: 2.0 * values + 1.0)(torch.zeros(8, device=device))
    except RuntimeError as error:  # what torch's compilers raise derives from it
        wanted = "a C++ compiler, such as g++" if device == "cpu" else "Triton and a C compiler"
        reason = str(error).splitlines()[0]
        raise SettingsError(
            f"networks cannot be compiled here: {reason}. Install {wanted}, and Python's headers, or leave "
            "-compiled out of the precision"
        ) from error
