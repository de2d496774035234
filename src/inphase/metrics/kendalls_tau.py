"""Kendall's tau: do nearest frames of the other video come in the same order?"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Integer

from inphase.errors import InputError
from inphase.metrics.concordance import concordance
from inphase.metrics.inputs import Pairs, checked_embeddings, checked_pairs
from inphase.metrics.nearest_frames import nearest_frames


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

    All pairs of many videos are fast with numba installed (one float32 product per two pairs,
    near ties settled in float64); without it the result is the same.

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
    # Both orders of a pair come from the same distances.
    wanted = Counter(
        (int(first), int(second)) for first, second in checked_pairs(pairs, len(frames))
    )
    joined = sorted({(min(pair), max(pair)) for pair in wanted})
    taus = []
    for (first, second), forth, back in nearest_frames(frames, joined):
        ways = {(first, second): forth, (second, first): back}
        for pair in ways.keys() & wanted.keys():
            tau = _tau(ways[pair], len(frames[pair[1]]), variant)
            if tau is not None:
                taus += [tau] * wanted[pair]
    return math.fsum(taus) / len(taus) if taus else 0.0


def _tau(nearest: Integer[np.ndarray, " n"], candidates: int, variant: str) -> float | None:
    """Tau of a sequence against its own order, None where undefined."""
    n = len(nearest)
    every = n * (n - 1) // 2
    balance, ties = concordance(nearest, candidates)
    if every == 0 or (variant == "b" and ties == every):
        return None
    whole = every if variant == "a" else math.sqrt(every * (every - ties))
    return balance / whole
