"""The layers of SuperPoint, which read a photo once for keypoints and descriptors.

Source: DeTone, Malisiewicz, Rabinovich, CVPR Workshops 2018 (arXiv 1712.07629).
"""

import torch
import torch.nn.functional as F
from torch import nn

CELL_PX = 8  # the encoder halves three times


class SuperPointNetwork(nn.Module):
    """The layers, named as in the published file."""

    def __init__(self, descriptor_dim: int = 256) -> None:
        super().__init__()
        widths = {"1": (1, 64), "2": (64, 64), "3": (64, 128), "4": (128, 128)}
        for stage, (inputs, outputs) in widths.items():
            self.add_module(f"conv{stage}a", nn.Conv2d(inputs, outputs, 3, padding=1))
            self.add_module(f"conv{stage}b", nn.Conv2d(outputs, outputs, 3, padding=1))
        self.pool = nn.MaxPool2d(2)
        self.convPa = nn.Conv2d(128, 256, 3, padding=1)
        self.convPb = nn.Conv2d(256, CELL_PX**2 + 1, 1)
        self.convDa = nn.Conv2d(128, 256, 3, padding=1)
        self.convDb = nn.Conv2d(256, descriptor_dim, 1)

    def forward(self, grey: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return score maps (B, 8h, 8w) and unit descriptors (B, D, h, w) of grey photos (B, 1, H, W).

        h = H // 8 and w = W // 8. Both are float32 whatever the precision of the encoder: half
        precision would make plateaus that all pass for local maxima.
        """
        encoded = self.encode(grey).float()
        with torch.autocast(encoded.device.type, enabled=False):
            logits, dense = self.heads(encoded)
            shares = logits.softmax(dim=1)[:, :-1]
            return F.pixel_shuffle(shares, CELL_PX).squeeze(1), F.normalize(dense, dim=1)

    def encode(self, grey: torch.Tensor) -> torch.Tensor:
        """Return the feature map (B, 128, h, w) that both heads read."""
        x = grey
        for stage in "1234":
            x = F.relu_(self.get_submodule(f"conv{stage}a")(x))
            x = F.relu_(self.get_submodule(f"conv{stage}b")(x))
            x = self.pool(x) if stage != "4" else x
        return x

    def heads(self, encoded: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the detector's logits (B, 65, h, w) and descriptors (B, D, h, w) of any length."""
        return self.convPb(F.relu_(self.convPa(encoded))), self.convDb(F.relu_(self.convDa(encoded)))
