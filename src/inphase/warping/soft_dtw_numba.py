"""Soft-DTW on the CPU: numba kernels that work in strips of rows, along anti-diagonals.

Costs are first copied into `skewed`, where an anti-diagonal is contiguous; every number is in units
of gamma / log2(e), so that softmin is made of powers and logarithms of two.

Numerics. Sums are float64, whatever the costs: three anti-diagonals of them are all there is at a
time, and in float32 their rounding, divided by gamma, adds up along the path. Powers, logarithms
and weights are in the type of the costs. The weights with which a cell passes its share of the
alignment on to its three predecessors are the softmax of their sums, normalised to one with the
third as the rest: the alignment conserves mass, whatever the rounding.
"""

from typing import Any, no_type_check

import numpy as np
from numba import njit

from inphase.warping.soft_dtw_steps import (
    LANES,
    OUTSIDE,
    ROWS,
    STRIDE,
    shares_step,
    skew,
    sums_step,
    unskew,
    weights_step,
)

# Anti-diagonals of a pair whose weights are held from forward to backward; past it, a strip is
# computed again.
HELD = 16384

_MAIN: Any = {"nogil": True, "cache": True, "error_model": "numpy"}


@njit(**_MAIN)
@no_type_check
def _window(first, stop):
    """The slots that are worked on for rows `first` to `stop`: whole groups of lanes."""
    return first // LANES * LANES, (stop + LANES - 1) // LANES * LANES


@njit(**_MAIN)
@no_type_check
def _forward(skewed, weights, keep, scale, low, high, top, bottom, first, stop, sums):
    """Sums of a strip from those of the row above it (`top`, by column + 1) to its last (`bottom`).

    `first` and `stop` receive the rows that each anti-diagonal crosses. With `keep`, the weights
    are kept for `_backward`. `sums` are three buffers of one anti-diagonal each.
    """
    before, last, now = sums
    rows = len(low)
    origin = low[0]
    bottom[:] = OUTSIDE
    before[:] = OUTSIDE
    last[:] = OUTSIDE
    now[:] = OUTSIDE
    before[0] = top[origin]
    last[0] = top[origin + 1]
    begin = end = 0
    for k in range(rows + high[-1] - origin - 1):
        while begin < rows and high[begin] - origin + begin <= k:
            begin += 1
        while end < rows and low[end] - origin + end <= k:
            end += 1
        first[k] = begin
        stop[k] = end
        left, right = _window(begin, end)
        at, start, count = np.uint64(k * STRIDE), np.uint64(left), np.uint64(right - left)
        if keep:
            weights_step(skewed, at, before, last, now, weights, start, count, scale)
        else:
            sums_step(skewed, at, before, last, now, start, count, scale)
        now[left] = OUTSIDE
        column = origin + k + 2
        if left == 0 and column < len(top):
            now[0] = top[column]
        now[right + 1 : right + 1 + LANES] = OUTSIDE
        if begin < rows == end:
            bottom[origin + k - rows + 2] = now[rows]
        before, last, now = last, now, before


@njit(**_MAIN)
@no_type_check
def _backward(skewed, weights, low, high, feed, first, stop):
    """Shares of a strip, over its costs, from what the strip below passes to its last row.

    `feed` holds that by column, and then what this strip passes to the row above it.
    """
    rows = len(low)
    origin = low[0]
    diagonals = rows + high[-1] - origin - 1
    zero = skewed.dtype.type(0.0)
    skewed[diagonals * STRIDE : (diagonals + 2) * STRIDE] = zero
    for k in range(diagonals - 1, -1, -1):
        left, right = _window(first[k], stop[k])
        at = k * STRIDE
        column = origin + k - rows + 1
        below = at + STRIDE + rows
        skewed[below] = feed[column] if first[k] < rows == stop[k] else zero
        skewed[below + STRIDE] = zero
        weights[2 * (at + STRIDE) + rows] = 1.0
        shares_step(skewed, np.uint64(at), weights, np.uint64(left), np.uint64(right - left))
        skewed[at + max(left - LANES, 0) : at + left] = zero
        skewed[at + right : at + right + LANES] = zero
    feed[:] = zero
    for k in range(high[0] - origin):
        at = k * STRIDE
        share = skewed[at]
        above, beside = weights[2 * at], weights[2 * at + STRIDE]
        feed[origin + k] += share * above
        if origin + k > 0:
            feed[origin + k - 1] += share * (1 - above - beside)


@njit(**_MAIN)
@no_type_check
def scratch(like, rows, columns, kept):
    """Buffers for pairs of up to `rows` x `columns` frames, and weights of `kept` strips."""
    diagonals = min(rows, ROWS) + columns + 1
    skewed = np.empty(diagonals * STRIDE, like.dtype)
    weights = np.zeros((kept, 2 * diagonals * STRIDE), like.dtype)
    line = STRIDE + LANES
    sums = np.empty(line), np.empty(line), np.empty(line)
    return skewed, weights, sums, np.empty((2, kept, diagonals), np.int64)


