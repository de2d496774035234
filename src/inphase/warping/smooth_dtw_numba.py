"""Smooth dynamic time warping in compiled loops, a few pairs in step.

Numba cannot compile functions that a type checker has wrapped: hence `no_type_check`.
"""

import math
from typing import no_type_check

import numpy as np
from jaxtyping import Float, Float64, Int64
from numba import njit


def tables(
    cost: Float[np.ndarray, "b n m"],
    gamma: float,
    x_lengths: Int64[np.ndarray, " b"],
    y_lengths: Int64[np.ndarray, " b"],
) -> Float64[np.ndarray, "b n m"]:
    """Cost of aligning the first frames of either side, up to each cell; 0 in padding."""
    sums = np.zeros(cost.shape, np.float64)
    cost = np.ascontiguousarray(cost)
    for some in _groups(len(cost)):
        _forward(cost[some], gamma, x_lengths[some], y_lengths[some], sums[some])
    return sums


def gradients(
    sums: Float64[np.ndarray, "b n m"],
    grad: Float[np.ndarray, "b n m"],
    gamma: float,
    x_lengths: Int64[np.ndarray, " b"],
    y_lengths: Int64[np.ndarray, " b"],
) -> Float[np.ndarray, "b n m"]:
    """Gradient by the costs, from that by the sums; of the type of `grad`."""
    through = np.zeros(sums.shape, np.float64)
    _backward(sums, np.ascontiguousarray(grad), gamma, x_lengths, y_lengths, through)
    return through.astype(grad.dtype)


def _groups(batch: int) -> list[slice]:
    """Pairs that are computed in step: enough that none waits for the cell before."""
    return [slice(first, first + 4) for first in range(0, batch, 4)]


# A cell waits for the one before it, through exponentials and a division: cells of several pairs at
# once keep the processor busy meanwhile.
#
# Shares of the three ways out of a cell are taken against the cheapest of them, so that their sum
# lies between 1 and 3. The gradient of the expected cost by the cost of a way with share p is
# p (1 + (expected - cost) / gamma); these sum to 1, so no mass is lost on the way back.


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _forward(cost, gamma, x_lengths, y_lengths, sums):
    batch, n, m = cost.shape
    for b in range(batch):
        sums[b, 0, 0] = cost[b, 0, 0]
        for j in range(1, y_lengths[b]):
            sums[b, 0, j] = sums[b, 0, j - 1] + cost[b, 0, j]
        for i in range(1, x_lengths[b]):
            sums[b, i, 0] = sums[b, i - 1, 0] + cost[b, i, 0]
    for i in range(1, n):
        for j in range(1, m):
            for b in range(batch):
                if i >= x_lengths[b] or j >= y_lengths[b]:
                    continue
                corner, above, left = sums[b, i - 1, j - 1], sums[b, i - 1, j], sums[b, i, j - 1]
                low, high = min(corner, above), max(corner, above)
                best, middle = min(low, left), max(low, left)
                # Which way is which does not matter to the sum, and the share of the best is 1.
                q, r = math.exp((best - middle) / gamma), math.exp((best - high) / gamma)
                excess = q * (middle - best) + r * (high - best)
                sums[b, i, j] = cost[b, i, j] + best + excess / (1 + q + r)


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _backward(sums, grad, gamma, x_lengths, y_lengths, through):
    for b in range(sums.shape[0]):
        n, m = x_lengths[b], y_lengths[b]
        for i in range(n - 1, -1, -1):
            for j in range(m - 1, -1, -1):
                here = through[b, i, j] + grad[b, i, j]
                through[b, i, j] = here
                if i == 0:
                    if j > 0:
                        through[b, 0, j - 1] += here
                    continue
                if j == 0:
                    through[b, i - 1, 0] += here
                    continue
                corner, above, left = sums[b, i - 1, j - 1], sums[b, i - 1, j], sums[b, i, j - 1]
                best = min(corner, min(above, left))
                p = math.exp((best - corner) / gamma)
                q = math.exp((best - above) / gamma)
                r = math.exp((best - left) / gamma)
                here /= p + q + r
                excess = p * (corner - best) + q * (above - best) + r * (left - best)
                level = best + excess / (p + q + r)
                through[b, i - 1, j - 1] += here * p * (1 + (level - corner) / gamma)
                through[b, i - 1, j] += here * q * (1 + (level - above) / gamma)
                through[b, i, j - 1] += here * r * (1 + (level - left) / gamma)
