"""The mean of several sequences that differ in speed."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from inphase.errors import InputError
from inphase.warping.inputs import check_finite_frames, checked_gamma
from inphase.warping.soft_dtw import Distance, soft_dtw


def barycenter(
    series: Sequence[Float[Tensor, "_ d"]],
    *,
    length: int | None = None,
    init: Shaped[Tensor, "..."] | None = None,
    gamma: float | int = 1.0,
    weights: Sequence[float] | Shaped[Tensor, "..."] | None = None,
    distance: Distance = "squared_euclidean",
    iterations: int = 100,
    tolerance: float | int = 1e-5,
) -> Float[Tensor, "frames d"]:
    r"""Find the sequence from which all others are the least warped: a template of an activity.

    $$\min_{z \in \mathbb{R}^{L \times D}}\
    \sum_i \frac{w_i}{T_i}\, \mathrm{softDTW}_\gamma(z, x_i),$$

    over sequences of the given length, by L-BFGS with a strong Wolfe line search. A mean of frames
    at equal shares of time blurs what happens early in one video and late in another; this does
    not. The problem is not convex: the answer is a local minimum near the start. All series are
    warped in one batch.

    Source: Cuturi and Blondel, "Soft-DTW: a Differentiable Loss Function for Time-Series",
    ICML 2017, section 4.1. Deviation: none (tslearn leaves out the division by length).

    Args:
        series: Sequences (T_i, D), of any lengths.
        length: Number of frames of the answer; the median of the lengths if neither it nor
            `init` is given.
        init: Where to start (length, D); else the mean of all, stretched evenly to one length.
        gamma: Smoothing of soft-DTW, in the unit of the distance.
        weights: How much each counts, 0 or more; scaled to sum to 1. Equal if not given.
        distance: Of frames, as for `soft_dtw`.
        iterations: Most steps of L-BFGS.
        tolerance: Ends when no number of the gradient is larger, or the value moves by less than a
            thousandth of it.

    Returns:
        The sequence (length, D), without gradient.

    Raises:
        InputError: If there are no series or they disagree in dimension, type or device, are empty
            or not finite, or if length, start or weights do not fit them.
    """
    checked_gamma(gamma)
    _check(series, length, init)
    shares = _shares(weights, series)
    lengths = np.array([len(each) for each in series], np.int64)
    padded = pad_sequence([each.detach() for each in series], batch_first=True)
    check_finite_frames(padded, lengths, "series")
    if init is None:
        init = _mean_in_time(series, shares, length or max(1, round(float(np.median(lengths)))))
    mean = init.detach().clone().requires_grad_()
    scale = shares / torch.from_numpy(lengths).to(shares)
    optimizer = torch.optim.LBFGS(
        [mean], max_iter=iterations, tolerance_grad=tolerance, tolerance_change=1e-3 * tolerance,
        line_search_fn="strong_wolfe",
    )  # fmt: skip

    def value() -> Tensor:
        optimizer.zero_grad()
        warped = soft_dtw(
            mean.expand(len(series), -1, -1), padded, gamma=gamma, y_lengths=lengths,
            distance=distance,
        )  # fmt: skip
        total = (scale * warped).sum()
        total.backward()
        return total

    with torch.enable_grad():
        optimizer.step(value)
    return mean.detach()


def _check(series: Sequence[Tensor], length: int | None, init: Tensor | None) -> None:
    if len(series) == 0:
        raise InputError("a barycenter needs at least one sequence, but none was given")
    first = series[0]
    for each in series:
        if each.ndim != 2 or 0 in each.shape or each.shape[1] != first.shape[1]:
            raise InputError(
                "series must all be shaped (frames, dim), of one dim and at least one frame, "
                f"not {tuple(first.shape)} and {tuple(each.shape)}"
            )
        if each.dtype != first.dtype or each.device != first.device:
            raise InputError("series must all be of one type and on one device")
    if length is not None and length < 1:
        raise InputError(f"the length must be at least 1 frame, not {length}")
    if init is not None and (init.ndim != 2 or init.shape[1] != first.shape[1]):
        raise InputError(f"init must be shaped (length, {first.shape[1]}), not {tuple(init.shape)}")
    if init is not None and length not in (None, len(init)):
        raise InputError(f"init has {len(init)} frames, but the length asked for is {length}")


def _shares(
    weights: Sequence[float] | Tensor | None, series: Sequence[Tensor]
) -> Float[Tensor, " series"]:
    if weights is None:
        return series[0].new_full((len(series),), 1 / len(series))
    given = torch.as_tensor(weights).to(series[0])
    if given.shape != (len(series),) or not (torch.isfinite(given) & (given >= 0)).all():
        raise InputError(f"weights must be {len(series)} finite numbers of 0 or more, one a series")
    if not given.sum() > 0:
        raise InputError("at least one weight must be above 0")
    return given / given.sum()


def _mean_in_time(series: Sequence[Tensor], shares: Tensor, length: int) -> Tensor:
    """Weighted mean of all, each stretched evenly to `length` frames."""
    mean = torch.zeros_like(series[0][:1]).repeat(length, 1)
    for each, share in zip(series, shares, strict=True):
        places = torch.linspace(0, len(each) - 1, length).to(each)
        low = places.long().clamp(max=max(len(each) - 2, 0))
        high = (low + 1).clamp(max=len(each) - 1)
        mean += share * torch.lerp(each.detach()[low], each.detach()[high], (places - low)[:, None])
    return mean
