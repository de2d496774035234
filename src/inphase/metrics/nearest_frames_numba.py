"""Nearest frames from rounded distances, compiled; see `nearest_frames`.

Numba cannot compile functions that a type checker has wrapped: hence `no_type_check`.
"""

from typing import no_type_check

import numpy as np
from numba import njit


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def both_ways(distances, x, y, x_slack, y_slack, x_repeats, y_repeats):
    """Nearest frame of y for each of x, and of x for each of y.

    Args:
        distances: Rounded squared distances (N, M), in any unit.
        x: Frames (N, D), exact.
        y: Frames (M, D), exact.
        x_slack: How much more than the smallest of a row (N,) the nearest can seem to be.
        y_slack: The same of a column (M,).
        x_repeats: Whether a frame is the same as the one before it.
        y_repeats: The same.
    """
    n, m = distances.shape
    row_limit, column_limit = _smallest(distances)
    row_limit += x_slack
    column_limit += y_slack
    row_count, row_first, column_count, column_first = _within(distances, row_limit, column_limit)
    of_x, of_y = np.empty(n, dtype=np.int64), np.empty(m, dtype=np.int64)
    for i in range(n):
        of_x[i] = row_first[i]
        if row_count[i] > 1:
            of_x[i] = _nearest(x[i], y, distances[i], row_limit[i], row_first[i], y_repeats)
    for j in range(m):
        of_y[j] = column_first[j]
        if column_count[j] > 1:
            of_y[j] = _nearest(
                y[j], x, distances[:, j], column_limit[j], column_first[j], x_repeats
            )
    return of_x, of_y


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def with_each(distances, ends, x, ys, x_slack, y_slack, x_repeats, y_repeats):
    """Go `both_ways` with each of several videos y, whose frames (F, D) are on end.

    Video v ends before frame ends[v]; distances are (N, F), and so on. Gives the nearest frames
    of each video for each of x (V, N), and of x for each of all y (F,).
    """
    of_x = np.empty((len(ends), len(x)), dtype=np.int64)
    of_y = np.empty(len(ys), dtype=np.int64)
    a = 0
    for video in range(len(ends)):
        b = ends[video]
        of_x[video], of_y[a:b] = both_ways(
            np.ascontiguousarray(distances[:, a:b]),
            x,
            ys[a:b],
            x_slack,
            y_slack[a:b],
            x_repeats,
            y_repeats[a:b],
        )
        a = b
    return of_x, of_y


@njit(nogil=True, cache=True, error_model="numpy", fastmath=True)
@no_type_check
def _smallest(distances):
    """Smallest of each row and each column."""
    n, m = distances.shape
    rows = np.empty(n, dtype=np.float32)
    columns = np.full(m, np.float32(3e38), dtype=np.float32)
    for i in range(n):
        row = distances[i]
        smallest = row[0]
        for j in range(m):
            d = row[j]
            smallest = d if d < smallest else smallest
            columns[j] = d if d < columns[j] else columns[j]
        rows[i] = smallest
    return rows, columns


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _within(distances, row_limit, column_limit):
    """How many of each row and column are within its limit, and the first that is."""
    n, m = distances.shape
    row_count, row_first = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
    column_count = np.zeros(m, dtype=np.int32)
    column_first = np.full(m, n, dtype=np.int32)
    for i in range(n):
        row, limit, here = distances[i], row_limit[i], np.int32(i)
        count, first = np.int32(0), np.int32(m)
        for j in range(m):
            d = row[j]
            index = np.int32(j) if d <= limit else np.int32(m)
            first = index if index < first else first
            count += np.int32(d <= limit)
            inside = d <= column_limit[j]
            index = here if inside else np.int32(n)
            column_first[j] = index if index < column_first[j] else column_first[j]
            column_count[j] += np.int32(inside)
        row_count[i], row_first[i] = count, first
    return row_count, row_first, column_count, column_first


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _nearest(frame, others, rounded, limit, first, repeats):
    """The first of the nearest among those within the limit, by sums in the order of dimensions.

    All that are truly nearest are within it, so of frames that repeat each other the first is.
    """
    best, nearest = np.inf, first
    for k in range(first, len(rounded)):
        if rounded[k] <= limit and not repeats[k]:
            total = 0.0
            for d in range(len(frame)):
                difference = frame[d] - others[k, d]
                total += difference * difference
            if total < best:
                best, nearest = total, k
                if total == 0.0:
                    break
    return nearest
