"""Inner loops of soft-DTW on the CPU: the steps that run along one anti-diagonal, for numba.

The cells of an anti-diagonal do not depend on each other, so they fill vector registers. That
rests on: one-dimensional contiguous arrays, a constant distance from one anti-diagonal to the next,
unsigned offsets, ternaries instead of branches and min(), `fastmath`, and loops over whole groups
of lanes, for which cells that do not exist cost OUTSIDE.

Numba cannot compile functions that a type checker has wrapped: hence `no_type_check`.
"""

import math
from typing import Any, no_type_check

import numpy as np
from numba import njit, types
from numba.extending import overload

# Rows that are worked on at a time: their sums, weights and costs stay in the L2 cache.
ROWS = 128
LANES = 16
# Cells from one anti-diagonal of `skewed` to the next: the rows, and a gap.
STRIDE = ROWS + LANES
# Columns that are copied at a time: their lines stay in the L1 cache.
BLOCK = 64
# A cost that no path takes, and yet far from overflow when summed along 1e6 cells.
OUTSIDE = 1e30

_MATHS = {"nnan", "ninf", "nsz", "contract", "reassoc"}  # no "arcp": 1 / 1 must be 1
_STEP: Any = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": _MATHS}


@no_type_check
def _exp2(x):
    """2 to the power x <= 0; exactly 1 at 0, and 0 below -127."""
    raise NotImplementedError


@no_type_check
def _log2(x):
    """Logarithm to base two of 1 + x, 0 <= x <= 2; exactly 0 at 0."""
    raise NotImplementedError


@overload(_exp2, jit_options={"fastmath": _MATHS, "error_model": "numpy"})
@no_type_check
def _exp2_of(x):
    if x is types.float32:
        return _exp2_float32
    return _exp2_float64


@no_type_check
def _exp2_float32(x):
    # Minimax of degree 5, relative error 9e-8.
    x = x if x > np.float32(-127.0) else np.float32(-127.0)
    whole = np.int32(x)
    part = x - np.float32(whole)
    p = np.float32(0.00094490347) * part + np.float32(0.00920579769)
    p = p * part + np.float32(0.05529735794)
    p = p * part + np.float32(0.24018014279)
    p = p * part + np.float32(0.69314372114)
    p = p * part + np.float32(1.0)
    return p * np.int32((whole + np.int32(127)) << np.int32(23)).view(np.float32)


@no_type_check
def _exp2_float64(x):
    return 2.0**x


@overload(_log2, jit_options={"fastmath": _MATHS, "error_model": "numpy"})
@no_type_check
def _log2_of(x):
    if x is types.float32:
        return _log2_float32
    return _log2_float64


@no_type_check
def _log2_float32(x):
    # Minimax of degree 11 around the middle, 1, absolute error 2e-7 with rounding.
    t = x - np.float32(1.0)
    p = np.float32(0.00015095375) * t + np.float32(-0.00043448702)
    p = p * t + np.float32(0.00060452836)
    p = p * t + np.float32(-0.00112280374)
    p = p * t + np.float32(0.00283759304)
    p = p * t + np.float32(-0.00669901543)
    p = p * t + np.float32(0.01567953837)
    p = p * t + np.float32(-0.03819590004)
    p = p * t + np.float32(0.09831357068)
    p = p * t + np.float32(-0.27865274133)
    p = p * t + np.float32(1.00000003276)
    return p * x


@no_type_check
def _log2_float64(x):
    return math.log1p(x) * 1.4426950408889634


@njit(**_STEP)
@no_type_check
def sums_step(skewed, at, before, last, now, first, count, scale):
    """Sums of one anti-diagonal, from those of the two before.

    `before[1 + i]` is row i of the strip; `skewed[at + i]` its cost.
    """
    one = np.uint64(1)
    single = skewed.dtype.type
    at += first
    for i in range(count):
        diagonal = before[first + i]
        row = last[first + i]
        column = last[first + i + one]
        low = diagonal if diagonal < row else row
        high = row if diagonal < row else diagonal
        middle = high if high < column else column
        middle = low if low > middle else middle
        high = high if high > column else column
        low = low if low < column else column
        sum_ = _exp2(single(low - middle)) + _exp2(single(low - high))
        now[first + i + one] = skewed[at + i] * scale + low - _log2(sum_)


