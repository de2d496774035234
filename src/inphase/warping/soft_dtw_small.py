"""Soft-DTW of small pairs in one numba call: distances, values and gradients.

Calls and not arithmetic take the time there. Distances are sums of squared differences, and the
gradients of both sides are made from the same differences, cell by cell, where the path may pass.
"""

from typing import Any, no_type_check

import numpy as np
from numba import njit

from inphase.warping.soft_dtw_numba import OUTSIDE, run

_STEP: Any = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": True}


@njit(**_STEP)
@no_type_check
def _distance(x, y, start_x, start_y, count, unit):
    """Squared Euclidean distance of two frames, or cosine distance if they are `unit` vectors."""
    total = x.dtype.type(0)
    if unit:
        for d in range(count):
            total += x[start_x + d] * y[start_y + d]
        return x.dtype.type(1) - total
    for d in range(count):
        difference = x[start_x + d] - y[start_y + d]
        total += difference * difference
    return total


@njit(**_STEP)
@no_type_check
def _draw(x, y, of_x, of_y, start_x, start_y, count, share):
    """Add the gradient of the squared distance of two frames, times `share`, to both."""
    twice = share + share
    for d in range(count):
        pull = twice * (x[start_x + d] - y[start_y + d])
        of_x[start_x + d] += pull
        of_y[start_y + d] -= pull


@njit(**_STEP)
@no_type_check
def _draw_unit(x, y, of_x, of_y, start_x, start_y, count, share):
    """The same, for the cosine distance of unit vectors."""
    for d in range(count):
        of_x[start_x + d] -= share * y[start_y + d]
        of_y[start_y + d] -= share * x[start_x + d]


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def run_small(x, y, shape, unit, scale, bounds, lengths, needs, value, of_x, of_y, buffers):
    """Values (B,) and, if `needs`, their gradients, added to `of_x` and `of_y`.

    Args (embeddings and gradients are flat):
        x: Embeddings (B, N, D).
        y: Embeddings (B, M, D).
        shape: N, M and D.
        unit: Whether frames are unit vectors, and the distance the cosine one.
        scale: What a cost is multiplied by to be in units of the sums.
        bounds: Allowed columns low, high (B, N) of each row.
        lengths: Real rows and columns (B,) of each pair.
        needs: Whether gradients are needed.
        value: Receives the values, in the unit of the costs.
        of_x: Gradient of x.
        of_y: Gradient of y.
        buffers: As `run` takes them.
    """
    height, width, depth = shape
    low, high = bounds
    batch = len(value)
    count = np.uint64(depth)
    costs = np.empty(batch * height * width, x.dtype)
    for b in range(batch):
        for i in range(lengths[0][b]):
            start_x = np.uint64((b * height + i) * depth)
            for j in range(low[b, i], high[b, i]):
                start_y = np.uint64((b * width + j) * depth)
                cell = (b * height + i) * width + j
                costs[cell] = _distance(x, y, start_x, start_y, count, unit)
    squares = np.zeros((batch, height), x.dtype), np.zeros((batch, width), x.dtype)
    totals = np.empty((batch, height), x.dtype), np.empty((batch, width), x.dtype)
    number = x.dtype.type
    measure = number(1), number(-OUTSIDE), scale
    sums = np.empty(batch)
    pairs = (0, batch)
    size = height, width
    run(costs, costs, size, squares, measure, bounds, lengths, pairs, needs, sums, totals, buffers)
    for b in range(batch):
        value[b] = sums[b] / scale
        if not needs:
            continue
        for i in range(lengths[0][b]):
            start_x = np.uint64((b * height + i) * depth)
            for j in range(low[b, i], high[b, i]):
                share = costs[(b * height + i) * width + j]
                if share == 0:
                    continue
                start_y = np.uint64((b * width + j) * depth)
                if unit:
                    _draw_unit(x, y, of_x, of_y, start_x, start_y, count, share)
                else:
                    _draw(x, y, of_x, of_y, start_x, start_y, count, share)
