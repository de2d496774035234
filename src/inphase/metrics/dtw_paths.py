"""The DTW paths of pairs of videos, on squared Euclidean distances of all their frames."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int

from inphase.metrics.inputs import Frames, Pairs, squared_distances
from inphase.warping.dtw import dtw


def dtw_paths(
    frames: Frames, pairs: Pairs
) -> Iterator[tuple[tuple[int, int], Int[np.ndarray, "_ 2"]]]:
    """Yield every pair (first, second) and its path (K, 2), not in the order of `pairs`.

    Both orders of a pair come from the same distances.
    """
    wanted = sorted(((int(i), int(j)) for i, j in pairs), key=lambda pair: (min(pair), max(pair)))
    measured, distances = None, np.empty((0, 0))
    for first, second in wanted:
        low, high = min(first, second), max(first, second)
        if (low, high) != measured:
            measured, distances = (low, high), squared_distances(frames[low], frames[high])
        yield (first, second), dtw(distances if first == low else distances.T).path
