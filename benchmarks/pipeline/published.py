"""How published code works, where it takes more time than this project's for the same scores.

Networks and methods are the project's own; what is here makes them do what the published harness makes its
own do for a query and a candidate.
"""

import math
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

import extractors.transvpr_network
import matchers.superglue
import matchers.superglue_network
from benchmarks.pipeline.job import MethodSettings
from benchmarks.pipeline.photos import extract_photo, prepared_photo
from extractors import Extractor, Features
from extractors.cvnet import CVNet
from matchers import Matcher
from matchers.loftr import LoFTR
from matchers.sinkhorn import Domain
from networks.precision import inference
from networks.seeded import made_up_state

# For the same scores; `FINE` is for the time of LoFTR alone, since fine maps take eight times the memory.
PUBLISHED: MethodSettings = {"superglue": {"sinkhorn_domain": "log"}, "patchnetvlad": {"pooling": "integral"}}
FINE: MethodSettings = {"loftr": {"keeps": "coarse and fine"}}


def make_plain(method: Any) -> None:
    """Give a built method its network as it is published: default memory layout, norms not folded.

    For made-up weights alone: where norms were folded, those of the plain network follow from its names.
    """
    network = type(method).layers(method.settings)
    if network is None:
        return
    state = method.network.state_dict()
    if state.keys() != network.state_dict().keys():
        state = {key: torch.as_tensor(value) for key, value in made_up_state(network).items()}
    network.load_state_dict(state)
    method.network = network.eval().to(method.device, memory_format=torch.contiguous_format)


def extract_as_published(extractor: Extractor, path: Path) -> Features:
    """Decode and extract one photo by itself.

    CVNet's network runs once more, to its end, for the maps: published code has a pass for them beside those
    of the descriptor.
    """
    features = extract_photo(extractor, path)
    if isinstance(extractor, CVNet):
        photos = prepared_photo(extractor, path).tensor[None].numpy()
        with inference(extractor.device, extractor.precision):
            extractor.network.encoder_q(extractor.network_input(photos, 1.0))
    return features


def score_as_published(matcher: Matcher, query: Features, candidate: Features) -> None:
    """Score one pair. LoFTR's matches are refined too, which its score, their number, does not need."""
    if isinstance(matcher, LoFTR):
        matcher.match(query, candidate)
    else:
        matcher.score(query, [candidate])


def use_published_steps() -> None:
    """Have this process's SuperGlue and TransVPR do these steps as published, for good."""
    matchers.superglue.log_assignment = transported
    matchers.superglue_network.attend = attended
    extractors.transvpr_network.attend = attended


def attended(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, real: torch.Tensor | None
) -> torch.Tensor:
    """Return what `networks.attention.attend` does, all weights held at once; nothing is padding."""
    weights = (query @ key.mT) * query.shape[-1] ** -0.5
    return weights.softmax(dim=-1) @ value


def transported(
    scores: torch.Tensor,
    bin_score: torch.Tensor,
    iterations: int,
    lengths1: torch.Tensor | None = None,
    domain: Domain = "log",
) -> torch.Tensor:
    """Return the log assignment (B, N0 + 1, N1 + 1) of scores (B, N0, N1).

    It stands for `matchers.sinkhorn.log_assignment`, of pairs alone: nothing is padded, and `lengths1` and
    `domain` are not looked at. Source: Sarlin et al., SuperGlue, CVPR 2020 (arXiv 1911.11763), section 3.2.
    """
    rows, columns = scores.shape[1:]
    couplings = F.pad(scores, (0, 1, 0, 1), value=float(bin_score))
    norm = -math.log(rows + columns)
    mu, nu = (scores.new_full((len(scores), count + 1), norm) for count in (rows, columns))
    mu[:, -1] += math.log(columns)
    nu[:, -1] += math.log(rows)
    u, v = torch.zeros_like(mu), torch.zeros_like(nu)
    for _ in range(iterations):
        u = mu - torch.logsumexp(couplings + v[:, None, :], dim=2)
        v = nu - torch.logsumexp(couplings + u[:, :, None], dim=1)
    return couplings + u[:, :, None] + v[:, None, :] - norm
