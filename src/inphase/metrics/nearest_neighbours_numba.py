"""The k nearest runs of frames from rounded distances, compiled; see `nearest_neighbours`.

Numba cannot compile functions that a type checker has wrapped: hence `no_type_check`.
"""

from typing import no_type_check

import numpy as np
from numba import njit


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def nearest_runs(distances, slack, own, block, runs, k, fold):
    """The k nearest runs (R', k), nearest first; of fewer, the last one again and again.

    Args:
        distances: Rounded squared distances (R', R) of a block of runs to all; is written to.
        slack: How much farther than the k-th smallest (R',) the k-th nearest can seem to be.
        own: First and last run of the video that each is of (R', 2), which are left out.
        block: The runs (R', D) of the block, exact.
        runs: All runs (R, D), exact.
        k: How many.
        fold: The smallest of each so many columns bound the k-th smallest of all.
    """
    m = distances.shape[1]
    # Columns that are alike, neighbours in time, are in different folds.
    folds, deep = (m // fold, fold) if m // fold > 4 * k else (m, 1)
    found = np.empty((len(distances), k), dtype=np.int64)
    smallest = np.empty(folds, dtype=distances.dtype)
    least = np.empty(min(k, m), dtype=distances.dtype)
    columns, exact = np.empty(m, dtype=np.int64), np.empty(m)
    most = np.finfo(distances.dtype).max
    for i in range(len(distances)):
        row = distances[i]
        row[own[i, 0] : own[i, 1]] = np.inf
        smallest[:] = row[:folds]
        for layer in range(1, deep):
            here = row[layer * folds : (layer + 1) * folds]
            for j in range(folds):
                smallest[j] = here[j] if here[j] < smallest[j] else smallest[j]
        limit = _smallest(smallest, least) + slack[i]
        # Finite, so that a video's own runs stay out also where there are fewer others than k.
        limit = limit if limit < most else most
        count = 0
        for j in range(folds):
            if smallest[j] <= limit:
                for column in range(j, folds * deep, folds):
                    if row[column] <= limit:
                        columns[count] = column
                        count += 1
        for column in range(folds * deep, m):
            if row[column] <= limit:
                columns[count] = column
                count += 1
        _measure(block[i], runs, columns[:count], exact)
        _first(exact[:count], columns, found[i])
    return found


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _smallest(values, least):
    """The k-th smallest of values, where `least` has room for k."""
    last = len(least) - 1
    least[:] = np.inf
    for value in values:
        if value < least[last]:
            place = last
            while place > 0 and value < least[place - 1]:
                least[place] = least[place - 1]
                place -= 1
            least[place] = value
    return least[last]


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _measure(frame, runs, columns, exact):
    """Squared distances to the runs of some columns, summed dimension by dimension.

    Four at a time, whose sums do not wait for each other.
    """
    count = len(columns)
    for p in range(0, count, 4):
        last = count - 1
        p1, p2, p3 = min(p + 1, last), min(p + 2, last), min(p + 3, last)
        one, two = runs[columns[p]], runs[columns[p1]]
        three, four = runs[columns[p2]], runs[columns[p3]]
        a = b = c = e = 0.0
        for d in range(len(frame)):
            x = frame[d]
            a += (x - one[d]) * (x - one[d])
            b += (x - two[d]) * (x - two[d])
            c += (x - three[d]) * (x - three[d])
            e += (x - four[d]) * (x - four[d])
        exact[p], exact[p1], exact[p2], exact[p3] = a, b, c, e


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check
def _first(exact, columns, found):
    """The columns of the smallest, in order; of equals the first column comes first."""
    k, kept = len(found), 0
    best = np.empty(k)
    for p in range(len(exact)):
        distance, column = exact[p], columns[p]
        place = kept
        while place > 0 and (
            distance < best[place - 1]
            or (distance == best[place - 1] and column < found[place - 1])
        ):
            place -= 1
        if place == k:
            continue
        kept = min(kept + 1, k)
        for later in range(kept - 1, place, -1):
            best[later], found[later] = best[later - 1], found[later - 1]
        best[place], found[place] = distance, column
    found[kept:] = found[kept - 1]
