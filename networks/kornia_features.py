"""Kornia's local features: got by name when a method is built, and filled with weights from a file.

Nothing here lets Kornia download: its networks are made without weights.
"""

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, TypeVar

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from data.errors import SettingsError
from networks.state_dicts import load_strictly

N = TypeVar("N", bound=nn.Module)

LEAST = (0, 9)  # the first version that has all of them, and whose frames of pixels the adapters know


def kornia_feature(name: str, owner: str) -> Any:
    """Return `kornia.feature.NAME`, a class or a function.

    owner: the method that needs it, for messages. Raises SettingsError when the installed Kornia is too
    old.
    """
    import kornia.feature  # seconds, which only those pay who build such a method

    found = kornia.__version__
    if tuple(int(number) for number in re.findall(r"\d+", found)[:2]) < LEAST:
        least = ".".join(map(str, LEAST))
        raise SettingsError(
            f"{owner} needs {name} of Kornia {least} or later, found Kornia {found}; "
            f"`pip install 'kornia>={least}'` gets it"
        )
    return getattr(kornia.feature, name)


class Undrawn(TorchFunctionMode):
    """Inside, new layers are not filled with random numbers: of large networks that takes seconds.

    For networks whose every weight is loaded afterwards.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the tensor as it is from a function of torch.nn.init; call any other function."""
        given = dict(kwargs or {})
        if getattr(func, "__module__", None) == nn.init.__name__:
            return args[0] if args else given["tensor"]
        return func(*args, **given)


def load_learned(network: N, state: Mapping[str, torch.Tensor], owner: str, derived: Sequence[str] = ()) -> N:
    """Fill `network` strictly with what is learned, and return it in evaluation mode.

    state: checkpoint key -> tensor. owner: the method's name, for messages. derived: patterns, as in
    fnmatch, of keys that are not learned, such as buffers that Kornia computes from its settings; what a
    file has of them is passed over.
    Raises WeightsError naming keys that are missing, unknown or of another shape.
    """
    learned = {
        key: tensor
        for key, tensor in state.items()
        if not any(fnmatchcase(key, pattern) for pattern in derived)
    }
    return load_strictly(network, learned, owner, optional=derived)
