"""The nearest frame of another video, of every frame and both ways: exact, at a product's price."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np
from jaxtyping import Float64, Integer

from inphase.metrics.inputs import squared_distances
from inphase.metrics.rounded_distances import RoundedDistances, repeats
from inphase.warping.routes import pick

Nearest = Integer[np.ndarray, "_"]

# Distances at once: 16 MB of float32.
_CELLS = 2**22


def nearest_frames(
    frames: Sequence[Float64[np.ndarray, "_ _"]], pairs: Iterable[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], Nearest, Nearest]]:
    """Yield, for each pair of videos, the nearest frames (N,) of the second and (M,) of the first.

    Nearest by squared Euclidean distance in float64, summed dimension by dimension
    (`squared_distances`), the first of equals.

    With numba, one product in float32 gives the distances of a pair for both ways, and of all
    pairs on end that share the first video and count up the second. Where only one of them is
    within twice the error that such a product can have of the smallest, it is the nearest; else
    those that are get measured in float64. So the answer is the same, digit for digit, as without
    numba.
    """
    if pick("cpu") != "numba" or not RoundedDistances.serve(frames):
        for first, second in pairs:
            distances = squared_distances(frames[first], frames[second])
            yield (first, second), distances.argmin(axis=1), distances.argmin(axis=0)
        return
    prepared = _Prepared(frames)
    for first, group in groupby(pairs, key=itemgetter(0)):
        yield from prepared.with_each(first, [second for _, second in group])


def nearest_in_pairs(
    frames: Sequence[Float64[np.ndarray, "_ _"]], pairs: Iterable[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], Nearest, int]]:
    """Yield each (query, candidate) once: the candidate's nearest frames, how often it is asked.

    Both orders of a pair come from the same distances, so the order is not that of `pairs`.
    """
    wanted = Counter(map(tuple, pairs))
    joined = sorted({(a, b) if a < b else (b, a) for a, b in wanted})
    for (first, second), forth, back in nearest_frames(frames, joined):
        if times := wanted[first, second]:
            yield (first, second), forth, times
        if first != second and (times := wanted[second, first]):
            yield (second, first), back, times


class _Prepared:
    """Videos made ready for the compiled search."""

    def __init__(self, frames: Sequence[Float64[np.ndarray, "_ _"]]):
        from inphase.metrics import nearest_frames_numba

        self._kernel = nearest_frames_numba.with_each
        self._rounded = RoundedDistances(frames)
        self._frames = np.concatenate(frames)
        # Frames that are the same as the one before are never the first nearest.
        self._repeats = np.concatenate([repeats(each) for each in frames])
        self._ends = self._rounded.ends.tolist()
        self._begins = [0, *self._ends[:-1]]

    def with_each(
        self, first: int, others: Sequence[int]
    ) -> Iterator[tuple[tuple[int, int], Nearest, Nearest]]:
        """Yield each pair (first, other) and its nearest frames both ways."""
        rows = self._frames_of(first)
        for start, stop in self._consecutive(rows.stop - rows.start, others):
            low, high = others[start], others[stop - 1]
            if (rows.stop - rows.start) * (self._ends[low] - self._begins[low]) > _CELLS:
                yield (first, low), self._one_way(first, low), self._one_way(low, first)
                continue
            columns = slice(self._begins[low], self._ends[high])
            of_first, of_others = self._nearest(rows, columns, self._ends[low : high + 1])
            begin = columns.start
            for other, forth in zip(range(low, high + 1), of_first, strict=True):
                end = self._ends[other]
                yield (first, other), forth, of_others[begin - columns.start : end - columns.start]
                begin = end

    def _consecutive(self, rows: int, others: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Parts of the videos that are on end and whose distances are not too many at once."""
        start = 0
        for stop in range(1, len(others) + 1):
            if stop < len(others) and others[stop] == others[stop - 1] + 1:
                frames = self._ends[others[stop]] - self._begins[others[start]]
                if rows * frames <= _CELLS:
                    continue
            yield start, stop
            start = stop

    def _one_way(self, first: int, second: int) -> Nearest:
        """Of videos too long for one product: blocks of rows, of which the columns say nothing."""
        rows, columns = self._frames_of(first), self._frames_of(second)
        step = max(1, _CELLS // (columns.stop - columns.start))
        blocks = (
            slice(start, min(start + step, rows.stop))
            for start in range(rows.start, rows.stop, step)
        )
        ends = self._ends[second : second + 1]
        return np.concatenate([self._nearest(block, columns, ends)[0][0] for block in blocks])

    def _frames_of(self, video: int) -> slice:
        return slice(self._begins[video], self._ends[video])

    def _nearest(
        self, rows: slice, columns: slice, ends: list[int]
    ) -> tuple[Integer[np.ndarray, "_ _"], Nearest]:
        distances, x_slack, y_slack = self._rounded.between(rows, columns)
        return self._kernel(
            distances,
            np.array(ends) - columns.start,
            self._frames[rows],
            self._frames[columns],
            x_slack,
            y_slack,
            self._repeats[rows],
            self._repeats[columns],
        )
