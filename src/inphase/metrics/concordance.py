"""How many pairs of a sequence are in order, against it, or tied: all that Kendall's tau needs."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64, Integer

from inphase.warping.routes import pick

Counts = Int64[np.ndarray, " sequences"]


def concordances(sequences: Sequence[Integer[np.ndarray, "_"]]) -> tuple[Counts, Counts]:
    """Pairs in order less pairs against it, and tied pairs, over all i < j of each sequence.

    Args:
        sequences: Whole numbers from 0, of as many values as there are places, not many more.
    """
    if pick("cpu") != "numba":
        balances = [_in_order_less_against(each) for each in sequences]
        return np.array(balances, np.int64), np.array([_ties(each) for each in sequences], np.int64)
    from inphase.metrics import concordance_numba

    ends = np.cumsum([len(each) for each in sequences], dtype=np.int64)
    together = np.concatenate([np.empty(0, np.int64), *sequences])
    return concordance_numba.concordances(together, ends)


def _ties(sequence: Integer[np.ndarray, " n"]) -> int:
    counts = np.unique(sequence, return_counts=True)[1]
    return sum(int(c) * (int(c) - 1) // 2 for c in counts)


def _in_order_less_against(sequence: Integer[np.ndarray, " n"], block: int = 512) -> int:
    """From all pairs at once, a block of earlier ones at a time to bound memory."""
    balance = 0
    for start in range(0, len(sequence), block):
        later = sequence[None, start:]
        earlier = sequence[start : start + block, None]
        sign = (later > earlier).astype(np.int8) - (later < earlier)
        balance += int(np.triu(sign, 1).sum())
    return balance
