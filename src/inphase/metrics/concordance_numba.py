"""Counting pairs in order in O(N log M), compiled; see `concordance`."""

from typing import no_type_check

import numpy as np
from numba import njit


@njit(nogil=True, cache=True, error_model="numpy")
@no_type_check  # Numba cannot compile functions that a type checker has wrapped.
def concordances(together, ends):
    """Pairs in order less pairs against it, and tied pairs, of sequences that are on end.

    A binary indexed tree (Fenwick, Software: Practice and Experience 1994) counts, for each value
    of a sequence, the earlier ones up to it and the earlier ones below it.
    """
    balances, all_ties = np.zeros(len(ends), np.int64), np.zeros(len(ends), np.int64)
    most = 1 + together.max() if len(together) else 0
    tree = np.zeros(most + 1, dtype=np.int64)
    begin = 0
    for sequence in range(len(ends)):
        end = ends[sequence]
        values = 1 + together[begin:end].max() if end > begin else 0
        tree[: values + 1] = 0
        balance = ties = 0
        for i in range(begin, end):
            value = together[i]
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
            balance += below - (i - begin - up_to)
            ties += up_to - below
            k = value + 1
            while k <= values:
                tree[k] += 1
                k += k & -k
        balances[sequence], all_ties[sequence] = balance, ties
        begin = end
    return balances, all_ties
