"""Kendall's tau: do nearest frames of the other video come in the same order?"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Integer

from inphase.errors import InputError
from inphase.metrics.inputs import Pairs, checked_embeddings, checked_pairs, squared_distances


def kendalls_tau(
    embeddings: Sequence[Float[np.ndarray, "..."]],
    *,
    stride: int = 1,
    variant: str = "b",
    pairs: Pairs | None = None,
) -> float:
    r"""Measure how well the order of nearest neighbours follows the order of the frames.

    For a pair of videos, frame $i$ of the first has the nearest frame $n_i$ of the second
    (squared Euclidean distance, the first of equals). Over all $i < j$ of the N query frames, with
    C pairs in order ($n_i < n_j$), E against it and T tied,

    $$\tau_a = \frac{C - E}{N(N-1)/2},\qquad
      \tau_b = \frac{C - E}{\sqrt{(C + E)\,(C + E + T)}}.$$

    Range -1 to 1, higher is better. A pitfall: an embedding that is elapsed time alone, no
    pixels, gets .99, so tau says nothing without that control beside it.

    Pairs with an undefined tau (a single query frame; for tau-b also one nearest frame for all)
    are left out of the mean, as in the published code. Where none is left, as for a wholly
    collapsed embedding, the result is 0.

    Source: Dwibedi et al., TCC, CVPR 2019, whose text has tau-a; its code and all that followed
    use SciPy's default, tau-b.

    Args:
        embeddings: Frames of each video (T, D), in order, compared as given: scale them to unit
            length first for cosine distance.
        stride: Use every `stride`-th frame of queries and candidates.
        variant: "a" or "b".
        pairs: Pairs (query video, candidate video) to average over; all ordered pairs if None.

    Raises:
        InputError: If the embeddings cannot be compared or `variant` is another.
    """
    if variant not in ("a", "b"):
        raise InputError(f"variant must be 'a' or 'b', not '{variant}'.")
    frames = checked_embeddings(embeddings, stride)
    taus = []
    for first, second in checked_pairs(pairs, len(frames)):
        nearest = squared_distances(frames[first], frames[second]).argmin(axis=1)
        tau = _tau(nearest, variant)
        if tau is not None:
            taus.append(tau)
    return float(np.mean(taus)) if taus else 0.0


def _tau(nearest: Integer[np.ndarray, " n"], variant: str) -> float | None:
    """Tau of a sequence against its own order, None where undefined."""
    n = len(nearest)
    every = n * (n - 1) // 2
    ties = sum(int(c) * (int(c) - 1) // 2 for c in np.unique(nearest, return_counts=True)[1])
    if every == 0 or (variant == "b" and ties == every):
        return None
    whole = every if variant == "a" else math.sqrt(every * (every - ties))
    return _in_order_less_against(nearest) / whole


def _in_order_less_against(nearest: Integer[np.ndarray, " n"], block: int = 512) -> int:
    """C - E, from all pairs at once, a block of earlier frames at a time to bound memory."""
    balance = 0
    for start in range(0, len(nearest), block):
        later = nearest[None, start:]
        earlier = nearest[start : start + block, None]
        sign = (later > earlier).astype(np.int8) - (later < earlier)
        balance += int(np.triu(sign, 1).sum())
    return balance
