"""How many pairs of a sequence are in order, against it, or tied: all that Kendall's tau needs."""

import numpy as np
from jaxtyping import Integer

from inphase.warping.routes import pick


def concordance(sequence: Integer[np.ndarray, " n"], values: int) -> tuple[int, int]:
    """Pairs in order less pairs against it, and tied pairs, over all i < j.

    Args:
        sequence: Whole numbers (N,) from 0 to `values` - 1.
        values: How many values there can be.
    """
    if pick("cpu") != "numba":
        return _in_order_less_against(sequence), _ties(sequence)
    from inphase.metrics import concordance_numba

    balance, ties = concordance_numba.concordance(sequence, values)
    return int(balance), int(ties)


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
