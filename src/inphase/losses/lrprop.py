"""Position propagation: the alignment of two videos tells which of their frames are alike."""

import math

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from inphase.losses.inputs import Pairs, check_numbers, check_rows, pairs_of, unit_frames
from inphase.losses.propagation import propagated_times
from inphase.losses.soft_targets import cross_entropy, mean_of_rows, time_target
from inphase.warping import soft_dtw_from_cost
from inphase.warping.inputs import in_full_precision


def _row(frames: int, soft_dtw_weight: float) -> dict[str, int | float]:
    return {"frames": frames, "propagation_weight": 0.01, "soft_dtw_weight": soft_dtw_weight}


# Table 5: T, lambda 1 and lambda 2 of each model. Its cells are merged over rows, and their borders
# are lost in the text that this was read from: a cell is taken to hold until the next one. Not
# legible: how far down the only lambda 1 goes (taken: to the end), and which column the 0.8 beside
# "pullup" is in (taken: lambda 2, to the end; it is no T, and lambda 1 has but one number).
TABLE_5 = {
    "jumping_jacks": _row(20, 0.4),
    "tennis_serve": _row(40, 0.003),
    "tennis_forehand": _row(40, 0.003),
    "baseball_swing": _row(40, 0.003),
    "bowl": _row(60, 0.001),
    "situp": _row(80, 0.4),
    "bench_press": _row(80, 0.4),
    "baseball_pitch": _row(80, 0.4),
    "golf_swing": _row(80, 0.4),
    "pushup": _row(80, 0.4),
    "squat": _row(80, 0.4),
    "pullup": _row(80, 0.8),
    "clean_and_jerk": _row(80, 0.8),
    "pouring": _row(240, 0.8),
}


