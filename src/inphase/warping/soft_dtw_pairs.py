"""Soft-DTW on the CPU as autograd functions: matrix products by torch, the rest by numba."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import Function

from inphase.warping import soft_dtw_long
from inphase.warping import soft_dtw_numba as kernels
from inphase.warping.extent import Extent
from inphase.warping.soft_dtw_gradients import by_reference, gradient_of_costs
from inphase.warping.soft_dtw_small import run_small
from inphase.warping.soft_dtw_steps import squared_norms

LOG2_E = 1.4426950408889634
# Cells of a pair whose products are kept; longer pairs are computed in strips.
KEPT = 1 << 19
# Cells of a batch up to which everything is done in one call.
SMALL = 1 << 12
# Cells of a batch from which on its pairs are shared among threads.
SHARED = 1 << 14
# Bytes of weights up to which buffers are kept: fresh memory costs as much time as small pairs.
RETAINED = 1 << 22
_last = threading.local()


class Pairs(Function):
    """Value of embeddings (B, N, D), (B, M, D), of unit length and cosine distance if `unit`.

    The alignment E is computed with the value, over the products; gradients are then row and
    column sums of E, and two matrix products.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, y: Tensor, gamma: float, cells: Extent, unit: bool
    ) -> Float[Tensor, " b"]:
        """Compute the values and, if a gradient is needed, what it is made from."""
        ctx.gamma, ctx.cells, ctx.unit = gamma, cells, unit
        needs = any(ctx.needs_input_grad[:2])
        scale = LOG2_E / gamma
        ctx.edges = None
        if len(x) * x.shape[1] * y.shape[1] <= SMALL:
            ctx.kind, (value, *kept) = "small", _small(x, y, scale, cells, unit, needs)
            ctx.save_for_backward(x, y, *kept)
            return value
        if x.shape[1] * y.shape[1] > KEPT:
            ctx.kind, (value, ctx.edges) = "long", soft_dtw_long.values(x, y, scale, cells, unit)
            ctx.save_for_backward(x, y)
        else:
            ctx.kind, (value, *kept) = "whole", _aligned(x, y, scale, cells, unit, needs)
            ctx.save_for_backward(x, y, *kept)
        return torch.from_numpy(value / scale).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of x and y; by the reference if they are to be differentiated in turn."""
        x, y, *kept = ctx.saved_tensors
        wanted = ctx.needs_input_grad[:2]
        (gradient,) = gradients
        if torch.is_grad_enabled():
            of_both = by_reference(x, y, gradient, ctx.gamma, ctx.cells, ctx.unit, wanted)
            return *of_both, None, None, None
        if ctx.kind == "small":
            factor = gradient[:, None, None]
            return *(each * factor for each in kept), None, None, None
        if ctx.kind == "long":
            scale = LOG2_E / ctx.gamma
            both = soft_dtw_long.gradients(x, y, scale, ctx.cells, ctx.unit, ctx.edges, gradient)
            return *both, None, None, None
        alignment, rows, columns = kept
        of_x = _gradient(alignment, rows, x, y, gradient, ctx.unit) if wanted[0] else None
        of_y = _gradient(alignment.mT, columns, y, x, gradient, ctx.unit) if wanted[1] else None
        return of_x, of_y, None, None, None


class Costs(Function):
    """Value of costs (B, N, M), and its gradient, the alignment."""

    @staticmethod
    def forward(ctx: Any, cost: Tensor, gamma: float, cells: Extent) -> Float[Tensor, " b"]:
        """Compute the values and, if a gradient is needed, the alignments."""
        ctx.gamma, ctx.cells = gamma, cells
        needs = ctx.needs_input_grad[0]
        scale = LOG2_E / gamma
        source = cost.detach().contiguous()
        target = torch.empty_like(source) if needs else source
        nothing = [np.zeros(cost.shape[:2], _type(cost)), np.zeros(cost.shape[::2], _type(cost))]
        measure = (1.0, -kernels.OUTSIDE, scale)
        value, *_ = _run(source, target, nothing, measure, cells, needs)
        ctx.save_for_backward(cost, *([target] if needs else []))
        return torch.from_numpy(value / scale).to(cost.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Gradient of the costs; by the reference if it is to be differentiated in turn."""
        cost, alignment = ctx.saved_tensors
        return gradient_of_costs(cost, alignment, gradients[0], ctx.gamma, ctx.cells), None, None


