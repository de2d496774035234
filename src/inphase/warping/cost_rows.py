"""Rows of a cost matrix, a block at a time: of a matrix at hand, or computed from embeddings."""

from typing import TypeAlias

import numpy as np
from jaxtyping import Float, Real

from inphase.errors import InputError

# Cells of a block of costs that are computed at once: large enough for an efficient product,
# small enough to stay near the processor.
_CELLS = 2**17


class Given:
    """The rows of a matrix: as it is if it can be, else copied block by block.

    Attributes:
        shape: Rows and columns (N, M).
        rows: How many rows to ask for at once.
        grain: 0: costs are taken as they are.
    """

    grain = 0.0

    def __init__(self, cost: Real[np.ndarray, "n m"]):
        kept = cost.dtype in (np.float32, np.float64)
        small = np.float32 if cost.dtype == np.float16 else np.float64
        self._cost, self._dtype = cost, cost.dtype if kept else small
        self.shape = cost.shape
        whole = kept and cost.flags.c_contiguous
        self.rows = cost.shape[0] if whole else block_rows(*cost.shape)

    def block(self, start: int, stop: int, left: int, right: int) -> Float[np.ndarray, "h w"]:
        """Costs of rows start to stop and columns left to right, contiguous."""
        return np.ascontiguousarray(self._cost[start:stop, left:right], dtype=self._dtype)


class FromEmbeddings:
    r"""Distances between the frames of two videos, by a matrix product for each block.

    The product is of the rows $(-2x_i, |x_i|^2, 1)$ and $(y_j, 1, |y_j|^2)$, after the mean frame
    is taken away from both, which changes no distance and spares digits; for the cosine distance
    of $(-\hat x_i, 1)$ and $(\hat y_j, 1)$. The same product may be rounded otherwise elsewhere in
    a block, so distances are rounded to a power of two that is above this noise: in a still scene,
    where frames are equal, they then cost the same wherever they are.

    Attributes:
        shape: Rows and columns (N, M).
        rows: How many rows to ask for at once.
        grain: Costs are to be rounded to multiples of it, and up to 0.
    """

    def __init__(
        self,
        x: Float[np.ndarray, "n d"],
        y: Float[np.ndarray, "m d"],
        distance: str,
    ):
        make = {"squared_euclidean": _euclidean_factors, "cosine": _cosine_factors}[distance]
        with np.errstate(over="ignore", invalid="ignore"):
            self._x, self._y, largest = make(x, y)
        if not np.isfinite(4 * largest):
            raise _refusal(x, y)
        self.shape = len(x), len(y)
        self.rows = block_rows(*self.shape)
        # 8 times the spacing of numbers near the largest terms of the sum.
        noise = 8 * float(np.finfo(self._x.dtype).eps) * largest
        self.grain = float(2.0 ** np.ceil(np.log2(noise))) if noise > 0 else 0.0
        self._buffer = np.empty(0, dtype=self._x.dtype)

    def block(self, start: int, stop: int, left: int, right: int) -> Float[np.ndarray, "h w"]:
        """Distances of frames start to stop of x and left to right of y, not yet rounded.

        They are good until the next block is asked for.
        """
        shape = stop - start, right - left
        cells = shape[0] * shape[1]
        if cells > len(self._buffer):
            self._buffer = np.empty(cells, dtype=self._x.dtype)
        out = self._buffer[:cells].reshape(shape)
        return np.matmul(self._x[start:stop], self._y[left:right].T, out=out)


CostRows: TypeAlias = Given | FromEmbeddings


def block_rows(n: int, m: int) -> int:
    """Rows of a block: whole fours, since the kernel takes four rows at a time."""
    return min(n, max(64, _CELLS // m // 4 * 4))


def rounded(block: Float[np.ndarray, "h w"], grain: float) -> Float[np.ndarray, "h w"]:
    """The costs of a block, rounded to multiples of `grain` in float64 and up to 0."""
    if grain == 0:
        return block
    costs = block / np.float64(grain)
    np.rint(costs, out=costs)
    costs *= grain
    return np.maximum(costs, 0, out=costs)


def _euclidean_factors(
    x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"]
) -> tuple[Float[np.ndarray, "n e"], Float[np.ndarray, "m e"], float]:
    n, dim = x.shape
    both = np.empty((n + len(y), dim + 2), dtype=x.dtype)
    frames = both[:, :dim]
    frames[:n], frames[n:] = x, y
    frames -= np.full(len(both), 1 / len(both), dtype=x.dtype) @ frames
    norms = np.einsum("td,td->t", frames, frames)
    largest = float(norms[:n].max()) + float(norms[n:].max())
    left, right = both[:n], both[n:]
    left[:, :dim] *= -2
    left[:, dim], left[:, dim + 1] = norms[:n], 1
    right[:, dim], right[:, dim + 1] = 1, norms[n:]
    return left, right, largest


def _cosine_factors(
    x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"]
) -> tuple[Float[np.ndarray, "n e"], Float[np.ndarray, "m e"], float]:
    left, right = (np.ones((len(each), x.shape[1] + 1), dtype=x.dtype) for each in (x, y))
    np.negative(_unit(x), out=left[:, :-1])
    right[:, :-1] = _unit(y)
    # NaN times 0 is NaN: what is not finite shows.
    return left, right, 1.0 + 0.0 * float(left.sum() + right.sum())


def _unit(x: Float[np.ndarray, "t d"]) -> Float[np.ndarray, "t d"]:
    """Frames at length 1; those of length 0, without a direction, as they are."""
    largest = np.abs(x).max(axis=1, keepdims=True)
    x = x / np.where(largest > 0, largest, 1)  # Their squares neither overflow nor vanish.
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return x / np.where(length > 0, length, 1)


def _refusal(x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"]) -> InputError:
    """Why distances are not finite: looked for only when they are not, since it takes time."""
    for each, name in ((x, "x"), (y, "y")):
        if not np.isfinite(each).all():
            return InputError(f"{name} holds NaN or infinity; check the model that embedded it.")
    return InputError(
        f"the embeddings are too large for distances in {x.dtype}; scale them down, "
        "or give them in float64."
    )