@njit(**_MAIN)
@no_type_check
def forward_strip(costs, squares, low, high, top, bottom, buffers, slot, keep):
    """Sums of a strip: `top` and `bottom` are those of the rows above it and its last, float64.

    `costs` are the products (flat), where the strip starts, their pitch, and how a product becomes
    a cost, as `skew` takes them; `squares` the squared norms of the rows, and of all columns.
    """
    skewed, weights, sums, crossed = buffers
    source, start, pitch, factor, floor, scale = costs
    outside = skewed.dtype.type(OUTSIDE / scale)
    skew(source, start, pitch, *squares, factor, floor, outside, low, high, skewed)
    first, stop = crossed[0, slot], crossed[1, slot]
    _forward(skewed, weights[slot], keep, scale, low, high, top, bottom, first, stop, sums)


@njit(**_MAIN)
@no_type_check
def backward_strip(target, start, pitch, columns, low, high, feed, buffers, slot, totals):
    """Shares of a strip, into `target`, and their totals by row and by column."""
    skewed, weights, _, crossed = buffers
    _backward(skewed, weights[slot], low, high, feed, crossed[0, slot], crossed[1, slot])
    for i in range(len(low)):
        row = start + i * pitch
        target[row + columns[0] : row + low[i]] = 0
        target[row + high[i] : row + columns[1]] = 0
    row_sum, column_sum = totals
    row_sum[:] = 0
    unskew(skewed, low, high, target, start, pitch, row_sum, column_sum)


def strips_held(height: int, width: int, needs: bool) -> int:
    """Strips of a pair whose weights are held until the backward pass: all, or one at a time."""
    strips = (height + ROWS - 1) // ROWS
    return strips if needs and strips * (min(height, ROWS) + width) <= HELD else 1


@njit(**_MAIN)
@no_type_check
def run(
    source, target, shape, squares, measure, bounds, lengths, pairs, needs, value, totals, buffers
):
    """Value of a range of pairs; if `needs`, also the expected alignments and their totals.

    Args:
        source: Dot products, or costs, of all pairs, flat.
        target: Where the alignments go; may be `source`.
        shape: N and M of the batch.
        squares: Squared norms (B, N), (B, M).
        measure: Factor and floor: cost = max(floor, squares + factor source); scale of the sums.
        bounds: Allowed columns low, high (B, N) of each row.
        lengths: Real rows and columns (B,) of each pair.
        pairs: First pair, and one past the last.
        needs: Whether the alignments are needed.
        value: Receives the values (B,), in units of the sums.
        totals: Receive the row sums (B, N) and column sums (B, M) of the alignments.
        buffers: From `scratch`, for `strips_held` strips.
    """
    height, width = shape
    factor, floor, scale = measure
    begin, end = pairs
    strips = (height + ROWS - 1) // ROWS
    # The gaps must hold numbers: what was left in memory may be NaN.
    buffers[1][:] = 0
    hold = len(buffers[1]) == strips
    edges = np.empty((strips + 1, width + 1), np.float64)
    feed = np.empty(width, source.dtype)
    edges[0] = OUTSIDE
    edges[0, 0] = 0.0
    for b in range(begin, end):
        n, m = lengths[0][b], lengths[1][b]
        last = (n - 1) // ROWS
        norms = squares[1][b]
        for s in range(last + 1):
            rows = slice(s * ROWS, min((s + 1) * ROWS, n))
            costs = (source, (b * height + s * ROWS) * width, width, factor, floor, scale)
            low, high = bounds[0][b, rows], bounds[1][b, rows]
            slot, keep = (s, needs) if hold and needs else (0, needs and s == last)
            both = (squares[0][b, rows], norms)
            forward_strip(costs, both, low, high, edges[s], edges[s + 1], buffers, slot, keep)
        value[b] = edges[last + 1, m]
        if not needs:
            continue
        feed[:] = 0
        feed[m - 1] = 1
        totals[0][b] = 0
        totals[1][b] = 0
        for s in range(last, -1, -1):
            rows = slice(s * ROWS, min((s + 1) * ROWS, n))
            start = (b * height + s * ROWS) * width
            low, high = bounds[0][b, rows], bounds[1][b, rows]
            if not hold and s < last:
                costs = (source, start, width, factor, floor, scale)
                both = (squares[0][b, rows], norms)
                forward_strip(costs, both, low, high, edges[s], edges[s + 1], buffers, 0, True)
            added = (totals[0][b, rows], totals[1][b])
            slot = s if hold else 0
            backward_strip(target, start, width, (0, width), low, high, feed, buffers, slot, added)
        target[(b * height + n) * width : (b + 1) * height * width] = 0
