"""The layers of TransVPR: a small CNN, a transformer over its patches, attention pooling.

Source: Wang, Shen, Zuo, Zhou, Zheng, CVPR 2022 (arXiv 2201.02001); tensors are named as in the
published files. A patch is 16 x 16 pixels; P is their number, row by row.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from networks.attention import attend
from networks.pooling import L2Norm
from networks.products import ProductLinear

PATCH_PX = 16
WIDTH = 256  # of a token
HEADS = 4
CHANNELS = (64, 128, 256, 512)  # of the maps, each half as large as the one before
POOLED = (1, 3, 5)  # blocks whose features make the global descriptor


class Outputs(NamedTuple):
    """What the network gives of B photos, float32.

    layers: (B, 6, 1 + P, 256), what each block gives, normalised; the class token first.
    attention: (B, 3, P), weights of the patches on three levels, each sums to 1.
    global_descriptor: (B, 256), of unit length.
    """

    layers: torch.Tensor
    attention: torch.Tensor
    global_descriptor: torch.Tensor


class Tokenizer(nn.Module):
    """One convolution that turns the pixels of a map under each patch into a part of its token."""

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.conv_layer = nn.Conv2d(channels, WIDTH // len(CHANNELS), side, stride=side)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Turn maps (B, C, h, w) into (B, P, 64)."""
        return self.conv_layer(maps).flatten(2).transpose(1, 2)


class SelfAttention(nn.Module):
    """Attention of all tokens to all, in four heads."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = ProductLinear(WIDTH, 3 * WIDTH, bias=False)
        self.proj = ProductLinear(WIDTH, WIDTH)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Map tokens (B, N, 256) to as many."""
        query, key, value = self.qkv(tokens).unflatten(-1, (3, HEADS, WIDTH // HEADS)).permute(2, 0, 3, 1, 4)
        return self.proj(attend(query, key, value, real=None).transpose(1, 2).flatten(2))


class Block(nn.Module):
    """An encoder block whose second half adds to the normalised stream, not to the stream itself."""

    def __init__(self) -> None:
        super().__init__()
        self.pre_norm = nn.LayerNorm(WIDTH)
        self.self_attn = SelfAttention()
        self.norm1 = nn.LayerNorm(WIDTH)
        self.linear1 = ProductLinear(WIDTH, 2 * WIDTH)
        self.linear2 = ProductLinear(2 * WIDTH, WIDTH)

    def forward(self, stream: torch.Tensor) -> torch.Tensor:
        """Map tokens (B, N, 256) to as many."""
        stream = self.norm1(stream + self.self_attn(self.pre_norm(stream)))
        return stream + self.linear2(F.gelu(self.linear1(stream)))


class Transformer(nn.Module):
    """Six blocks over a class token and the patches; one norm serves the output of each."""

    def __init__(self) -> None:
        super().__init__()
        self.class_emb = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.blocks = nn.ModuleList(Block() for _ in range(6))
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the features (B, 6, 1 + P, 256) of patches (B, P, 256) after each block."""
        stream = torch.cat([self.class_emb.expand(len(tokens), -1, -1), tokens], dim=1)
        layers = []
        for block in self.blocks:
            stream = block(stream)
            layers.append(self.norm(stream))
        return torch.stack(layers, dim=1)


class AttentionPool(nn.Module):
    """Three weighted means of the patches, one for each of three levels of features."""

    def __init__(self) -> None:
        super().__init__()
        self.attention_pool = nn.Linear(len(POOLED) * WIDTH, len(POOLED))
        self.fc = nn.Sequential(L2Norm(), nn.Linear(len(POOLED) * WIDTH, WIDTH), L2Norm())

    def forward(self, levels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return attention (B, 3, P) and global descriptors (B, 256) of patches on levels (B, 3, P, 256)."""
        logits = self.attention_pool(levels.transpose(1, 2).flatten(2))
        attention = logits.softmax(dim=1).transpose(1, 2)
        return attention, self.fc((attention[..., None] * levels).sum(dim=2).flatten(1))


class TransVPRNetwork(nn.Module):
    """The whole network; photos have sides that are multiples of 16."""

    def __init__(self) -> None:
        super().__init__()
        for number, (inputs, outputs) in enumerate(zip((3, *CHANNELS), CHANNELS, strict=False), 1):
            self.add_module(f"conv{number}", _halving(inputs, outputs))
            self.add_module(f"tokenizer{number}", Tokenizer(outputs, PATCH_PX // 2**number))
        self.transformer = Transformer()
        self.pool = AttentionPool()

    def forward(self, photos: torch.Tensor) -> Outputs:
        """Return what the network gives of normalised photos (B, 3, H, W)."""
        maps, tokens = photos, []
        for number in range(1, len(CHANNELS) + 1):
            maps = self.get_submodule(f"conv{number}")(maps)
            tokens.append(self.get_submodule(f"tokenizer{number}")(maps))
        layers = self.transformer(torch.cat(tokens, dim=2)).float()
        with torch.autocast(layers.device.type, enabled=False):
            attention, global_descriptor = self.pool(layers[:, POOLED, 1:])
        return Outputs(layers, attention, global_descriptor)


def _halving(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, stride=2, padding=1),
    )
