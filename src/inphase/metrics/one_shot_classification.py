"""One-shot phase classification: label a video from a single labelled one."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float, Integer

from inphase.metrics.inputs import (
    Pairs,
    checked_embeddings,
    checked_frames,
    checked_pairs,
    labelled_only,
    mean_of_defined,
)
from inphase.metrics.nearest_frames import nearest_in_pairs


def one_shot_classification(
    embeddings: Sequence[Float[np.ndarray, "..."]],
    labels: Sequence[Integer[np.ndarray, "..."]],
    *,
    stride: int = 1,
    pairs: Pairs | None = None,
) -> float:
    """Share of frames whose nearest frame in one other video has the same label.

    For a pair (query, labelled), each frame of the query video takes the label of the nearest
    frame of the labelled video: squared Euclidean distance, the first of equals. Frames with a
    label below 0 are left out on both sides. Mean over the frames of a pair, then over pairs.

    Range 0 to 1, higher is better. A pitfall: a phase that the labelled video lacks cannot be got
    right, so the best possible score may be below 1.

    Source: Chen, Tu et al., the journal version of CARL, in words; without code. They may mean the
    frames of all query videos together, so that long ones weigh more.

    Args:
        embeddings: Frames of each video (T, D), compared as given.
        labels: Phase of each frame (T,).
        stride: Use every `stride`-th frame of both videos.
        pairs: Pairs (query, labelled) to average over; all ordered pairs if None.

    Raises:
        InputError: If the input does not fit together, or no pair has labels on both sides.
    """
    shares = shares_of_pairs(embeddings, labels, stride, pairs)
    return mean_of_defined(
        (share for _, share, times in shares for _ in range(times)),
        "No pair has frames with labels of 0 or more on both sides to score.",
    )


def shares_of_pairs(
    embeddings: Sequence[Float[np.ndarray, "..."]],
    labels: Sequence[Integer[np.ndarray, "..."]],
    stride: int,
    pairs: Pairs | None,
) -> Iterator[tuple[int, float, int]]:
    """Yield, for each pair that can be scored, its query, share, and how often it is asked for.

    Raises:
        InputError: If the input does not fit together.
    """
    frames = checked_embeddings(embeddings, stride)
    phases = checked_frames(labels, embeddings, stride)
    wanted = checked_pairs(pairs, len(frames))
    frames, phases = labelled_only(frames, phases)
    # Only videos with labels can be searched: they are numbered anew.
    kept = [video for video, phase in enumerate(phases) if len(phase)]
    number = {video: new for new, video in enumerate(kept)}
    frames, phases = [frames[video] for video in kept], [phases[video] for video in kept]
    scorable = [(number[i], number[j]) for i, j in wanted if i in number and j in number]
    if scorable:
        for (query, labelled), nearest, times in nearest_in_pairs(frames, scorable):
            share = float((phases[labelled][nearest] == phases[query]).mean())
            yield kept[query], share, times
