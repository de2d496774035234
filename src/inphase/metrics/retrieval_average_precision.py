"""Average precision of frame retrieval: are the frames of the same phase the first ones found?"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Float64, Integer

from inphase.metrics.retrieval_precision import hits_in_other_videos


def retrieval_average_precision(
    embeddings: Sequence[Float[np.ndarray, "..."]],
    labels: Sequence[Integer[np.ndarray, "..."]],
    *,
    k: int = 10,
    stride: int = 1,
) -> float:
    r"""Average precision of the k nearest frames of all other videos, by rank.

    With $h_r = 1$ where the neighbour of rank $r$ has the query's label, else 0,

    $$\frac{\sum_{r=1}^k h_r\, P_r}{\sum_{r=1}^k h_r},\qquad P_r = \frac1r \sum_{s \le r} h_s,$$

    and 0 where none has it. Mean over all frames of all videos. Queries, candidates and frames
    with a label below 0 are as in `retrieval_precision`.

    Range 0 to 1, higher is better. Pitfalls: a single hit at rank 1 scores 1, so it is not
    comparable with `retrieval_precision`, which papers call by the same name; long videos weigh
    more than short ones.

    Source: Xue and Grauman, AE2, NeurIPS 2023 (code), "frame retrieval", regular setting.

    Args:
        embeddings: Frames of each video (T, D), compared as given.
        labels: Phase of each frame (T,).
        k: Number of neighbours.
        stride: Use every `stride`-th frame of queries and candidates.

    Raises:
        InputError: If the input does not fit together, or a query has fewer than k candidates.
    """
    hits = np.concatenate(list(hits_in_other_videos(embeddings, labels, k, stride)))
    return float(average_precisions(hits).mean())


def average_precisions(hits: Bool[np.ndarray, "t k"]) -> Float64[np.ndarray, " t"]:
    """Average precision of each query, from which of its neighbours have its label, by rank."""
    precision = hits.cumsum(axis=1) / np.arange(1, hits.shape[1] + 1)
    return (precision * hits).sum(axis=1) / np.maximum(hits.sum(axis=1), 1)
