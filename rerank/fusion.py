"""Fusing a run's scores with the retriever's similarities, from what is stored, without a new run."""

import numpy as np

from data.errors import ResultError
from rerank.run import Run


def fused_values(run: Run, share: float) -> np.ndarray:
    """Return scores in which the retriever has a say: (Q, K) float64, -inf where a candidate has no score.

    share: of the retriever, from 0, the method's own order, to 1, the retriever's.
    Both are standardised over the candidates of each query, so that inliers and similarities mix; a
    query whose candidates all score alike says nothing. Raises ResultError for another share.
    """
    if not 0 <= share <= 1:
        raise ResultError(f"the retriever's share must lie in [0, 1], found {share}")
    if share == 0:
        return run.values
    similarity = -run.shortlist.descriptor_distances.astype(np.float64)
    scored = np.isfinite(run.values)
    mixed = (1 - share) * _standardised(run.values, scored) + share * _standardised(similarity, scored)
    return np.where(scored, mixed, -np.inf)


def _standardised(values: np.ndarray, scored: np.ndarray) -> np.ndarray:
    """Return (Q, K) values of mean 0 and deviation 1 over each query's scored candidates, 0 elsewhere."""
    count = np.maximum(scored.sum(axis=1, keepdims=True), 1)
    known = np.where(scored, values, 0.0)
    centred = np.where(scored, known - known.sum(axis=1, keepdims=True) / count, 0.0)
    deviation = np.sqrt(np.square(centred).sum(axis=1, keepdims=True) / count)
    return np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 0)
