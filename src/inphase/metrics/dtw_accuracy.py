"""DTW accuracy: does the alignment of two videos join frames of the same phase?"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int, Integer

from inphase.metrics.dtw_paths import dtw_paths
from inphase.metrics.inputs import (
    Pairs,
    checked_embeddings,
    checked_frames,
    checked_pairs,
    mean_of_defined,
)


def dtw_accuracy(
    embeddings: Sequence[Float[np.ndarray, "..."]],
    labels: Sequence[Integer[np.ndarray, "..."]],
    *,
    stride: int = 1,
    pairs: Pairs | None = None,
) -> float:
    """Share of the links of the DTW path that join frames with equal labels.

    The path is found on squared Euclidean distances of all frames; links that touch a frame with
    a label below 0 are not counted. Mean over pairs; pairs without a counted link are left out.

    Range 0 to 1, higher is better. A pitfall: long phases weigh most, and videos that begin and
    end alike score well on a straight line, so read it beside the clock's score.

    Source: Bar-Shalom et al., LRProp, section 4.2, "all pairs of videos"; without code. Here they
    are ordered pairs, which matters only where costs tie.

    Args:
        embeddings: Frames of each video (T, D), compared as given.
        labels: Phase of each frame (T,).
        stride: Use every `stride`-th frame.
        pairs: Pairs of videos to average over; all ordered pairs if None.

    Raises:
        InputError: If the input does not fit together, or no link can be counted.
    """
    frames = checked_embeddings(embeddings, stride)
    phases = checked_frames(labels, embeddings, stride)
    return mean_of_defined(
        (
            _accuracy(path, phases[first], phases[second])
            for (first, second), path in dtw_paths(frames, checked_pairs(pairs, len(frames)))
        ),
        "No link joins two frames with labels of 0 or more, so DTW cannot be scored.",
    )


def _accuracy(
    path: Int[np.ndarray, "k 2"],
    first_phases: Integer[np.ndarray, " n"],
    second_phases: Integer[np.ndarray, " m"],
) -> float | None:
    one, other = first_phases[path[:, 0]], second_phases[path[:, 1]]
    counted = (one >= 0) & (other >= 0)
    return float((one == other)[counted].mean()) if counted.any() else None
