"""Dynamic time warping on the CPU, compiled: four rows at a time, two bits a step.

One cell depends on the last, so a row on its own runs at the latency of a minimum and a sum. Here
four rows advance together, each a column behind the one above: their cells do not depend on each
other, and the steps into them, of two bits each, make a byte. Costs are made to float64 first.

Numba cannot compile functions that a type checker has wrapped: hence `no_type_check`.
"""

from collections.abc import Callable
from functools import partial
from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

from inphase.warping.cost_rows import CostRows

ROWS = 4
# Room before the first column and after the last, for the rows of a group that are not there yet,
# or no more.
PAD = ROWS


def accumulate(
    costs: CostRows,
    low: Int64[np.ndarray, " n"],
    high: Int64[np.ndarray, " n"],
    first: Float64[np.ndarray, "_"],
    keep: bool,
) -> tuple[Float64[np.ndarray, " m"], Callable]:
    """Sums in the last row, and a walk back from a cell; see `dtw_reference.accumulate`.

    The steps of a group of rows make one run of bytes, from the first column that is allowed in
    its first row; the first row is in the lowest bits.
    """
    n, m = costs.shape
    lefts = low[::ROWS]
    widths = high[np.minimum(np.arange(ROWS - 1, n + ROWS - 1, ROWS), n - 1)] - lefts + ROWS - 1
    offsets = np.cumsum(widths) - widths if keep else np.zeros_like(lefts)
    packed = np.empty(int(widths.sum() if keep else widths.max()), dtype=np.uint8)
    sums = np.full(PAD + m + PAD, np.inf)
    sums[PAD - 1 : PAD + m] = first
    scratch = np.empty((ROWS, int(widths.max())))
    for start in range(0, n, costs.rows):
        stop = min(start + costs.rows, n)
        left, right = int(low[start]), int(high[stop - 1])
        block = costs.block(start, stop, left, right)
        _advance(block, start, left, low, high, sums, scratch, packed, offsets, costs.grain)
    sums[: PAD + low[-1]] = np.inf  # Of earlier rows, where the band has moved on.
    return sums[PAD : PAD + m], partial(_walk_back, packed, offsets, low)


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _cell(left, up, diagonal, cost):
    """Sum and step (0 diagonal, 1 row, 2 column), without branches: they cannot be foreseen."""
    column = left < up
    straight = left if column else up
    bent = straight < diagonal
    total = cost + (straight if bent else diagonal)
    return total, np.uint8(bent) << np.uint8(column)


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _settle(row, out, grain):
    """Costs of a row in float64, rounded by way of a number whose last bit is the grain."""
    if grain == 0.0:
        for j in range(len(row)):
            out[j] = row[j]
    else:
        large = 1.5 * 2.0**52 * grain
        for j in range(len(row)):
            cost = (row[j] + large) - large
            out[j] = cost if cost > 0.0 else 0.0


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _advance(block, start, left, low, high, sums, scratch, packed, offsets, grain):
    """Carry the sums of a row, from `PAD` on by column, over the rows of a block.

    Row r of a group is r places further on in `scratch`, so that a diagonal is a column there.
    Outside the band costs are infinite; hence so are sums, whatever is read from there. Sums are
    written three columns behind where they are read, so that one array serves.
    """
    for i in range(start, start + len(block), ROWS):
        rows = min(ROWS, start + len(block) - i)
        begin, width = low[i], high[i + rows - 1] - low[i]
        diagonals = width + ROWS - 1
        for r in range(rows):
            a, b = low[i + r] - begin + r, high[i + r] - begin + r
            row = block[i + r - start, low[i + r] - left : high[i + r] - left]
            scratch[r, :a] = np.inf
            _settle(row, scratch[r, a:b], grain)
            scratch[r, b:diagonals] = np.inf
        above = sums[PAD + begin - 1 :]
        steps = packed[offsets[i // ROWS] :][:diagonals]
        if rows == ROWS:
            _four_rows(scratch, above, sums[begin:], steps)
        else:
            steps[:] = 0
            for r in range(rows):
                _one_row(scratch[r, r:], above, steps[r : width + r], 2 * r)


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _four_rows(costs, above, below, steps):
    """Sums and steps of four rows; `above` and `below` begin a column and three before them."""
    c0, c1, c2, c3 = costs[0], costs[1], costs[2], costs[3]
    corner, above[0] = above[0], np.inf
    above = above[1:]
    below = below[PAD - ROWS + 1 :]
    # Sums of the four rows on the last diagonal, p, and of three on the one before it, q.
    p0 = p1 = p2 = p3 = q0 = q1 = q2 = np.inf
    for t in range(len(steps)):
        up = above[t]
        n0, s0 = _cell(p0, up, corner, c0[t])
        n1, s1 = _cell(p1, p0, q0, c1[t])
        n2, s2 = _cell(p2, p1, q1, c2[t])
        n3, s3 = _cell(p3, p2, q2, c3[t])
        steps[t] = s0 | s1 << 2 | s2 << 4 | s3 << 6
        below[t] = n3
        corner, q0, q1, q2 = up, p0, p1, p2
        p0, p1, p2, p3 = n0, n1, n2, n3


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _one_row(costs, above, steps, shift):
    """Sums and steps of one of the rows that are left over when all fours are done."""
    corner, above[0] = above[0], np.inf
    above = above[1:]
    previous = np.inf
    for t in range(len(steps)):
        up = above[t]
        previous, step = _cell(previous, up, corner, costs[t])
        steps[t] |= step << shift
        above[t] = previous
        corner = up


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _walk_back(packed, offsets, low, i, j):
    path = np.empty((i + j + 1, 2), dtype=np.int64)
    k = len(path)
    while i >= 0:
        k -= 1
        path[k, 0], path[k, 1] = i, j
        group, r = i // ROWS, i % ROWS
        step = packed[offsets[group] + j - low[group * ROWS] + r] >> (2 * r) & 3
        i -= step != 2
        j -= step != 1
    return path[k:].copy()
