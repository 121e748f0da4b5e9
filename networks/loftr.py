"""LoFTR's network, which is Kornia's, cut in two: what belongs to a photo and what belongs to a pair.

Source: Sun, Shen, Wang, Bao, Zhou, LoFTR, CVPR 2021 (arXiv 2104.00680); `kornia.feature.LoFTR`, version
0.9 or later.
"""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from kornia.feature.loftr.loftr import LoFTR as LoFTRNetwork
from kornia.feature.loftr.loftr import default_cfg

from networks.state_dicts import load_strictly

CELL_PX, FINE_PX = 8, 2  # how far apart the places of the coarse and of the fine map lie
WIDTHS = {"coarse": 256, "fine": 128}  # channels of a photo's maps
OF_PHOTO = 1  # coarse layers before the photos meet: the first, of self attention
PREFIX = "matcher."  # of the keys in the authors' file and in Kornia's copy


def configured(**changes: Mapping[str, object]) -> LoFTRNetwork:
    """Return the network for dual softmax, without weights; the default of Kornia's module stays as it is.

    changes: part of Kornia's configuration, such as `match_coarse` -> values by name.
    """
    config: dict[str, Any] = copy.deepcopy(default_cfg)
    for part, values in changes.items():
        config[part] |= values
    return LoFTRNetwork(pretrained=None, config=config)


def loaded(network: LoFTRNetwork, state: Mapping[str, torch.Tensor], owner: str) -> LoFTRNetwork:
    """Fill `network` with the weights of a published file and return it in evaluation mode.

    state: keys with or without the prefix "matcher."; left as it is, though Kornia would rename its keys.
    owner: the method's name, for messages. Raises WeightsError when the weights do not fit.
    """
    plain = {key.removeprefix(PREFIX): tensor for key, tensor in state.items()}
    return load_strictly(network, plain, owner)


def coarse_map(network: LoFTRNetwork, grey: torch.Tensor) -> torch.Tensor:
    """Return the coarse map (B, 256, h, w) of grey photos (B, 1, H, W) in [0, 1]; h is H / 8 rounded up.

    The backbone ends here: the sums that give its fine map do not change the coarse one.
    """
    backbone = network.backbone
    x = backbone.relu(backbone.bn1(backbone.conv1(grey)))
    return backbone.layer3_outconv(backbone.layer3(backbone.layer2(backbone.layer1(x))))


def photo_tokens(network: LoFTRNetwork, coarse: torch.Tensor) -> torch.Tensor:
    """Return the tokens (B, h, w, 256) of coarse maps (B, 256, h, w): position code, first self attention."""
    coded = network.pos_encoding(coarse).permute(0, 2, 3, 1)
    tokens = coded.flatten(1, 2).contiguous()
    for layer in network.loftr_coarse.layers[:OF_PHOTO]:
        tokens = layer(tokens, tokens)
    return tokens.view(coded.shape)


def pair_tokens(
    network: LoFTRNetwork, tokens0: torch.Tensor, tokens1: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what tokens (B, L, 256) of queries and (B, S, 256) of candidates become where they meet.

    Their order matters: where they cross, the candidates read what the queries have just become.
    """
    transformer = network.loftr_coarse
    for layer, kind in list(zip(transformer.layers, transformer.layer_names, strict=True))[OF_PHOTO:]:
        if kind == "self":
            tokens0, tokens1 = layer(tokens0, tokens0), layer(tokens1, tokens1)
        else:
            tokens0 = layer(tokens0, tokens1)
            tokens1 = layer(tokens1, tokens0)
    return tokens0, tokens1