def _small(
    x: Tensor, y: Tensor, scale: float, cells: Extent, unit: bool, needs: bool
) -> tuple[Tensor, ...]:
    """Values and, if needed, their gradients."""
    kind = _type(x)
    value = np.empty(len(x), kind)
    # Flat, as the kernel takes them; empty where they are not needed.
    of_x, of_y = (np.zeros(each.numel() if needs else 0, kind) for each in (x, y))
    run_small(
        x.detach().reshape(-1).numpy(),
        y.detach().reshape(-1).numpy(),
        (x.shape[1], y.shape[1], x.shape[2]),
        unit,
        scale,
        (cells.low, cells.high),
        (cells.rows, cells.columns),
        needs,
        value,
        of_x,
        of_y,
        _buffers(kind, x.shape[1], y.shape[1], needs),
    )
    found = [torch.from_numpy(value)]
    if needs:
        found += [torch.from_numpy(each).view_as(like) for each, like in ((of_x, x), (of_y, y))]
    return tuple(found)


def _aligned(
    x: Tensor, y: Tensor, scale: float, cells: Extent, unit: bool, needs: bool
) -> tuple[Any, ...]:
    """Values and, if needed, alignments with their sums by row and by column."""
    products = torch.bmm(x.detach(), y.detach().mT)
    measure = (-1.0 if unit else -2.0, 0.0, scale)
    value, *totals = _run(products, products, squares(x, y, unit), measure, cells, needs)
    return (value, products, *(torch.from_numpy(each) for each in totals)) if needs else (value,)


def _run(
    source: Tensor,
    target: Tensor,
    norms: list[np.ndarray],
    measure: tuple[float, float, float],
    cells: Extent,
    needs: bool,
) -> tuple[np.ndarray, ...]:
    """Run the kernels on all pairs, shared among threads if there is enough to share."""
    batch, height, width = source.shape
    kind = _type(source)
    value = np.empty(batch)
    totals = (np.empty((batch, height), kind), np.empty((batch, width), kind))
    arguments = (
        source.view(-1).numpy(),
        target.view(-1).numpy(),
        (height, width),
        tuple(norms),
        (kind(measure[0]), kind(measure[1]), measure[2]),
        (cells.low, cells.high),
        (cells.rows, cells.columns),
    )
    threads = min(batch, torch.get_num_threads()) if source.numel() >= SHARED else 1

    def work(begin: int, end: int) -> None:
        buffers = _buffers(kind, height, width, needs)
        kernels.run(*arguments, (begin, end), needs, value, totals, buffers)

    if threads == 1:
        work(0, batch)
    else:
        cuts = np.linspace(0, batch, threads + 1).astype(int).tolist()
        for done in [_pool().submit(work, *part) for part in zip(cuts, cuts[1:], strict=False)]:
            done.result()
    return value, *totals


def _buffers(kind: type, height: int, width: int, needs: bool) -> tuple[Any, ...]:
    """Buffers of the kernels: kept for the next call of this thread, if they are not large."""
    key = kind, height, width, needs
    if getattr(_last, "key", None) == key:
        return _last.buffers
    held = kernels.strips_held(height, width, needs)
    buffers = kernels.scratch(np.empty(0, kind), height, width, held)
    if buffers[1].nbytes <= RETAINED:
        _last.key, _last.buffers = key, buffers
    return buffers


def _gradient(
    alignment: Tensor, totals: Tensor, x: Tensor, y: Tensor, gradient: Tensor, unit: bool
) -> Tensor:
    """Gradient of x: each frame is drawn to the frames that it is aligned with."""
    # After a sum or a mean, all pairs have one gradient, and there is nothing to multiply by it.
    shared = float(gradient[0]) if gradient.stride(0) == 0 or len(gradient) == 1 else None
    if shared is None:
        y = y * gradient[:, None, None]
    factor = 1.0 if shared is None else shared
    if unit:
        return torch.bmm(alignment, y).mul_(-factor)
    own = 2 * totals * (gradient[:, None] if shared is None else shared)
    return (x * own[..., None]).baddbmm_(alignment, y, alpha=-2 * factor)


def squares(x: Tensor, y: Tensor, unit: bool) -> list[np.ndarray]:
    """What is added to a product to make it a cost: squared norms, or 1 where they are known."""
    if unit:
        return [np.ones(x.shape[:2], _type(x)), np.zeros(y.shape[:2], _type(y))]
    return [
        squared_norms(each.detach().reshape(-1, each.shape[2]).numpy()).reshape(each.shape[:2])
        for each in (x, y)
    ]


def _type(tensor: Tensor) -> type:
    return np.float32 if tensor.dtype == torch.float32 else np.float64


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="inphase-warping")


if hasattr(os, "register_at_fork"):
    # Threads do not live on in a forked process, as that of a data loader.
    os.register_at_fork(after_in_child=_pool.cache_clear)
