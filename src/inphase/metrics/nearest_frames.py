"""The nearest frame of another video, of every frame and both ways: exact, at a product's price."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from jaxtyping import Float32, Float64, Integer

from inphase.metrics.inputs import squared_distances
from inphase.warping.routes import pick

Nearest = Integer[np.ndarray, "_"]

# Distances at once: 16 MB of float32.
_CELLS = 2**22
# Beyond these sizes squares in float64 are lost or infinite, and nearest is what is left of them.
_LEAST, _MOST = 1e-140, 1e140
# Far above what is lost of the smallest numbers of float32, where the largest distance is about 1.
_VANISHING = np.float32(1e-30)


def nearest_frames(
    frames: Sequence[Float64[np.ndarray, "_ _"]], pairs: Iterable[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], Nearest, Nearest]]:
    """Yield, for each pair of videos, the nearest frames (N,) of the second and (M,) of the first.

    Nearest by squared Euclidean distance in float64, summed dimension by dimension
    (`squared_distances`), the first of equals.

    With numba, one product in float32 gives the distances of a pair for both ways. Where only one
    of them is within twice the error that such a product can have of the smallest, it is the
    nearest; else those that are get measured in float64. So the answer is the same, digit for
    digit, as without numba.
    """
    largest = max(float(np.abs(each).max()) for each in frames)
    if pick("cpu") != "numba" or not _LEAST < largest < _MOST:
        for first, second in pairs:
            distances = squared_distances(frames[first], frames[second])
            yield (first, second), distances.argmin(axis=1), distances.argmin(axis=0)
        return
    prepared = _Prepared(frames)
    for first, second in pairs:
        yield (first, second), *prepared.both_ways(first, second)


class _Prepared:
    r"""Videos made ready for products.

    With frames $x$ less the mean frame of all, which changes no distance, and scaled by a power
    of two, the product of the rows $(-2x_i, |x_i|^2, 1)$ and $(x_j, 1, |x_j|^2)$ is a distance.
    """

    def __init__(self, frames: Sequence[Float64[np.ndarray, "_ _"]]):
        from inphase.metrics import nearest_frames_numba

        self._kernel = nearest_frames_numba.both_ways
        self._frames = [np.ascontiguousarray(each) for each in frames]
        total = sum(len(each) for each in frames)
        mean = sum(each.sum(axis=0) / total for each in frames)
        largest = max(float(np.abs(each - mean).max()) for each in frames)
        scale = 2.0 ** -np.floor(np.log2(max(largest, _LEAST)))
        self._left, self._right, self._norms = [], [], []
        for each in frames:
            left, right, norms = _factors((each - mean) * scale)
            self._left.append(left)
            self._right.append(right)
            self._norms.append(norms)
        # A product of k terms, the sum of whose sizes is at most twice that of the norms, is off
        # by at most k roundings of that; 4 more are for the rounding of the factors. Twice, since
        # both of two distances may be off.
        roundings = 2 * (frames[0].shape[1] + 2 + 4)
        self._error = roundings * float(np.finfo(np.float32).eps)
        self._repeats = [_repeats(each) for each in frames]

    def both_ways(self, first: int, second: int) -> tuple[Nearest, Nearest]:
        """Nearest frames of the second video for the first, and of the first for the second."""
        n, m = len(self._frames[first]), len(self._frames[second])
        if n * m <= _CELLS:
            return self._rows(first, second, slice(0, n))
        return self._one_way(first, second), self._one_way(second, first)

    def _one_way(self, first: int, second: int) -> Nearest:
        """Of videos too long for one product: blocks of rows, of which the columns say nothing."""
        rows = max(1, _CELLS // len(self._frames[second]))
        starts = range(0, len(self._frames[first]), rows)
        blocks = (self._rows(first, second, slice(start, start + rows))[0] for start in starts)
        return np.concatenate(list(blocks))

    def _rows(self, first: int, second: int, rows: slice) -> tuple[Nearest, Nearest]:
        x_norms, y_norms = self._norms[first][rows], self._norms[second]
        return self._kernel(
            self._left[first][rows] @ self._right[second].T,
            self._frames[first][rows],
            self._frames[second],
            self._error * (x_norms + y_norms.max()) + _VANISHING,
            self._error * (y_norms + x_norms.max()) + _VANISHING,
            self._repeats[first][rows],
            self._repeats[second],
        )


def _factors(
    frames: Float64[np.ndarray, "t d"],
) -> tuple[Float32[np.ndarray, "t e"], Float32[np.ndarray, "t e"], Float32[np.ndarray, " t"]]:
    norms = np.square(frames).sum(axis=1).astype(np.float32)
    ones = np.ones_like(norms)
    frames = frames.astype(np.float32)
    left = np.column_stack([-2 * frames, norms, ones])
    right = np.column_stack([frames, ones, norms])
    return left, right, norms


def _repeats(frames: Float64[np.ndarray, "t d"]) -> np.ndarray:
    """Which frames are the same as the one before: these are never the first nearest."""
    same = np.zeros(len(frames), dtype=np.bool_)
    same[1:] = (frames[1:] == frames[:-1]).all(axis=1)
    return same
