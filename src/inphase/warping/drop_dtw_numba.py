"""Recurrences of Drop-DTW in compiled loops; `drop_dtw_reference` says what they are.

Numba cannot compile functions that a type checker has wrapped: hence `no_type_check`.
"""

import math
from typing import no_type_check

import numpy as np
from jaxtyping import Float, Float64, Int64, UInt8
from numba import njit

_HUGE = 1e18


def cheapest(
    cost: Float[np.ndarray, "b n m"],
    drop_x: Float[np.ndarray, "b n"],
    drop_y: Float[np.ndarray, "b m"],
    x_lengths: Int64[np.ndarray, " b"],
    y_lengths: Int64[np.ndarray, " b"],
) -> tuple[Float64[np.ndarray, " b"], UInt8[np.ndarray, "b n1 m1"]]:
    """Smallest cost, and the ways into every cell."""
    batch, n, m = cost.shape
    ways = np.zeros((batch, n + 1, m + 1), np.uint8)
    sums = np.zeros(batch)
    cost, drop_x, drop_y = (np.ascontiguousarray(each) for each in (cost, drop_x, drop_y))
    _cheapest(cost, drop_x, drop_y, x_lengths, y_lengths, sums, ways)
    return sums, ways


def smooth_minimum(
    cost: Float[np.ndarray, "b n m"],
    drop_x: Float[np.ndarray, "b n"],
    drop_y: Float[np.ndarray, "b m"],
    x_lengths: Int64[np.ndarray, " b"],
    y_lengths: Int64[np.ndarray, " b"],
    gamma: float,
) -> tuple[Float64[np.ndarray, " b"], Float64[np.ndarray, "b n1 m1 5"]]:
    """Smooth minimum of every pair, and tables L, Y, X, B, A for `chances`."""
    batch, n, m = cost.shape
    tables = np.full((batch, n + 1, m + 1, 5), _HUGE)
    cost, drop_x, drop_y = (np.ascontiguousarray(each) for each in (cost, drop_x, drop_y))
    _smooth(cost, drop_x, drop_y, x_lengths, y_lengths, gamma, tables)
    return tables[np.arange(batch), x_lengths, y_lengths, 4], tables


