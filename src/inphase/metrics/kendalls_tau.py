"""Kendall's tau: do corresponding frames of the other video come in the same order?"""

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from jaxtyping import Float, Float64, Integer

from inphase.errors import InputError
from inphase.metrics.concordance import concordances
from inphase.metrics.dtw_paths import dtw_paths
from inphase.metrics.inputs import Frames, Pairs, checked_embeddings, checked_pairs
from inphase.metrics.nearest_frames import nearest_in_pairs

# A pair of videos, a number for each frame of the first, and how often the pair is asked for.
Corresponding = tuple[tuple[int, int], Integer[np.ndarray, "_"], int]
# Frames of sequences that are counted at once.
_FRAMES = 2**16


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
    _, found, times = taus(corresponding(frames, wanted), variant)
    found = found.repeat(times)
    found = np.nan_to_num(found) if undefined == "zero" else found[~np.isnan(found)]
    return math.fsum(found) / len(found) if len(found) else 0.0


def _joined_in_pairs(frames: Frames, pairs: Pairs) -> Iterator[Corresponding]:
    """As `nearest_in_pairs`, but twice the middle of the frames that DTW joins to each."""
    for pair, path in dtw_paths(frames, pairs):
        begins = np.searchsorted(path[:, 0], np.arange(len(frames[pair[0]]) + 1))
        yield pair, path[begins[:-1], 1] + path[begins[1:] - 1, 1], 1


def taus(
    found: Iterable[Corresponding], variant: str
) -> tuple[
    Integer[np.ndarray, "pairs 2"], Float64[np.ndarray, " pairs"], Integer[np.ndarray, " pairs"]
]:
    """Pairs of videos, tau of each, NaN where undefined, and how often it is asked for.

    Args:
        found: Each pair, the corresponding frames and how often they are asked for.
        variant: "a" or "b".
    """
    pairs: list[tuple[int, int]] = []
    times: list[int] = []
    values = [np.empty(0)]
    for batch in _batches(found):
        of_batch, sequences, asked = zip(*batch, strict=True)
        pairs += of_batch
        times += asked
        lengths = np.array([len(each) for each in sequences])
        every = lengths * (lengths - 1) / 2
        balances, ties = concordances(sequences)
        whole = every if variant == "a" else np.sqrt(every * (every - ties))
        values.append(np.divide(balances, whole, out=np.full(len(whole), np.nan), where=whole > 0))
    return (
        np.array(pairs, dtype=np.int64).reshape(-1, 2),
        np.concatenate(values),
        np.array(times, dtype=np.int64),
    )


def _batches(found: Iterable[Corresponding]) -> Iterator[list[Corresponding]]:
    """As many at once as keep memory small."""
    batch, size = [], 0
    for each in found:
        batch.append(each)
        size += len(each[1])
        if size >= _FRAMES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
