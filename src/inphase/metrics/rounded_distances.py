"""Squared distances of frames by a product in float32, with a bound on how far off they are."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Float64

Slack = Float32[np.ndarray, "_"]

# Beyond these sizes squares in float64 are lost or infinite, and nearest is what is left of them.
_LEAST, _MOST = 1e-140, 1e140
# Far above what is lost of the smallest numbers of float32, where the largest distance is about 1.
_VANISHING = np.float32(1e-30)


class RoundedDistances:
    r"""Videos made ready for products.

    With frames $x$ less the mean frame of all, which changes no distance, and scaled by a power
    of two, the product of the rows $(-2x_i, |x_i|^2, 1)$ and $(x_j, 1, |x_j|^2)$ is a distance.
    """

    def __init__(self, frames: Sequence[Float64[np.ndarray, "_ _"]]):
        total = sum(len(each) for each in frames)
        mean = sum(each.sum(axis=0) / total for each in frames)
        largest = max(float(np.abs(each - mean).max()) for each in frames)
        scale = 2.0 ** -np.floor(np.log2(max(largest, _LEAST)))
        self.ends = np.cumsum([len(each) for each in frames])
        self._left, self._right, self._norms = _factors((np.concatenate(frames) - mean) * scale)
        # A product of k terms, the sum of whose sizes is at most twice that of the norms, is off
        # by at most k roundings of that; 4 more are for the rounding of the factors. Twice, since
        # both of two distances may be off.
        roundings = 2 * (frames[0].shape[1] + 2 + 4)
        self._error = roundings * float(np.finfo(np.float32).eps)

    @staticmethod
    def serve(frames: Sequence[Float64[np.ndarray, "_ _"]]) -> bool:
        """Whether frames are of a size whose squares float64 holds."""
        largest = max(float(np.abs(each).max()) for each in frames)
        return _LEAST < largest < _MOST

    def between(
        self, rows: slice, columns: slice
    ) -> tuple[Float32[np.ndarray, "n m"], Slack, Slack]:
        """Distances between frames, numbered through all videos, in a unit of their own.

        The slack of a row (N,) or column (M,) is how much farther than the smallest of it the
        nearest frame can seem to be, or the k-th nearest than the k-th smallest.
        """
        x_norms, y_norms = self._norms[rows], self._norms[columns]
        return (
            self._left[rows] @ self._right[columns].T,
            self._error * (x_norms + y_norms.max()) + _VANISHING,
            self._error * (y_norms + x_norms.max()) + _VANISHING,
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


def repeats(frames: Float64[np.ndarray, "t d"]) -> np.ndarray:
    """Which frames (T,) are the same as the one before."""
    same = np.zeros(len(frames), dtype=np.bool_)
    same[1:] = (frames[1:] == frames[:-1]).all(axis=1)
    return same
