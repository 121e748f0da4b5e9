"""RRT's network: a transformer over the global and local features of two photos; its output is a logit.

Source: Tan, Yuan, Ordonez, "Instance-level Image Retrieval using Reranking Transformers", ICCV 2021
(arXiv 2103.12236). Modules are named as in the published files. Positions of features play no part.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from networks.attention import attend
from networks.products import ProductLinear, product

# rows of the segment embedding
QUERY_LOCAL, GALLERY_LOCAL, CLS, SEP, QUERY_GLOBAL, GALLERY_GLOBAL = range(6)
SEGMENTS = 6

SCALES = torch.tensor([0.5, 2**-0.5, 1.0, 2**0.5, 2.0, 2**1.5, 4.0], dtype=torch.float64)
# The authors looked scales up in a list of rounded decimals, above which float32 values of the irrational
# ones never lie; the published weights were trained with the rows that this gives.
TRAINED_ROWS = torch.tensor([0, 0, 2, 2, 4, 4, 6])
SAME_SCALE = 0.5e-4  # how far a scale may lie from one of these: they count as equal to four decimals


@dataclass(frozen=True)
class Side:
    """The features of B photos, padded to a common number N of local ones.

    whole: (B, G) global descriptors of unit length. descriptors: (B, N, D). scale_rows: (B, N) int64.
    real: (B, N) bool, False for padding; None where nothing is padded.
    """

    whole: torch.Tensor
    descriptors: torch.Tensor
    scale_rows: torch.Tensor
    real: torch.Tensor | None = None


class SelfAttention(nn.Module):
    """Attention with several heads; parameters are named as torch's own names them."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.out_proj = ProductLinear(width, width)

    def forward(self, x: torch.Tensor, source: torch.Tensor, real: torch.Tensor | None) -> torch.Tensor:
        """Return what each row of x (B, M, C) gathers from source (B, L, C) where it is `real`."""
        width = x.shape[2]
        of_query, of_rest = self.in_proj_weight.split([width, 2 * width])
        query_bias, rest_bias = self.in_proj_bias.split([width, 2 * width])
        projected = (product(x, of_query, query_bias), *product(source, of_rest, rest_bias).chunk(2, dim=2))
        query, key, value = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in projected)
        gathered = attend(query, key, value, real)
        return self.out_proj(gathered.transpose(1, 2).flatten(2))


class EncoderLayer(nn.Module):
    """Attention and a perceptron, each added to its input and normalised afterwards."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.self_attn = SelfAttention(width, heads)
        self.linear1 = ProductLinear(width, hidden)
        self.linear2 = ProductLinear(hidden, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)

    def forward(self, x: torch.Tensor, source: torch.Tensor, real: torch.Tensor | None) -> torch.Tensor:
        """Return rows x (B, M, C) of source (B, L, C), updated."""
        x = self.norm1(x + self.self_attn(x, source, real))
        return self.norm2(x + self.linear2(F.relu(self.linear1(x))))


class Encoder(nn.Module):
    """All layers; of the last one's rows only the first, that of CLS, is computed."""

    def __init__(self, depth: int, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(width, heads, hidden) for _ in range(depth))

    def forward(self, x: torch.Tensor, real: torch.Tensor | None) -> torch.Tensor:
        """Return the first row (B, 1, C) of tokens (B, L, C), of which those are read that are `real`."""
        for layer in self.layers[:-1]:
            x = layer(x, x, real)
        return self.layers[-1](x[:, :1], x, real)


class RrtNetwork(nn.Module):
    """Logits of pairs of photos; larger is more similar. A pair is not scored as its reverse."""

    def __init__(self, d_global: int, d_model: int, nhead: int, num_encoder_layers: int, hidden: int) -> None:
        super().__init__()
        self.remap = nn.Linear(d_global, d_model)
        self.scale_encoder = nn.Embedding(len(SCALES), d_model)
        self.seg_encoder = nn.Embedding(SEGMENTS, d_model)
        self.encoder = Encoder(num_encoder_layers, d_model, nhead, hidden)
        self.classifier = nn.Linear(d_model, 1)

    def forward(self, query: Side, gallery: Side) -> torch.Tensor:
        """Return logits (B,) float32 of one query (B = 1) and B gallery photos."""
        return self.classifier(self.encoder(*self.tokens(query, gallery))).flatten().float()

    def tokens(self, query: Side, gallery: Side) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return what the encoder reads, (B, L, C), and which of it is real, (B, 1, 1, L) bool or None.

        In order: CLS, the query's global and local features, SEP, the gallery photo's.
        """
        count = len(gallery.whole)
        parts = [
            self._segment(CLS).expand(count, 1, -1),
            self.global_token(query.whole).expand(count, -1)[:, None] + self._segment(QUERY_GLOBAL),
            (self.local_tokens(query) + self._segment(QUERY_LOCAL)).expand(count, -1, -1),
            self._segment(SEP).expand(count, 1, -1),
            self.global_token(gallery.whole)[:, None] + self._segment(GALLERY_GLOBAL),
            self.local_tokens(gallery) + self._segment(GALLERY_LOCAL),
        ]
        tokens = torch.cat(parts, dim=1)
        if gallery.real is None:
            return tokens, None
        always = gallery.real.new_ones(count, tokens.shape[1] - gallery.real.shape[1])
        return tokens, torch.cat([always, gallery.real], dim=1)[:, None, None]

    def global_token(self, whole: torch.Tensor) -> torch.Tensor:
        """Map global descriptors (B, G) to unit vectors (B, C)."""
        return F.normalize(self.remap(whole), dim=1)

    def local_tokens(self, side: Side) -> torch.Tensor:
        """Return unit descriptors with their scales' rows added, (B, N, C)."""
        return F.normalize(side.descriptors, dim=2) + self.scale_encoder(side.scale_rows)

    def _segment(self, row: int) -> torch.Tensor:
        return self.seg_encoder.weight[row]


def scale_rows(scales: torch.Tensor) -> torch.Tensor:
    """Return rows (N,) of the scale embedding for scales (N,) from 0.5 up, as the weights were trained.

    A scale that is none of the seven takes the row of the largest of them not above it.
    """
    exact = scales.double()
    below = torch.searchsorted(SCALES.to(scales.device), exact, right=True) - 1
    same = torch.isclose(exact[:, None], SCALES.to(scales.device), rtol=0, atol=SAME_SCALE)
    known = same.any(dim=1)
    return torch.where(known, TRAINED_ROWS.to(scales.device)[same.int().argmax(dim=1)], below)


def pad_sides(sides: list[Side]) -> Side:
    """Join single photos (B = 1 each) to one batch, padded with zeros to the longest."""
    lengths = torch.tensor([side.descriptors.shape[1] for side in sides])
    whole = torch.cat([side.whole for side in sides])
    descriptors, rows = (
        nn.utils.rnn.pad_sequence([getattr(side, name)[0] for side in sides], batch_first=True)
        for name in ("descriptors", "scale_rows")
    )
    if bool((lengths == lengths[0]).all()):
        return Side(whole, descriptors, rows)
    real = torch.arange(int(lengths.max())) < lengths[:, None]
    return Side(whole, descriptors, rows, real.to(whole.device))
