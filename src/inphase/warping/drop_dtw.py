"""Dynamic time warping that may drop frames of either video instead of matching them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64, Shaped
from torch import Tensor
from torch.autograd import Function

from inphase.errors import InputError
from inphase.warping import drop_dtw_reference, routes
from inphase.warping.inputs import (
    Lengths,
    check_finite_cost,
    checked_cost,
    checked_gamma,
    checked_lengths,
    real_frames,
)

DropCost = float | int | Shaped[Tensor, "..."] | None


@dataclass(frozen=True, eq=False)
class DropPath:
    """The cheapest way to match or drop all frames of two sequences.

    Attributes:
        path: Matched frames (i, j), in order; empty if dropping all is cheapest.
        cost: Sum of the costs of all matches and drops.
        x_dropped: True for frames of x without a match.
        y_dropped: True for frames of y without a match.
    """

    path: Int64[Tensor, "k 2"]
    cost: float
    x_dropped: Bool[Tensor, " n"]
    y_dropped: Bool[Tensor, " m"]


def drop_dtw(
    cost: Float[Tensor, "b n m"] | Float[Tensor, "n m"],
    drop_x: DropCost,
    drop_y: DropCost,
    *,
    x_lengths: Lengths = None,
    y_lengths: Lengths = None,
) -> DropPath | list[DropPath]:
    r"""Match frames in order, or drop those that match nothing; whatever costs least.

    Matches $(i_1, j_1), (i_2, j_2), \dots$ never go back in either video. From one to the next,
    each video stays on its frame or goes on to a later one, and any frames that are passed are
    dropped. The cost is that of all matches and of all frames that no match holds:

    $$\min_{P}\ \sum_{(i, j) \in P} C_{ij} + \sum_{i \notin P} d^x_i + \sum_{j \notin P} d^y_j.$$

    Use it for videos with background, with extra or missing parts. The answer is exact; sums are
    kept in float64. Of equal costs, diagonal matches are preferred, then those along x. Without
    drop costs it is dynamic time warping.

    Source: Dvornik, Hadji, Derpanis, Garg, Jepson, "Drop-DTW: Aligning Common Signal Between
    Sequences While Dropping Outliers", NeurIPS 2021, dropping from both sequences, with its four
    tables. Deviation: all frames may be dropped, where that is cheapest.

    Args:
        cost: Cost (N, M) of matching frame i of x with frame j of y, or a batch (B, N, M).
        drop_x: Cost of dropping a frame of x: one number, one per pair (B,), or one per frame
            (N,) or (B, N); infinity where a frame, None where no frame, may be dropped.
            The paper takes `percentile_drop_cost`.
        drop_y: The same for y.
        x_lengths: Number of real frames of each x of a batch; cells past it are not read.
        y_lengths: The same for y.

    Returns:
        One `DropPath`, on the CPU; a list of them for a batch.

    Raises:
        InputError: If shapes, lengths or drop costs cannot be used, or a real cost is NaN or
            infinite.

    Example:
        >>> cost = torch.tensor([[0.0, 9.0, 9.0], [9.0, 9.0, 0.0]])
        >>> found = drop_dtw(cost, drop_x=1.0, drop_y=1.0)
        >>> found.path.tolist(), found.cost, found.y_dropped.tolist()
        ([[0, 0], [1, 2]], 1.0, [False, True, False])
    """
    single = cost.ndim == 2
    if single:
        cost = cost[None]
        drop_x, drop_y = _of_batch(drop_x), _of_batch(drop_y)
    costs, drops_x, drops_y, x_ends, y_ends = _checked(cost, drop_x, drop_y, x_lengths, y_lengths)
    costs, drops_x, drops_y = (each.detach().cpu() for each in (costs, drops_x, drops_y))
    if routes.pick("cpu", "float64") == "numba":
        from inphase.warping import drop_dtw_numba

        arrays = (each.numpy() for each in (costs, drops_x, drops_y))
        sums, ways = drop_dtw_numba.cheapest(*arrays, x_lengths=x_ends, y_lengths=y_ends)
    else:
        sums, ways = drop_dtw_reference.cheapest(costs, drops_x, drops_y, x_ends, y_ends)
    found = [
        _trace(*each)
        for each in zip(sums.tolist(), ways, x_ends.tolist(), y_ends.tolist(), strict=True)
    ]
    return found[0] if single else found


def soft_drop_dtw(
    cost: Float[Tensor, "b n m"],
    drop_x: DropCost,
    drop_y: DropCost,
    *,
    gamma: float | int = 0.1,
    x_lengths: Lengths = None,
    y_lengths: Lengths = None,
) -> Float[Tensor, " b"]:
    r"""Smooth minimum over all ways to match or drop frames in order.

    $$-\gamma \log \sum_P e^{-\mathrm{cost}(P) / \gamma},$$

    over the same ways $P$ as `drop_dtw`, each of which counts once. It is never above the cost of
    the cheapest, and may be negative. Its gradient by the costs is the probability that two frames
    are matched, and by the drop costs, that a frame is dropped.

    On the CPU compiled kernels serve, elsewhere the torch reference; a backward pass with
    `create_graph` always goes through the reference.

    Source: as `drop_dtw`; smooth minimum: Cuturi and Blondel, ICML 2017. Deviation: the paper's
    smooth minimum is the expectation under a softmax, which no longer tells probabilities.

    Args:
        cost: Cost (B, N, M) of matching frame i of x with frame j of y.
        drop_x: Cost of dropping a frame of x, as for `drop_dtw`. Differentiable.
        drop_y: The same for y.
        gamma: Smoothing, in the unit of the costs.
        x_lengths: Number of real frames of each x; cells past it are not read.
        y_lengths: The same for y.

    Raises:
        InputError: As `drop_dtw`, or if gamma is not above 0.
    """
    gamma = checked_gamma(gamma)
    arguments = _checked(cost, drop_x, drop_y, x_lengths, y_lengths)
    dtype = arguments[0].dtype
    if routes.pick(cost.device.type, str(dtype).removeprefix("torch.")) == "numba":
        return _Compiled.apply(*arguments, gamma)
    return drop_dtw_reference.smooth_minimum(*arguments, gamma)


def percentile_drop_cost(
    cost: Float[Tensor, "b n m"],
    percentile: float | int = 30.0,
    *,
    x_lengths: Lengths = None,
    y_lengths: Lengths = None,
) -> Float[Tensor, " b"]:
    """Drop cost of each pair: the given percentile of its matching costs.

    The lower the percentile, the more is dropped; it needs no scale to be known.

    Source: as `drop_dtw`, section 4.1.

    Args:
        cost: Cost (B, N, M) of matching.
        percentile: From 0 to 100.
        x_lengths: Number of real frames of each x.
        y_lengths: The same for y.

    Raises:
        InputError: If shapes or lengths disagree or the percentile is none.
    """
    if not 0 <= percentile <= 100:
        raise InputError(f"a percentile is a number from 0 to 100, not {percentile}")
    checked_cost(cost)
    x_ends = checked_lengths(x_lengths, len(cost), cost.shape[1], "x_lengths")
    y_ends = checked_lengths(y_lengths, len(cost), cost.shape[2], "y_lengths")
    check_finite_cost(cost, x_ends, y_ends)
    real = (each[:n, :m].flatten() for each, n, m in zip(cost, x_ends, y_ends, strict=True))
    # Not torch.quantile, which ends at 16 million cells.
    return torch.stack([_percentile(each, percentile / 100) for each in real])


def _percentile(cells: Tensor, share: float) -> Tensor:
    place = share * (len(cells) - 1)
    low, part = int(place), place - int(place)
    ordered = cells.sort().values
    return torch.lerp(ordered[low], ordered[min(low + 1, len(cells) - 1)], part)


class _Compiled(Function):
    """The smooth minimum, by numba kernels that keep sums in float64."""

    @staticmethod
    def forward(
        ctx: Any, cost: Tensor, drop_x: Tensor, drop_y: Tensor, x_ends: Any, y_ends: Any, gamma: Any
    ) -> Tensor:
        from inphase.warping import drop_dtw_numba

        given = (cost.detach(), drop_x.detach(), drop_y.detach(), x_ends, y_ends, gamma)
        arguments: Any = [each.numpy() if isinstance(each, Tensor) else each for each in given]
        values, ctx.tables = drop_dtw_numba.smooth_minimum(*arguments)
        ctx.arguments = arguments
        ctx.save_for_backward(cost, drop_x, drop_y)
        return torch.from_numpy(values).to(cost.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        from inphase.warping import drop_dtw_numba

        if torch.is_grad_enabled():  # The gradient shall have a gradient.
            given = ctx.saved_tensors
            value = drop_dtw_reference.smooth_minimum(*given, *ctx.arguments[3:])
            wanted = [each for each in given if each.requires_grad]
            found = iter(torch.autograd.grad(value, wanted, grad, create_graph=True))
            return *(next(found) if each.requires_grad else None for each in given), *[None] * 3
        chances = drop_dtw_numba.chances(ctx.tables, *ctx.arguments)
        tensors = (torch.from_numpy(each).to(grad.dtype) for each in chances)
        gradients = (each * grad.view(-1, *[1] * (each.ndim - 1)) for each in tensors)
        return *gradients, None, None, None


def _of_batch(drop: DropCost) -> DropCost:
    return drop[None] if isinstance(drop, Tensor) and drop.ndim > 0 else drop


def _checked(
    cost: Tensor, drop_x: DropCost, drop_y: DropCost, x_lengths: Lengths, y_lengths: Lengths
) -> tuple[Tensor, Tensor, Tensor, Int64[np.ndarray, " b"], Int64[np.ndarray, " b"]]:
    """All that the kernels need, finite everywhere: 0 in padding, huge where none may drop."""
    checked_cost(cost)
    batch, n, m = cost.shape
    x_ends = checked_lengths(x_lengths, batch, n, "x_lengths")
    y_ends = checked_lengths(y_lengths, batch, m, "y_lengths")
    check_finite_cost(cost, x_ends, y_ends)
    if cost.dtype in (torch.float16, torch.bfloat16):
        cost = cost.float()
    x_real, y_real = real_frames(x_ends, n, cost.device), real_frames(y_ends, m, cost.device)
    drops_x = _drop_costs(drop_x, x_real, cost, "drop_x")
    drops_y = _drop_costs(drop_y, y_real, cost, "drop_y")
    cost = cost.masked_fill(~(x_real[:, :, None] & y_real[:, None]), 0.0)
    return cost, drops_x, drops_y, x_ends, y_ends


def _drop_costs(drop: DropCost, real: Bool[Tensor, "b n"], cost: Tensor, name: str) -> Tensor:
    huge = drop_dtw_reference.IMPOSSIBLE
    if drop is None:
        return cost.new_full(real.shape, huge)
    drops = torch.as_tensor(drop, dtype=cost.dtype, device=cost.device)
    if drops.shape not in ((), real.shape[:1], real.shape):
        raise InputError(
            f"{name} must be one number, one per pair {tuple(real.shape[:1])} or one per frame "
            f"{tuple(real.shape)}, not shaped {tuple(drops.shape)}"
        )
    drops = drops[:, None] if drops.ndim == 1 else drops
    drops = drops.expand(real.shape).masked_fill(~real, 0.0)
    if not (drops > -torch.inf).all():
        raise InputError(f"{name} must hold numbers, or infinity where a frame must be matched")
    return drops.clamp(max=huge)


def _trace(total: float, ways: Shaped[np.ndarray, "n1 m1"], n: int, m: int) -> DropPath:
    """Follow the ways back from the last cell; `ways` is laid out as the kernels say."""
    path = np.array(list(_matches(ways, n, m))[::-1], np.int64).reshape(-1, 2)
    x_dropped, y_dropped = np.ones(n, np.bool_), np.ones(m, np.bool_)
    x_dropped[path[:, 0]] = False
    y_dropped[path[:, 1]] = False
    tensors = (torch.from_numpy(each) for each in (path, x_dropped, y_dropped))
    return DropPath(next(tensors), total, *tensors)


def _matches(ways: Shaped[np.ndarray, "n1 m1"], i: int, j: int) -> Iterator[tuple[int, int]]:
    matched, y_drop, x_drop, both = range(4)
    state = (int(ways[i, j]) >> 6) & 3
    while i or j:
        way = int(ways[i, j])
        if state == matched:
            yield i - 1, j - 1
            before = way & 7
            if before < 4:
                state, i, j = before, i - 1, j - 1
            elif before < 6:
                state, i = (matched, x_drop)[before - 4], i - 1
            else:
                state, j = (matched, y_drop)[before - 6], j - 1
        elif state == y_drop:
            state, j = (matched, y_drop)[way >> 3 & 1], j - 1
        elif state == x_drop:
            state, i = (matched, x_drop)[way >> 4 & 1], i - 1
        else:
            state, i = (y_drop, both)[way >> 5 & 1], i - 1