def chances(
    tables: Float64[np.ndarray, "b n1 m1 5"],
    cost: Float[np.ndarray, "b n m"],
    drop_x: Float[np.ndarray, "b n"],
    drop_y: Float[np.ndarray, "b m"],
    x_lengths: Int64[np.ndarray, " b"],
    y_lengths: Int64[np.ndarray, " b"],
    gamma: float,
) -> tuple[Float64[np.ndarray, "b n m"], Float64[np.ndarray, "b n"], Float64[np.ndarray, "b m"]]:
    """Probabilities of every match and of dropping each frame: the gradients of the minimum."""
    given = (cost, drop_x, drop_y)
    matched, x_dropped, y_dropped = (np.zeros(each.shape) for each in given)
    through = np.zeros((*tables.shape[1:3], 5))
    _chances(tables, x_lengths, y_lengths, gamma, through, matched, x_dropped, y_dropped)
    return matched, x_dropped, y_dropped


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _first_of_two(a, b):
    return (b, 1) if b < a else (a, 0)


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _cheapest(cost, drop_x, drop_y, x_lengths, y_lengths, sums, ways):
    columns = ways.shape[2]
    for b in range(cost.shape[0]):
        above, here = np.full((columns, 4), _HUGE), np.full((columns, 4), _HUGE)
        for i in range(x_lengths[b] + 1):
            above, here = here, above
            for j in range(y_lengths[b] + 1):
                here[j, :] = _HUGE
                if i == 0 and j == 0:
                    here[0, 0] = 0.0
                    continue
                way = 0
                if i > 0 and j > 0:
                    least = above[j - 1, 0]
                    for state in range(1, 4):
                        if above[j - 1, state] < least:
                            least, way = above[j - 1, state], state
                    if above[j, 0] < least:
                        least, way = above[j, 0], 4
                    if above[j, 2] < least:
                        least, way = above[j, 2], 5
                    if here[j - 1, 0] < least:
                        least, way = here[j - 1, 0], 6
                    if here[j - 1, 1] < least:
                        least, way = here[j - 1, 1], 7
                    here[j, 0] = cost[b, i - 1, j - 1] + least
                if j > 0:
                    least, second = _first_of_two(here[j - 1, 0], here[j - 1, 1])
                    here[j, 1] = drop_y[b, j - 1] + least
                    way |= second << 3
                if i > 0:
                    least, second = _first_of_two(above[j, 0], above[j, 2])
                    here[j, 2] = drop_x[b, i - 1] + least
                    way |= second << 4
                    least, second = _first_of_two(above[j, 1], above[j, 3])
                    here[j, 3] = drop_x[b, i - 1] + least
                    way |= second << 5
                best = 0
                for state in range(1, 4):
                    if here[j, state] < here[j, best]:
                        best = state
                ways[b, i, j] = way | best << 6
        end = here[y_lengths[b]]
        sums[b] = min(min(end[0], end[1]), min(end[2], end[3]))


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _softmin_2(a, b, gamma):
    least = min(a, b)
    return least - gamma * math.log1p(math.exp((least - max(a, b)) / gamma))


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _softmin_5(a, b, c, d, e, gamma):
    least = min(a, min(min(b, c), min(d, e)))
    total = math.exp((least - a) / gamma) + math.exp((least - b) / gamma)
    total += math.exp((least - c) / gamma) + math.exp((least - d) / gamma)
    return least - gamma * math.log(total + math.exp((least - e) / gamma))


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _smooth(cost, drop_x, drop_y, x_lengths, y_lengths, gamma, tables):
    for b in range(cost.shape[0]):
        table = tables[b]
        for i in range(x_lengths[b] + 1):
            for j in range(y_lengths[b] + 1):
                here = table[i, j]
                if i == 0 and j == 0:
                    here[0] = 0.0
                if i > 0 and j > 0:
                    above, left = table[i - 1, j], table[i, j - 1]
                    corner = table[i - 1, j - 1, 4]
                    least = _softmin_5(corner, above[0], above[2], left[0], left[1], gamma)
                    here[0] = cost[b, i - 1, j - 1] + least
                if j > 0:
                    left = table[i, j - 1]
                    here[1] = drop_y[b, j - 1] + _softmin_2(left[0], left[1], gamma)
                if i > 0:
                    above = table[i - 1, j]
                    here[2] = drop_x[b, i - 1] + _softmin_2(above[0], above[2], gamma)
                    here[3] = drop_x[b, i - 1] + _softmin_2(above[1], above[3], gamma)
                here[4] = _softmin_5(here[0], here[1], here[2], here[3], _HUGE, gamma)


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _share_2(a, b, gamma):
    return 1 / (1 + math.exp((a - b) / gamma))


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _chances(tables, x_lengths, y_lengths, gamma, through, matched, x_dropped, y_dropped):
    ways = np.zeros(5)
    for b in range(tables.shape[0]):
        n, m = x_lengths[b], y_lengths[b]
        table = tables[b]
        through[: n + 1, : m + 1] = 0.0
        through[n, m, 4] = 1.0
        for i in range(n, -1, -1):
            for j in range(m, -1, -1):
                flow = through[i, j]
                if flow[4] > 0:
                    ways[:4] = table[i, j, :4]
                    ways[4] = _HUGE
                    _shares(ways, gamma)
                    for state in range(4):
                        flow[state] += flow[4] * ways[state]
                if flow[0] > 0 and i > 0 and j > 0:
                    matched[b, i - 1, j - 1] = flow[0]
                    ways[0] = table[i - 1, j - 1, 4]
                    ways[1], ways[2] = table[i - 1, j, 0], table[i - 1, j, 2]
                    ways[3], ways[4] = table[i, j - 1, 0], table[i, j - 1, 1]
                    _shares(ways, gamma)
                    through[i - 1, j - 1, 4] += flow[0] * ways[0]
                    through[i - 1, j, 0] += flow[0] * ways[1]
                    through[i - 1, j, 2] += flow[0] * ways[2]
                    through[i, j - 1, 0] += flow[0] * ways[3]
                    through[i, j - 1, 1] += flow[0] * ways[4]
                if flow[1] > 0 and j > 0:
                    y_dropped[b, j - 1] += flow[1]
                    share = _share_2(table[i, j - 1, 0], table[i, j - 1, 1], gamma)
                    through[i, j - 1, 0] += flow[1] * share
                    through[i, j - 1, 1] += flow[1] * (1 - share)
                if flow[2] > 0 and i > 0:
                    x_dropped[b, i - 1] += flow[2]
                    share = _share_2(table[i - 1, j, 0], table[i - 1, j, 2], gamma)
                    through[i - 1, j, 0] += flow[2] * share
                    through[i - 1, j, 2] += flow[2] * (1 - share)
                if flow[3] > 0 and i > 0:
                    x_dropped[b, i - 1] += flow[3]
                    share = _share_2(table[i - 1, j, 1], table[i - 1, j, 3], gamma)
                    through[i - 1, j, 1] += flow[3] * share
                    through[i - 1, j, 3] += flow[3] * (1 - share)


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _shares(ways, gamma):
    """Turn sums into the shares that each has in their smooth minimum; they sum to 1."""
    least = ways.min()
    total = 0.0
    for k in range(ways.shape[0]):
        ways[k] = math.exp((least - ways[k]) / gamma)
        total += ways[k]
    for k in range(ways.shape[0]):
        ways[k] /= total