@njit(**_STEP)
@no_type_check
def weights_step(skewed, at, before, last, now, weights, first, count, scale):
    """As `sums_step`, and keep the weights of the cell above and of the cell to the left."""
    one = np.uint64(1)
    single = skewed.dtype.type
    unit = single(1.0)
    above = np.uint64(2) * at + first
    left = above + np.uint64(STRIDE)
    at += first
    for i in range(count):
        diagonal = before[first + i]
        row = last[first + i]
        column = last[first + i + one]
        low = diagonal if diagonal < row else row
        low = low if low < column else column
        e_row = _exp2(single(low - row))
        e_column = _exp2(single(low - column))
        sum_ = _exp2(single(low - diagonal)) + e_row + e_column
        inverse = unit / sum_
        weights[above + i] = e_row * inverse
        weights[left + i] = e_column * inverse
        now[first + i + one] = skewed[at + i] * scale + low - _log2(sum_ - unit)


@njit(**_STEP)
@no_type_check
def shares_step(skewed, at, weights, first, count):
    """Shares of the alignment of one anti-diagonal from those of the two after, over the costs."""
    one = np.uint64(1)
    stride = np.uint64(STRIDE)
    unit = skewed.dtype.type(1.0)
    tiny = skewed.dtype.type(1e-30)
    zero = skewed.dtype.type(0.0)
    above = np.uint64(2) * (at + stride) + first
    at += first
    last = at + stride
    before = last + stride
    for i in range(count):
        share = weights[above + stride + i] * skewed[last + i]
        share += weights[above + one + i] * skewed[last + one + i]
        rest = unit - weights[above + stride * np.uint64(2) + one + i]
        rest -= weights[above + stride * np.uint64(3) + one + i]
        share += rest * skewed[before + one + i]
        skewed[at + i] = share if share > tiny else zero


@njit(**_STEP)
@no_type_check
def skew(source, start, pitch, x_square, y_square, factor, floor, outside, low, high, skewed):
    """Copy the costs of a strip so that its anti-diagonals are contiguous; elsewhere, `outside`.

    `source[start + i * pitch + j]` holds a dot product, or a cost: `factor` is then 1.
    """
    rows = len(low)
    origin = low[0]
    skewed[: (rows + high[-1] - origin + 1) * STRIDE] = outside
    for block in range(origin, high[-1], BLOCK):
        for i in range(rows):
            left = max(low[i], block)
            count = np.uint64(max(min(high[i], block + BLOCK) - left, 0))
            read = np.uint64(start + i * pitch + left)
            write = np.uint64((i + left - origin) * STRIDE + i)
            column = np.uint64(left)
            square = x_square[i]
            for j in range(count):
                cost = square + y_square[column + j] + factor * source[read + j]
                cost = cost if cost > floor else floor
                skewed[write + j * np.uint64(STRIDE)] = cost


@njit(**_STEP)
@no_type_check
def unskew(skewed, low, high, target, start, pitch, row_sum, column_sum):
    """Copy the shares of a strip to where their cells are, and add them up by row and column."""
    rows = len(low)
    origin = low[0]
    for block in range(origin, high[-1], BLOCK):
        for i in range(rows):
            left = max(low[i], block)
            count = np.uint64(max(min(high[i], block + BLOCK) - left, 0))
            write = np.uint64(start + i * pitch + left)
            read = np.uint64((i + left - origin) * STRIDE + i)
            column = np.uint64(left)
            total = row_sum.dtype.type(0.0)
            for j in range(count):
                share = skewed[read + j * np.uint64(STRIDE)]
                target[write + j] = share
                column_sum[column + j] += share
                total += share
            row_sum[i] += total


@njit(**_STEP)
@no_type_check
def squared_norms(x):
    """Squared norms (K,) of the rows of a matrix (K, D)."""
    total = np.empty(len(x), x.dtype)
    for i in range(len(x)):
        row = x[i]
        square = x.dtype.type(0.0)
        for d in range(np.uint64(len(row))):
            square += row[d] * row[d]
        total[i] = square
    return total
