"""Precision of frame retrieval: do the nearest frames of other videos show the same phase?"""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Bool, Float, Integer

from inphase.errors import InputError
from inphase.metrics.inputs import checked_embeddings, checked_frames, labelled_only
from inphase.metrics.nearest_neighbours import neighbours_in_other_videos


def retrieval_precision(
    embeddings: Sequence[Float[np.ndarray, "..."]],
    labels: Sequence[Integer[np.ndarray, "..."]],
    *,
    k: int,
    stride: int = 1,
) -> float:
    """Share of the k nearest frames of all other videos that have the query's label.

    Every frame of every video is a query; its candidates are the frames of all other videos
    together, by squared Euclidean distance, the first of equals. Mean over the frames of a video,
    then over videos. Frames with a label below 0 are neither query nor candidate.

    Range 0 to 1, higher is better. The papers call it AP@K; it is a precision, without ranks.
    A pitfall: rare phases may have fewer than k candidates, so the best possible score may be
    below 1.

    Source: Chen et al., CARL, CVPR 2022 (code). LAV's code searches the query's own video,
    query included, which is not this.

    Args:
        embeddings: Frames of each video (T, D), compared as given.
        labels: Phase of each frame (T,).
        k: Number of neighbours.
        stride: Use every `stride`-th frame of queries and candidates.

    Raises:
        InputError: If the input does not fit together, or a query has fewer than k candidates.
    """
    hits = hits_in_other_videos(embeddings, labels, k, stride)
    return float(np.mean([each.mean() for each in hits]))


def retrieval_precisions(
    embeddings: Sequence[Float[np.ndarray, "..."]],
    labels: Sequence[Integer[np.ndarray, "..."]],
    *,
    ks: Sequence[int],
    stride: int = 1,
) -> dict[int, float]:
    """`retrieval_precision` for each of several k, at the price of the largest.

    Args:
        embeddings: Frames of each video (T, D), compared as given.
        labels: Phase of each frame (T,).
        ks: Numbers of neighbours.
        stride: Use every `stride`-th frame of queries and candidates.

    Raises:
        InputError: As `retrieval_precision`, for the largest k.
    """
    if min(ks, default=0) < 1:
        raise InputError(f"ks must be one or more numbers of at least 1, not {tuple(ks)}.")
    hits = list(hits_in_other_videos(embeddings, labels, max(ks), stride))
    return {k: float(np.mean([each[:, :k].mean() for each in hits])) for k in ks}


def hits_in_other_videos(
    embeddings: Sequence[Float[np.ndarray, "..."]],
    labels: Sequence[Integer[np.ndarray, "..."]],
    k: int,
    stride: int,
) -> Iterator[Bool[np.ndarray, "_ _"]]:
    """Yield, for each video with labels, which neighbours (T, k) have the label of the query.

    Raises:
        InputError: As `retrieval_precision`.
    """
    if k < 1:
        raise InputError(f"k must be at least 1, not {k}.")
    frames = checked_embeddings(embeddings, stride)
    phases = checked_frames(labels, embeddings, stride)
    frames, phases = labelled_only(frames, phases)
    total = sum(len(phase) for phase in phases)
    if total == 0:
        raise InputError("No frame has a label of 0 or more, so retrieval cannot be scored.")
    for video, phase in enumerate(phases):
        if len(phase) and total - len(phase) < k:
            raise InputError(
                f"Video {video} has {total - len(phase)} labelled frames of other videos to "
                f"search, fewer than k={k}; take a smaller k or stride."
            )
    answers = np.concatenate(phases)
    for phase, neighbours in zip(phases, neighbours_in_other_videos(frames, k), strict=True):
        if len(phase):
            yield answers[neighbours] == phase[:, None]
