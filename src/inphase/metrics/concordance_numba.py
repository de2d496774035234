"""Counting pairs in order in O(N log M), compiled; see `concordance`."""

from typing import no_type_check

import numpy as np
from numba import njit


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check  # Numba cannot compile functions that a type checker has wrapped.
def concordance(sequence, values):
    """Pairs in order less pairs against it, and tied pairs.

    A binary indexed tree (Fenwick, Software: Practice and Experience 1994) counts, for each value
    of the sequence, the earlier ones up to it and the earlier ones below it.
    """
    tree = np.zeros(values + 1, dtype=np.int64)
    balance = ties = 0
    for i in range(len(sequence)):
        value = sequence[i]
        below = 0
        k = value
        while k > 0:
            below += tree[k]
            k &= k - 1
        up_to = 0
        k = value + 1
        while k > 0:
            up_to += tree[k]
            k &= k - 1
        balance += below - (i - up_to)
        ties += up_to - below
        k = value + 1
        while k <= values:
            tree[k] += 1
            k += k & -k
    return balance, ties
