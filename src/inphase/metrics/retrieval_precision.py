"""Precision of frame retrieval: do the nearest frames of other videos show the same phase?"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float64, Integer

from inphase.errors import InputError
from inphase.metrics.inputs import (
    checked_embeddings,
    checked_frames,
    mean_of_defined,
    squared_distances,
)


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
    if k < 1:
        raise InputError(f"k must be at least 1, not {k}.")
    frames = checked_embeddings(embeddings, stride)
    phases = checked_frames(labels, embeddings, stride)
    frames = [values[phase >= 0] for values, phase in zip(frames, phases, strict=True)]
    phases = [phase[phase >= 0] for phase in phases]
    return mean_of_defined(
        (_precision(video, frames, phases, k) for video in range(len(frames))),
        "No frame has a label of 0 or more, so retrieval cannot be scored.",
    )


def _precision(
    video: int,
    frames: list[Float64[np.ndarray, "_ _"]],
    phases: list[Integer[np.ndarray, "_"]],
    k: int,
) -> float | None:
    if len(phases[video]) == 0:
        return None
    candidates = np.concatenate([f for other, f in enumerate(frames) if other != video])
    answers = np.concatenate([p for other, p in enumerate(phases) if other != video])
    if len(answers) < k:
        raise InputError(
            f"Video {video} has {len(answers)} labelled frames of other videos to search, fewer "
            f"than k={k}; take a smaller k or stride."
        )
    order = squared_distances(frames[video], candidates).argsort(axis=1, kind="stable")
    return float((answers[order[:, :k]] == phases[video][:, None]).mean())
