"""The k nearest frames of all other videos together: exact, at a product's price."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float, Float64, Integer, Num

from inphase.metrics.inputs import squared_distances
from inphase.metrics.rounded_distances import RoundedDistances, repeats
from inphase.warping.routes import pick

Neighbours = Integer[np.ndarray, "_ _"]

# Distances at once: 4 MB of float32; and numbers at once where they are measured in float64.
_CELLS = 2**20
# The k-th smallest is bounded by that of the smallest of each so many columns.
_FOLD = 32


def neighbours_in_other_videos(
    frames: Sequence[Float64[np.ndarray, "_ _"]], k: int
) -> Iterator[Neighbours]:
    """Yield, for each video, the k nearest frames (T, k) among those of all others, nearest first.

    Frames are numbered through all videos, in order. Nearest by squared Euclidean distance in
    float64, the first of equals: a product in float32 only chooses those that get measured.
    Frames of a still scene are searched once. Others than a video's own must be k or more.
    """
    whole = np.concatenate(frames)
    ends = np.cumsum([len(each) for each in frames])
    first_of_run = ~repeats(whole)
    first_of_run[ends[:-1][ends[:-1] < len(whole)]] = True
    starts = np.flatnonzero(first_of_run)
    run_ends = np.searchsorted(starts, ends)
    search = _Search(whole[starts], starts, np.diff(starts, append=len(whole)), run_ends)
    found = np.concatenate(list(search.all(k)))
    yield from np.split(found, ends[:-1])


class _Search:
    """Frames that differ from the one before (R, D), where each first is, how long it lasts."""

    def __init__(
        self,
        runs: Float64[np.ndarray, "r d"],
        starts: Integer[np.ndarray, " r"],
        lengths: Integer[np.ndarray, " r"],
        ends: Integer[np.ndarray, " v"],
    ):
        self._runs, self._starts, self._lengths = runs, starts, lengths
        self._rounded = RoundedDistances([runs]) if RoundedDistances.serve([runs]) else None
        # First and last run of the video that each run is of.
        counts = np.diff(ends, prepend=0)
        self._own = np.repeat(np.stack([ends - counts, ends], axis=1), counts, axis=0)

    def all(self, k: int) -> Iterator[Neighbours]:
        """Neighbours of all frames, a block of runs at a time."""
        yield np.empty((0, k), dtype=np.int64)
        rows = max(1, _CELLS // len(self._runs))
        for start in range(0, len(self._runs), rows):
            block = slice(start, min(start + rows, len(self._runs)))
            nearest = self._nearest_runs(block, k)
            yield np.repeat(self._frames_of(nearest, k), self._lengths[block], axis=0)

    def _nearest_runs(self, block: slice, k: int) -> Neighbours:
        """The k nearest runs (R', k), nearest first; of fewer, the last one again and again."""
        if self._rounded is None:
            distances = squared_distances(self._runs[block], self._runs)
            slack = np.zeros(len(distances))
        else:
            distances, slack, _ = self._rounded.between(block, slice(None))
        own, here = self._own[block], self._runs[block]
        if pick("cpu") == "numba":
            from inphase.metrics.nearest_neighbours_numba import nearest_runs

            return nearest_runs(distances, slack, own, here, self._runs, k, _FOLD)
        for row, (first, last) in enumerate(own):
            distances[row, first:last] = np.inf
        # Finite, so that a video's own runs stay out also where there are fewer others than k.
        limit = np.minimum(_bound(distances, k) + slack, np.finfo(distances.dtype).max)
        cells = np.flatnonzero(distances <= limit[:, None])
        rows, columns = np.divmod(cells, len(self._runs))
        exact = self._measured(block.start + rows, columns)
        # Rows and columns come in order, and the sort keeps them so among equals.
        order = np.lexsort((exact, rows))
        ends = np.searchsorted(rows, np.arange(len(distances)), side="right")
        begins = np.concatenate([[0], ends[:-1]])
        return columns[order][np.minimum(begins[:, None] + np.arange(k), ends[:, None] - 1)]

    def _measured(
        self, first: Integer[np.ndarray, " p"], second: Integer[np.ndarray, " p"]
    ) -> Float64[np.ndarray, " p"]:
        """Squared distances of pairs of runs, summed in the order of `squared_distances`."""
        exact = np.zeros(len(first))
        size = max(1, _CELLS // self._runs.shape[1])
        for start in range(0, len(first), size):
            part = slice(start, start + size)
            difference = self._runs[first[part]] - self._runs[second[part]]
            for squares in np.square(difference).T:
                exact[part] += squares
        return exact

    def _frames_of(self, runs: Neighbours, k: int) -> Neighbours:
        """The first k frames of runs that are given in order."""
        if len(self._starts) == self._lengths.sum():
            return runs  # No frame is like the one before.
        ends = np.cumsum(self._lengths[runs], axis=1)
        slots = (ends[:, None, :] <= np.arange(k)[:, None]).sum(axis=2)
        run = np.take_along_axis(runs, slots, axis=1)
        past = np.arange(k) - np.take_along_axis(ends, slots, axis=1) + self._lengths[run]
        return self._starts[run] + past


def _bound(distances: Num[np.ndarray, "n m"], k: int) -> Float[np.ndarray, " n"]:
    """At least the k-th smallest of each row, and little more."""
    n, m = distances.shape
    k = min(k, m)
    folds = m // _FOLD
    if folds > 4 * k:
        # Every 32nd column to a fold: neighbours in time, which are alike, are in different ones.
        distances = distances[:, : folds * _FOLD].reshape(n, _FOLD, folds).min(axis=1)
    return np.partition(distances, k - 1, axis=1)[:, k - 1]
