"""Dynamic time warping in NumPy, along anti-diagonals: what the compiled kernel must equal."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float, Float64, Int64, UInt8

from inphase.warping.band import diagonals
from inphase.warping.cost_rows import CostRows, rounded

# The step that leads into a cell. The order is the rule for ties: the smallest wins.
DIAGONAL, ROW, COLUMN = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Block:
    """The steps into the cells of some rows, by anti-diagonal.

    Attributes:
        start: The first row.
        left: The first column that is allowed in it; diagonals are counted from there.
        first: First row of each diagonal, counted from `start`.
        offsets: Where each diagonal begins in `flat`.
        flat: The steps.
    """

    start: int
    left: int
    first: Int64[np.ndarray, " diagonals"]
    offsets: Int64[np.ndarray, " diagonals"]
    flat: UInt8[np.ndarray, "_"]

    def step(self, i: int, j: int) -> int:
        """The step into a cell."""
        k = i - self.start + j - self.left
        return int(self.flat[self.offsets[k] + i - self.start - self.first[k]])


def accumulate(
    costs: CostRows,
    low: Int64[np.ndarray, " n"],
    high: Int64[np.ndarray, " n"],
    first: Float64[np.ndarray, "_"],
    keep: bool,
) -> tuple[Float64[np.ndarray, " m"], Callable]:
    """Sum costs from the first row to the last, a block of rows at a time.

    Args:
        costs: The costs (N, M).
        low: First column allowed in each row; never falls.
        high: One past the last column allowed in each row; never falls.
        first: Sums (M + 1) in a row before the first, from a column before the first on: 0 where
            a path may begin with a diagonal step from there, else infinite.
        keep: Whether to keep the steps, for walks back.

    Returns:
        Sums in the last row (M,), infinite where no path leads, and a function of a row and a
        column: the path (K, 2) that ends in that cell.
    """
    n, m = costs.shape
    sums, blocks = first, []
    for start in range(0, n, costs.rows):
        stop = min(start + costs.rows, n)
        left, right = int(low[start]), int(high[stop - 1])
        cost = rounded(costs.block(start, stop, left, right), costs.grain)
        above = sums[left : right + 1]
        sums = np.full(m + 1, np.inf)
        rows = slice(start, stop)
        with np.errstate(over="ignore", invalid="ignore"):  # The caller checks the sums.
            block, below = _block(start, left, cost, low[rows], high[rows], above)
        sums[left + 1 : right + 1] = below
        if keep:
            blocks.append(block)
    return sums[1:], partial(_walk_back, blocks)


def _walk_back(blocks: list[Block], i: int, j: int) -> Int64[np.ndarray, "k 2"]:
    """The path that ends in a cell."""
    cells = []
    for block in reversed(blocks):
        while i >= block.start:
            cells.append((i, j))
            step = block.step(i, j)
            i -= step != COLUMN
            j -= step != ROW
    return np.array(cells[::-1], dtype=np.int64)


def _block(
    start: int,
    left: int,
    cost: Float[np.ndarray, "h w"],
    low: Int64[np.ndarray, " h"],
    high: Int64[np.ndarray, " h"],
    above: Float64[np.ndarray, "_"],
) -> tuple[Block, Float64[np.ndarray, " w"]]:
    """Sum costs one anti-diagonal i + j = k at a time: its cells do not depend on each other.

    Sums of a diagonal are held by row, shifted by one so that the row above is there. A buffer is
    used again for every third diagonal; what an older diagonal left in it is never read, because
    the rows of a diagonal only move up, and the cell below its first row is made infinite.
    """
    h, w = cost.shape
    first, stop = diagonals(low - left, high - left)
    offsets = np.cumsum(stop - first) - (stop - first)
    flat = np.empty(int((stop - first).sum()), dtype=np.uint8)
    flipped = cost[:, ::-1]
    below = np.full(w, np.inf)
    before, previous, current = (np.full(h + 1, np.inf) for _ in range(3))
    for k, (begin, end) in enumerate(zip(first.tolist(), stop.tolist(), strict=True)):
        before, previous, current = previous, current, before
        if begin == 0 and end > 0:
            before[0], previous[0] = above[k], above[k + 1]
        diagonal = before[begin:end]
        row, column = previous[begin:end], previous[begin + 1 : end + 1]
        straight = np.minimum(row, column)
        step = flat[offsets[k] : offsets[k] + end - begin]
        np.less(column, row, out=step.view(np.bool_))
        step += ROW
        step[diagonal <= straight] = DIAGONAL
        np.minimum(diagonal, straight, out=straight)
        crossed = flipped.diagonal(w - 1 - k)[begin - max(0, k - w + 1) :][: end - begin]
        np.add(straight, crossed, out=current[begin + 1 : end + 1])
        current[begin] = np.inf
        if end == h and begin < h:
            below[k - h + 1] = current[h]
    return Block(start, left, first, offsets, flat), below
