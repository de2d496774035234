"""Soft-DTW on a GPU as autograd functions: matrix products by torch, the rest by Triton.

The products x yT (B, N, M) are made into costs, in the order that suits anti-diagonals; one program
per pair turns them into sums, and then into shares of the alignment, one anti-diagonal at a time;
and these are put over the products, in their order. So a cell takes 8 bytes, and only the two
kernels in the middle go step by step. Rows are worked on in strips of up to ROWS, one lane each;
what passes from strip to strip is a row. `soft_dtw_triton_kernels` says how a step goes.

**Run in Triton's interpreter only, and compiled for GPUs, but not yet run on one**: neither speed
nor the order of memory accesses among threads has been seen there.
"""

from typing import Any

import numpy as np
import torch
import triton
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import Function

from inphase.errors import InputError
from inphase.warping import soft_dtw_triton_kernels as kernels
from inphase.warping.extent import Extent
from inphase.warping.soft_dtw_gradients import by_reference, gradient_of, gradient_of_costs

LOG2_E = 1.4426950408889634
OUTSIDE = 1e30
# Rows that are worked on at a time.
ROWS = 4096
# Side of the tiles in which cells are moved.
TILE = 32


class PairsOnTriton(Function):
    """Value of embeddings (B, N, D), (B, M, D), of unit length and cosine distance if `unit`.

    The alignment E is computed with the value, over the products; gradients are then row and
    column sums of E, and two matrix products.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, y: Tensor, gamma: float, cells: Extent, unit: bool
    ) -> Float[Tensor, " b"]:
        """Compute the values and, if a gradient is needed, the alignments."""
        _check_serves(x)
        ctx.gamma, ctx.cells, ctx.unit = gamma, cells, unit
        needs = any(ctx.needs_input_grad[:2])
        with torch.autocast(x.device.type, enabled=False):
            products = torch.bmm(x, y.mT)
        if unit:
            squares = x.new_ones(x.shape[:2]), y.new_zeros(y.shape[:2])
        else:
            squares = (x * x).sum(2), (y * y).sum(2)
        measure = (-1.0 if unit else -2.0, 0.0, LOG2_E / gamma)
        value = _run(products, products, squares, measure, cells, needs)
        ctx.save_for_backward(x, y, *([products] if needs else []))
        return value

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of x and y; by the reference if they are to be differentiated in turn."""
        x, y, alignment = ctx.saved_tensors
        wanted = ctx.needs_input_grad[:2]
        (gradient,) = gradients
        if torch.is_grad_enabled():
            both = by_reference(x, y, gradient, ctx.gamma, ctx.cells, ctx.unit, wanted)
            return *both, None, None, None
        with torch.autocast(x.device.type, enabled=False):
            of_x = gradient_of(x, y, alignment, gradient, ctx.unit) if wanted[0] else None
            of_y = gradient_of(y, x, alignment.mT, gradient, ctx.unit) if wanted[1] else None
        return of_x, of_y, None, None, None


class CostsOnTriton(Function):
    """Value of costs (B, N, M), and its gradient, the alignment."""

    @staticmethod
    def forward(ctx: Any, cost: Tensor, gamma: float, cells: Extent) -> Float[Tensor, " b"]:
        """Compute the values and, if a gradient is needed, the alignments."""
        _check_serves(cost)
        ctx.gamma, ctx.cells = gamma, cells
        needs = ctx.needs_input_grad[0]
        source = cost.contiguous()
        target = torch.empty_like(source) if needs else source
        squares = cost.new_zeros(cost.shape[:2]), cost.new_zeros(cost.shape[::2])
        value = _run(source, target, squares, (1.0, -OUTSIDE, LOG2_E / gamma), cells, needs)
        ctx.save_for_backward(cost, *([target] if needs else []))
        return value

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Gradient of the costs; by the reference if it is to be differentiated in turn."""
        cost, alignment = ctx.saved_tensors
        return gradient_of_costs(cost, alignment, gradients[0], ctx.gamma, ctx.cells), None, None


def _run(
    source: Float[Tensor, "b n m"],
    target: Float[Tensor, "b n m"],
    squares: tuple[Float[Tensor, "b n"], Float[Tensor, "b m"]],
    measure: tuple[float, float, float],
    cells: Extent,
    needs: bool,
) -> Float[Tensor, " b"]:
    """Values; if `needs`, also the alignments, in `target`, which may be `source`.

    `measure` is factor, floor and scale: cost = scale max(floor, squares + factor source).
    """
    batch, height, width = source.shape
    device = source.device
    lengths = torch.from_numpy(np.stack([cells.rows, cells.columns])).to(device)
    bounds = torch.from_numpy(np.stack([cells.low, cells.high]).astype(np.int32)).to(device)
    rows, low, high = lengths[0].int(), bounds[0], bounds[1]
    strips = [(first, min(ROWS, height - first)) for first in range(0, height, ROWS)]
    skewed = torch.empty_like(source)
    offsets = [source.new_empty((batch, pitch + width), dtype=torch.float64) for _, pitch in strips]
    edges = source.new_full((len(strips) + 1, batch, width + 1), OUTSIDE, dtype=torch.float64)
    edges[0, :, 0] = 0
    # Triton launches on the current device.
    with torch.cuda.device_of(source):
        for s, (first, pitch) in enumerate(strips):
            shape = first, pitch, height, width
            tiles = batch, triton.cdiv(pitch, TILE), triton.cdiv(width, TILE)
            moved = source, skewed, *squares, low, high, *measure
            kernels.skew[tiles](*moved, *shape, SLOTS=TILE, LANES=TILE)
            sums = skewed, offsets[s], edges[s], edges[s + 1], rows, low, high
            kernels.forward[(batch,)](*sums, *shape, **_lanes(pitch))
        if needs:
            feeds = source.new_zeros((len(strips) + 1, batch, width))
            passed = source.new_empty((batch, 2, strips[0][1]))
            for s, (first, pitch) in reversed(list(enumerate(strips))):
                shape = first, pitch, height, width
                shares = skewed, passed, offsets[s], edges[s], feeds[s], feeds[s + 1]
                kernels.backward[(batch,)](*shares, rows, low, high, *shape, **_lanes(pitch))
                tiles = batch, triton.cdiv(pitch, TILE), triton.cdiv(width, TILE)
                kernels.unskew[tiles](skewed, target, low, high, *shape, ROWS=TILE, COLUMNS=TILE)
    last = (lengths[0] - 1) // ROWS + 1
    value = edges[last, torch.arange(batch, device=device), lengths[1]]
    return (value / measure[2]).to(source.dtype)


def _lanes(pitch: int) -> dict[str, int]:
    """How a strip is spread over a program: one lane per row, one to eight lanes per thread."""
    lanes = max(16, triton.next_power_of_2(pitch))
    return {
        "LANES": lanes,
        "num_warps": max(1, min(lanes // 32, 16)),
        # Loads are ordered by barriers: a pipeline must not move them.
        "num_stages": 1,
        # The default changes with the version of Triton, and some warn of that.
        "enable_fp_fusion": True,
    }


def _check_serves(tensor: Tensor) -> None:
    if tensor.dtype != torch.float32:
        raise InputError(
            f"the triton route computes in float32, not {tensor.dtype}: take the reference"
        )
    if tensor.device.type != "cuda" and isinstance(kernels.forward, triton.JITFunction):
        raise InputError(
            f"triton kernels run on CUDA devices, but the tensors are on {tensor.device}; to try "
            "them there in its interpreter, set TRITON_INTERPRET=1 before Python starts"
        )
