"""Squared distances of pairs of frames, compiled; see `nearest_neighbours`."""

from typing import no_type_check

import numpy as np
from numba import njit


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check  # Numba cannot compile functions that a type checker has wrapped.
def measured(frames, first, second):
    """Squared distances (P,) of frames of (N, D), summed dimension by dimension.

    Four pairs at a time, whose sums do not wait for each other.
    """
    pairs, dimensions = len(first), frames.shape[1]
    exact = np.zeros(pairs)
    whole = pairs - pairs % 4
    for p in range(0, whole, 4):
        a = b = c = e = 0.0
        for d in range(dimensions):
            one = frames[first[p], d] - frames[second[p], d]
            two = frames[first[p + 1], d] - frames[second[p + 1], d]
            three = frames[first[p + 2], d] - frames[second[p + 2], d]
            four = frames[first[p + 3], d] - frames[second[p + 3], d]
            a += one * one
            b += two * two
            c += three * three
            e += four * four
        exact[p], exact[p + 1], exact[p + 2], exact[p + 3] = a, b, c, e
    for p in range(whole, pairs):
        for d in range(dimensions):
            one = frames[first[p], d] - frames[second[p], d]
            exact[p] += one * one
    return exact
