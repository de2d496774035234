"""Smooth dynamic time warping by expectation, and the contrastive cost that goes with it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F

from inphase.warping import routes
from inphase.warping.diagonals import skewed, unskewed
from inphase.warping.inputs import (
    Lengths,
    check_finite_cost,
    check_finite_frames,
    checked_cost,
    checked_gamma,
    checked_lengths,
    checked_pairs,
    in_full_precision,
    real_frames,
)


@dataclass(frozen=True, eq=False)
class SmoothPath:
    """Smooth alignments of a batch of pairs.

    Attributes:
        sums: The table in float64, where the device has it: at small gammas the probabilities of
            steps hang on its last digits.
        dtype: Type of all that is told.
        gamma: The smoothing it was made with.
        x_lengths: Number of real frames of each x.
        y_lengths: Number of real frames of each y.
    """

    sums: Float[Tensor, "b n m"]
    dtype: torch.dtype
    gamma: float
    x_lengths: Int64[np.ndarray, " b"]
    y_lengths: Int64[np.ndarray, " b"]

    @property
    def table(self) -> Float[Tensor, "b n m"]:
        """Cost of aligning the first i + 1 frames of x with the first j + 1 of y; 0 in padding."""
        return self.sums.to(self.dtype)

    @property
    def value(self) -> Float[Tensor, " b"]:
        """Cost of aligning both sequences whole: the last real cell of the table."""
        pairs = torch.arange(len(self.sums), device=self.sums.device)
        ends = self.sums[pairs, _last(self.x_lengths, pairs), _last(self.y_lengths, pairs)]
        return ends.to(self.dtype)

    @property
    def steps(self) -> Float[Tensor, "b n m 3"]:
        """Probability that a path comes into a cell diagonally, along x (rows), along y (columns).

        They sum to 1 but in the first cell, where paths begin, and in padding.
        """
        return _steps(self.sums, self.gamma, self.x_lengths, self.y_lengths).to(self.dtype)

    @property
    def alignment(self) -> Float[Tensor, "b n m"]:
        """Probability that the path leads through each cell; 1 in the first and last, 0 in padding.

        The value is the sum of the costs weighted with it. Differentiable.
        """
        return _alignment(self.steps, self.x_lengths, self.y_lengths)


def smooth_dtw(
    cost: Float[Tensor, "b n m"],
    *,
    gamma: float | int = 0.1,
    x_lengths: Lengths = None,
    y_lengths: Lengths = None,
) -> SmoothPath:
    r"""Align by the expected cost of a random path that prefers cheap ways.

    From the last cell a path walks back to the first, and takes each of the three ways out of a
    cell with a probability that falls with what lies that way:

    $$R_{ij} = C_{ij} + \sum_k p_k R_k, \qquad p = \mathrm{softmax}(-R_k / \gamma), \qquad
    k \in \{(i-1, j-1), (i-1, j), (i, j-1)\}.$$

    The value $R_{NM}$ is the expected cost of that path, so it is never below that of hard dynamic
    time warping, nor negative where costs are not, unlike soft-DTW, whose value is a log-sum over
    paths. As gamma goes to 0, both become the hard one.

    On the CPU compiled kernels serve, elsewhere the torch reference; a backward pass with
    `create_graph` always goes through the reference.

    Source: Hadji, Derpanis, Jepson, "Representation Learning via Global Temporal Alignment and
    Cycle-Consistency" (GTA), CVPR 2021, smoothMin and the probabilistic path. Deviation: none.

    Args:
        cost: Cost (B, N, M) of matching frame i of x with frame j of y; GTA takes
            `contrastive_cost`.
        gamma: Smoothing, in the unit of the costs; 0.1 in the paper.
        x_lengths: Number of real frames of each x; cells past it are not read.
        y_lengths: The same for y.

    Raises:
        InputError: If shapes or lengths disagree, gamma is not above 0 or a real cost not finite.

    Example:
        >>> path = smooth_dtw(torch.tensor([[[0.0, 1.0], [1.0, 0.0]]]))
        >>> [round(each, 4) for each in path.alignment.flatten().tolist()]
        [1.0, 0.0, 0.0, 1.0]
    """
    checked_cost(cost)
    gamma = checked_gamma(gamma)
    batch, n, m = cost.shape
    x_ends = checked_lengths(x_lengths, batch, n, "x_lengths")
    y_ends = checked_lengths(y_lengths, batch, m, "y_lengths")
    check_finite_cost(cost, x_ends, y_ends)
    if cost.dtype in (torch.float16, torch.bfloat16):
        cost = cost.float()
    if routes.pick(cost.device.type, str(cost.dtype).removeprefix("torch.")) == "numba":
        sums = _Compiled.apply(cost, gamma, x_ends, y_ends)
    else:
        sums = _by_reference(cost, gamma, x_ends, y_ends)
    return SmoothPath(sums, cost.dtype, gamma, x_ends, y_ends)


@in_full_precision
def contrastive_cost(
    x: Float[Tensor, "b n d"],
    y: Float[Tensor, "b m d"],
    *,
    temperature: float | int = 0.1,
    x_lengths: Lengths = None,
    y_lengths: Lengths = None,
) -> Float[Tensor, "b n m"]:
    r"""Cost of a match = how badly the frame of x stands out among all of x, seen from y.

    $$C_{ij} = -\log \frac{\exp(\cos(x_i, y_j) / \tau)}{\sum_k \exp(\cos(x_k, y_j) / \tau)}$$

    Frames of x compete for each frame of y, so that making all embeddings equal does not make
    matches cheap. Not symmetric: losses take it both ways.

    Source: as `smooth_dtw`, section 3.2; sum over the index of x as in the released code.

    Args:
        x: Embeddings (B, N, D), of any norm: they are normalised here.
        y: Embeddings (B, M, D).
        temperature: $\tau$, 0.1 in the paper.
        x_lengths: Number of real frames of each x; frames past it are not read.
        y_lengths: The same for y.

    Returns:
        Costs (B, N, M), 0 or more; 0 in padding.

    Raises:
        InputError: If shapes or lengths disagree, or the temperature is not above 0.
    """
    checked_pairs(x, y)
    temperature = checked_gamma(temperature, "temperature")
    x_ends = checked_lengths(x_lengths, len(x), x.shape[1], "x_lengths")
    y_ends = checked_lengths(y_lengths, len(y), y.shape[1], "y_lengths")
    check_finite_frames(x, x_ends, "x")
    check_finite_frames(y, y_ends, "y")
    x_real = real_frames(x_ends, x.shape[1], x.device)
    y_real = real_frames(y_ends, y.shape[1], y.device)
    x = F.normalize(x.masked_fill(~x_real[:, :, None], 0.0), dim=-1)
    y = F.normalize(y.masked_fill(~y_real[:, :, None], 0.0), dim=-1)
    similarity = x @ y.mT / temperature
    cost = -similarity.masked_fill(~x_real[:, :, None], -torch.inf).log_softmax(1)
    return cost.masked_fill(~(x_real[:, :, None] & y_real[:, None]), 0.0)


class _Compiled(Function):
    """The table, by numba kernels that keep sums in float64."""

    @staticmethod
    def forward(ctx: Any, cost: Tensor, gamma: float, x_ends: Any, y_ends: Any) -> Tensor:
        from inphase.warping import smooth_dtw_numba

        sums = smooth_dtw_numba.tables(cost.detach().numpy(), gamma, x_ends, y_ends)
        ctx.sums, ctx.rest = sums, (gamma, x_ends, y_ends)
        ctx.save_for_backward(cost)
        return torch.from_numpy(sums)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        from inphase.warping import smooth_dtw_numba

        if torch.is_grad_enabled():  # The gradient shall have a gradient.
            (cost,) = ctx.saved_tensors
            table = _by_reference(cost, *ctx.rest)
            return *torch.autograd.grad(table, cost, grad, create_graph=True), None, None, None
        to_cost = smooth_dtw_numba.gradients(ctx.sums, grad.numpy(), *ctx.rest)
        return torch.from_numpy(to_cost).to(ctx.saved_tensors[0].dtype), None, None, None


def _by_reference(cost: Tensor, gamma: float, x_ends: Any, y_ends: Any) -> Tensor:
    """The table, by differentiable steps on any device."""
    real = _real_cells(cost, x_ends, y_ends)
    cost = cost if cost.device.type == "mps" else cost.double()  # mps has no float64
    # Zero costs in padding keep its sums finite: they are computed, and not used.
    return _table(cost.masked_fill(~real, 0.0), gamma).masked_fill(~real, 0.0)


def _table(cost: Tensor, gamma: float) -> Tensor:
    """Sum up one anti-diagonal i + j = k at a time: its cells do not depend on each other."""
    _, n, m = cost.shape
    diagonals = skewed(cost).unbind(1)
    sums = [diagonals[0][:, :1]]
    lows = [0]
    for k in range(1, n + m - 1):
        low, high = max(0, k - m + 1), min(n - 1, k)
        ways = [_rows(sums, lows, k - 2, low - 1, high - 1)]
        ways += [_rows(sums, lows, k - 1, low - 1, high - 1), _rows(sums, lows, k - 1, low, high)]
        three = torch.stack(ways)
        shares = torch.softmax(-three / gamma, 0)
        expected = (shares * three.where(three.isfinite(), 0.0)).sum(0)
        sums.append(diagonals[k][:, low : high + 1] + expected)
        lows.append(low)
    full = (
        F.pad(each, (low, n - low - each.shape[1])) for each, low in zip(sums, lows, strict=True)
    )
    return unskewed(torch.stack(list(full), 1), m)


def _rows(sums: list[Tensor], lows: list[int], k: int, low: int, high: int) -> Tensor:
    """Rows low..high of diagonal k, infinite where there is no cell."""
    if k < 0:
        return sums[0].new_full((len(sums[0]), high - low + 1), torch.inf)
    first, last = lows[k], lows[k] + sums[k].shape[1] - 1
    inside = sums[k][:, max(low, first) - first : min(high, last) - first + 1]
    return F.pad(inside, (max(first - low, 0), max(high - last, 0)), value=torch.inf)


def _steps(
    table: Tensor, gamma: float, x_ends: Int64[np.ndarray, " b"], y_ends: Int64[np.ndarray, " b"]
) -> Tensor:
    padded = F.pad(table, (1, 0, 1, 0), value=torch.inf)
    ways = torch.stack([padded[:, :-1, :-1], padded[:, :-1, 1:], padded[:, 1:, :-1]], -1)
    first = torch.zeros_like(table, dtype=torch.bool)
    first[:, 0, 0] = True
    nowhere = (first | ~_real_cells(table, x_ends, y_ends))[..., None]
    return torch.softmax(-ways.masked_fill(nowhere, 0.0) / gamma, -1).masked_fill(nowhere, 0.0)


def _alignment(
    steps: Tensor, x_ends: Int64[np.ndarray, " b"], y_ends: Int64[np.ndarray, " b"]
) -> Tensor:
    """Walk back from the last cells: each diagonal gives its probability to the two before it."""
    batch, n, m, _ = steps.shape
    ends = steps.new_zeros(batch, n, m)
    pairs = torch.arange(batch, device=steps.device)
    ends[pairs, _last(x_ends, pairs), _last(y_ends, pairs)] = 1.0
    diagonals = skewed(steps).unbind(1)
    begun = skewed(ends).unbind(1)
    # A void cell of the skewed array holds what belongs elsewhere: let nothing in.
    i = torch.arange(n, device=steps.device)
    inside = [(i <= k) & (k - i < m) for k in range(n + m - 1)]
    through = [begun[-1] * inside[-1]]
    left = [F.pad(through[-1][..., None] * diagonals[-1], (0, 0, 0, 1))]
    for k in range(n + m - 3, -1, -1):
        one = left[-1]
        here = begun[k] + one[:, 1:, 1] + one[:, :-1, 2]
        if len(left) > 1:
            here = here + left[-2][:, 1:, 0]
        here = here * inside[k]
        through.append(here)
        left.append(F.pad(here[..., None] * diagonals[k], (0, 0, 0, 1)))
    return unskewed(torch.stack(through[::-1], 1), m)


def _last(ends: Int64[np.ndarray, " b"], pairs: Tensor) -> Tensor:
    return torch.from_numpy(ends - 1).to(pairs.device)


def _real_cells(
    cells: Tensor, x_ends: Int64[np.ndarray, " b"], y_ends: Int64[np.ndarray, " b"]
) -> Tensor:
    rows = real_frames(x_ends, cells.shape[1], cells.device)
    return rows[:, :, None] & real_frames(y_ends, cells.shape[2], cells.device)[:, None]
