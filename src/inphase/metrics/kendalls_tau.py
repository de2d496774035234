"""Kendall's tau: do corresponding frames of the other video come in the same order?"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float, Integer

from inphase.errors import InputError
from inphase.metrics.concordance import concordance
from inphase.metrics.dtw_paths import dtw_paths
from inphase.metrics.inputs import Frames, Pairs, checked_embeddings, checked_pairs
from inphase.metrics.nearest_frames import nearest_in_pairs


def kendalls_tau(
    embeddings: Sequence[Float[np.ndarray, "..."]],
    *,
    stride: int = 1,
    variant: str = "b",
    correspondence: str = "nearest",
    undefined: str = "drop",
    pairs: Pairs | None = None,
) -> float:
    r"""Measure how well the order of corresponding frames follows the order of the frames.

    For a pair of videos, frame $i$ of the first has the nearest frame $n_i$ of the second
    (squared Euclidean distance, the first of equals). Over all $i < j$ of the N query frames, with
    C pairs in order ($n_i < n_j$), E against it and T tied,

    $$\tau_a = \frac{C - E}{N(N-1)/2},\qquad
      \tau_b = \frac{C - E}{\sqrt{(C + E)\,(C + E + T)}}.$$

    Range -1 to 1, higher is better. A pitfall: an embedding that is elapsed time alone, no
    pixels, gets .99, so tau says nothing without that control beside it. With "dtw", $n_i$ is the
    middle of the frames that the DTW path joins to frame $i$: it never goes back, so tau is never
    negative and only counts ties, near 1 whatever the embedding.

    Tau is undefined for a single query frame, and tau-b also where one frame is the nearest of
    all. Such pairs are left out of the mean, as in the published code, or count as 0 if asked.
    Where none is left, as for a wholly collapsed embedding, the result is 0.

    All pairs of many videos are fast with numba installed (one float32 product per two pairs,
    near ties settled in float64); without it the result is the same.

    Source: Dwibedi et al., TCC, CVPR 2019, whose text has tau-a; its code and all that followed
    use SciPy's default, tau-b, and leave NaN out.

    Args:
        embeddings: Frames of each video (T, D), in order, compared as given: scale them to unit
            length first for cosine distance.
        stride: Use every `stride`-th frame of queries and candidates.
        variant: "a" or "b".
        correspondence: "nearest" frame, or "dtw".
        undefined: "drop" pairs whose tau is undefined, or count them as "zero".
        pairs: Pairs (query video, candidate video) to average over; all ordered pairs if None.

    Raises:
        InputError: If the embeddings cannot be compared or a setting is another.
    """
    for name, value, known in (
        ("variant", variant, ("a", "b")),
        ("correspondence", correspondence, ("nearest", "dtw")),
        ("undefined", undefined, ("drop", "zero")),
    ):
        if value not in known:
            raise InputError(f"{name} must be '{known[0]}' or '{known[1]}', not '{value}'.")
    frames = checked_embeddings(embeddings, stride)
    wanted = checked_pairs(pairs, len(frames))
    corresponding = nearest_in_pairs if correspondence == "nearest" else _joined_in_pairs
    taus = []
    for (_, candidate), sequence, times in corresponding(frames, wanted):
        tau = tau_of_order(sequence, 2 * len(frames[candidate]), variant)
        if tau is not None or undefined == "zero":
            taus += [tau or 0.0] * times
    return math.fsum(taus) / len(taus) if taus else 0.0


def _joined_in_pairs(
    frames: Frames, pairs: Pairs
) -> Iterator[tuple[tuple[int, int], Integer[np.ndarray, "_"], int]]:
    """As `nearest_in_pairs`, but twice the middle of the frames that DTW joins to each."""
    for pair, path in dtw_paths(frames, pairs):
        begins = np.searchsorted(path[:, 0], np.arange(len(frames[pair[0]]) + 1))
        yield pair, path[begins[:-1], 1] + path[begins[1:] - 1, 1], 1


def tau_of_order(sequence: Integer[np.ndarray, " n"], values: int, variant: str) -> float | None:
    """Tau of a sequence of numbers below `values` against its own order, None where undefined."""
    n = len(sequence)
    every = n * (n - 1) // 2
    balance, ties = concordance(sequence, values)
    if every == 0 or (variant == "b" and ties == every):
        return None
    whole = every if variant == "a" else math.sqrt(every * (every - ties))
    return balance / whole
