"""Dynamic time warping: the cheapest monotone path through a cost matrix."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, Integer, Real, UInt8

from inphase.errors import InputError

# The step that leads into a cell. The order is the rule for ties: the smallest wins.
DIAGONAL, ROW, COLUMN = 0, 1, 2


@dataclass(frozen=True, eq=False)
class WarpingPath:
    """A monotone path through an (N, M) cost matrix.

    Attributes:
        path: Cells (row, column) from (0, 0) to (N-1, M-1); each step adds 1 to one or both.
        cost: Sum of the costs of the cells on the path.
    """

    path: Int[np.ndarray, "k 2"]
    cost: float


def dtw(cost: Real[np.ndarray, "..."]) -> WarpingPath:
    r"""Find the path from the first to the last cell with the smallest sum of costs.

    With $D_{ij}$ the cost of the cheapest path from (0, 0) to (i, j),

    $$D_{ij} = c_{ij} + \min(D_{i-1,j-1},\ D_{i-1,j},\ D_{i,j-1}).$$

    The answer is exact. Sums are kept in float64 whatever the type of `cost`. Of paths that cost
    the same, the one is taken that, walked back from the last cell, prefers the diagonal step,
    then the step along the rows, then the step along the columns.

    Memory beyond `cost` is one byte per cell, for the steps, and three anti-diagonals of sums;
    a pair of hour-long videos (20,000 x 20,000 frames) takes 400 MB.

    Source: Sakoe and Chiba, IEEE Trans. ASSP 1978, symmetric form without slope weights.

    Args:
        cost: Cost (N, M) of matching frame i of one video with frame j of the other, in any unit.
            Negative costs are allowed.

    Returns:
        The path (K, 2), with max(N, M) <= K <= N + M - 1, and its cost.

    Raises:
        InputError: If `cost` is not a matrix, has no cells, or holds NaN or infinity.
    """
    cost = np.asarray(cost)
    _check(cost)
    total, steps = _accumulate(cost)
    return WarpingPath(_walk_back(steps, *cost.shape), total)


def _check(cost: Real[np.ndarray, "..."]) -> None:
    if cost.ndim != 2:
        raise InputError(
            f"dtw needs a cost matrix (N, M), not an array of shape {cost.shape}; "
            "give it one pair of videos at a time."
        )
    if cost.size == 0:
        raise InputError(f"dtw needs at least one frame on either side, not costs {cost.shape}.")
    # The extremes tell without a mask as large as the matrix: NaN spreads through both.
    if not (np.isfinite(cost.min()) and np.isfinite(cost.max())):
        raise InputError(
            "dtw needs finite costs, but some are NaN or infinite; "
            "check the embeddings that they were computed from."
        )


def _accumulate(cost: Real[np.ndarray, "n m"]) -> tuple[float, list[UInt8[np.ndarray, "_"]]]:
    """Sum costs one anti-diagonal i + j = k at a time: its cells do not depend on each other.

    Sums of a diagonal are held by row, shifted by one so that row -1 is there, and infinite.
    A buffer is used again for every third diagonal; what an older diagonal left in it is never
    read, because the rows of a diagonal only move up.
    """
    n, m = cost.shape
    flipped = cost[:, ::-1]
    before, previous, current = (np.full(n + 1, np.inf) for _ in range(3))
    current[1] = cost[0, 0]
    steps = [np.zeros(1, dtype=np.uint8)]
    for k in range(1, n + m - 1):
        before, previous, current = previous, current, before
        low, high = _rows(k, n, m)
        diagonal = before[low:high]
        row, column = previous[low:high], previous[low + 1 : high + 1]
        straight = np.minimum(row, column)
        step = (column < row).astype(np.uint8)
        step += ROW
        step[diagonal <= straight] = DIAGONAL
        steps.append(step)
        np.minimum(diagonal, straight, out=straight)
        np.add(straight, flipped.diagonal(m - 1 - k), out=current[low + 1 : high + 1])
    return float(current[n]), steps


def _rows(k: int, n: int, m: int) -> tuple[int, int]:
    """Rows low <= i < high that the anti-diagonal i + j = k of an (n, m) matrix crosses."""
    return max(0, k - m + 1), min(k + 1, n)


def _walk_back(steps: list[UInt8[np.ndarray, "_"]], n: int, m: int) -> Integer[np.ndarray, "k 2"]:
    i, j = n - 1, m - 1
    cells = [(i, j)]
    while i or j:
        step = int(steps[i + j][i - _rows(i + j, n, m)[0]])
        i -= step != COLUMN
        j -= step != ROW
        cells.append((i, j))
    return np.array(cells[::-1], dtype=np.int64)