@in_full_precision
def lrprop(
    z: Float[Tensor, "rows time dim"],
    times: Float[Tensor, "rows time"],
    mask: Bool[Tensor, "rows time"],
    *,
    videos: Int64[Tensor, " rows"],
    pairs: Pairs | None = None,
    temperature: float | int = 0.1,
    variance: float | int = 10.0,
    propagation_weight: float | int = 0.01,
    soft_dtw_weight: float | int = 0.4,
    gamma: float | int = 0.1,
    per_frame: bool = True,
) -> Float[Tensor, ""]:
    r"""Frames that are alike should be those close in time, also by way of an alignment.

    For frame j of row B, the similarities to the frames of row A follow
    $Q(i|j) = \mathrm{softmax}_i(\cos(z^A_i, z^B_j) / \tau)$. They should follow a Gaussian of the
    distance in time. For two views of one video that is

    $$P(i|j) = \mathrm{softmax}_i\big(-(s^B_j - s^A_i)^2 / 2\sigma^2\big).$$

    For two videos, frame i of A is carried to the time in B of the first frame $\pi(i)$ that DTW
    matches it with,

    $$P(i|j) = \mathrm{softmax}_i\big(-(s^B_j - s^B_{\pi(i)})^2 / 2\sigma^2\big).$$

    With K the mean over j of $\mathrm{KL}(P(\cdot|j) \Vert Q(\cdot|j))$, a pair costs K if it is
    of one video, else $\lambda_1 K + \lambda_2 \, \mathrm{sdtw}^\gamma(D)$, with
    $D_{ij} = \lVert z^A_i - z^B_j \rVert$, not squared. Pairs are averaged. The DTW path is that of
    D; it is taken as given, without gradient.

    The paper's step takes two views of each of two videos of one activity: rows A, A, B, B, and
    pairs 0-1 and 2-3 of one video and 0-2 and 1-3 of two. Pairs of one video alone make it `scl`
    (half of it, less a constant); without them nothing keeps soft-DTW from giving all frames one
    embedding. `inphase.losses.pcl` matches fewer frames, of which it is surer.

    Source: Bar-Shalom, Leifman, Elad, Rivlin, "Weakly-supervised Representation Learning for Video
    Alignment and Analysis" (LRProp), 2023, equations 1 to 12. No code was released. Deviations and
    readings: a pair is taken in both orders and K averaged, as (A, B) and (B, A) are both pairs of
    theirs; embeddings have length 1 in D, as else soft-DTW shrinks them and the cosine does not
    see it; soft-DTW is divided by the frames, as K is (their equation 10 does not: see
    `per_frame`); $\gamma$, which is not given, is LAV's. The weights are those of most activities
    in their Table 5, all of which is in `TABLE_5`.

    Args:
        z: Projected embeddings of any length: they are normalised here.
        times: When each frame is shown, in frames of the original video (the paper's $S$).
        mask: True where the frame is real and not padding.
        videos: Which video each row is of.
        pairs: Which rows are compared; rows 0 and 1, 2 and 3, and so on, if None.
        temperature: $\tau$, 0.1 in the paper.
        variance: $\sigma^2$ of the Gaussian in frames squared, 10 in the paper.
        propagation_weight: $\lambda_1$.
        soft_dtw_weight: $\lambda_2$.
        gamma: Smoothing of soft-DTW, in the unit of D, which is from 0 to 2.
        per_frame: Whether soft-DTW is divided by the mean number of frames of the two rows.
            Without it, the weights of Table 5 would have it outweigh all else at 80 frames.

    Raises:
        InputError: If the shapes disagree, a row has no frame, or gamma is not above 0.

    Example:
        >>> import torch
        >>> z = torch.eye(2).expand(2, 2, 2)
        >>> times = torch.tensor([0.0, 100.0]).expand(2, 2)
        >>> mask = torch.ones(2, 2, dtype=torch.bool)
        >>> round(lrprop(z, times, mask, videos=torch.tensor([0, 0])).item(), 6)
        4.5e-05
    """
    check_rows(z, times, mask)
    check_numbers(videos, mask, "videos")
    one, other = pairs_of(mask, pairs).T
    z = unit_frames(z, mask)
    cosine = z[one] @ z[other].mT
    moved_one, moved_other = times[one], times[other]
    apart = (videos[one] != videos[other]).nonzero()[:, 0]
    alignment_cost = cosine.new_zeros(())
    if len(apart):
        distance = _distance(cosine[apart])
        lengths = mask[one[apart]].sum(-1), mask[other[apart]].sum(-1)
        moved = propagated_times(distance, (moved_one[apart], moved_other[apart]), lengths)
        moved_one = moved_one.index_copy(0, apart, moved[0])
        moved_other = moved_other.index_copy(0, apart, moved[1])
        if soft_dtw_weight:
            cost = soft_dtw_from_cost(
                distance, gamma=gamma, x_lengths=lengths[0], y_lengths=lengths[1]
            )
            frames = (lengths[0] + lengths[1]) / 2 if per_frame else 1
            alignment_cost = soft_dtw_weight * (cost / frames).sum()
    # Rows are the frames j that look, columns the frames i that are looked at.
    onto_one = _closeness(times[other], moved_one, variance)
    onto_other = _closeness(times[one], moved_other, variance)
    similarity = cosine / temperature
    divergence = _divergence(similarity.mT, onto_one, mask[other], mask[one])
    divergence = divergence + _divergence(similarity, onto_other, mask[one], mask[other])
    weights = divergence.new_ones(len(one)).index_fill(0, apart, propagation_weight)
    return (alignment_cost + (weights * divergence / 2).sum()) / len(one)


def _closeness(
    of: Float[Tensor, "pairs a"], to: Float[Tensor, "pairs b"], variance: float | int
) -> Float[Tensor, "pairs a b"]:
    return -((of[:, :, None] - to[:, None]) ** 2) / (2 * variance)


def _divergence(
    similarity: Float[Tensor, "pairs a b"],
    closeness: Float[Tensor, "pairs a b"],
    rows: Bool[Tensor, "pairs a"],
    columns: Bool[Tensor, "pairs b"],
) -> Float[Tensor, " pairs"]:
    """Mean KL divergence over real rows: the cross-entropy less the entropy."""
    target = time_target(closeness, columns)
    # The normaliser is seen where the target is largest; a second sum of powers takes longer.
    largest = closeness.masked_fill(~columns[:, None], -math.inf).amax(-1)
    entropy = largest - target.amax(-1).log() - (target * closeness).sum(-1)
    return cross_entropy(similarity, target, rows, columns) - mean_of_rows(entropy, rows)


def _distance(cosine: Float[Tensor, "pairs a b"]) -> Float[Tensor, "pairs a b"]:
    # The slope of the root has no end at 0: frames nearer than rounding can tell have none.
    return (2 - 2 * cosine).clamp_min(4 * torch.finfo(cosine.dtype).eps).sqrt()
