"""Soft-DTW of long pairs on the CPU, in strips of rows: nothing of size N x M is ever kept.

Each strip of rows has its own matrix product, as wide as the band is there. The forward pass keeps
the sums of the last row of each strip; the backward pass computes each strip again from the one
above it. Memory grows with M, and with N M / 128.

That is not slower than to keep everything: paths that matter are few, so that the backward pass
needs only the columns left of where they leave a strip, and gradients only the columns between
where they enter and leave it.
"""

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from inphase.warping import soft_dtw_numba as kernels
from inphase.warping.extent import Extent
from inphase.warping.soft_dtw_steps import squared_norms

Bounds = Int64[np.ndarray, " rows"]


class _Pair:
    """One pair, cut into strips, and the buffers they share."""

    def __init__(
        self, x: Tensor, y: Tensor, scale: float, cells: Extent, number: int, unit: bool
    ) -> None:
        self.rows, self.columns = int(cells.rows[number]), int(cells.columns[number])
        self.x, self.y = x[number, : self.rows], y[number, : self.columns]
        self.low, self.high = cells.low[number, : self.rows], cells.high[number, : self.rows]
        kind = np.float32 if x.dtype == torch.float32 else np.float64
        if unit:
            self.squares = np.ones(self.rows, kind), np.zeros(self.columns, kind)
        else:
            norms = [squared_norms(each.contiguous().numpy()) for each in (self.x, self.y)]
            self.squares = norms[0], norms[1]
        self.measure = kind(-1 if unit else -2), kind(0), scale
        starts = range(0, self.rows, kernels.ROWS)
        self.strips = [slice(each, min(each + kernels.ROWS, self.rows)) for each in starts]
        widest = max(int(self.high[s][-1] - self.low[s][0]) for s in self.strips)
        self.products = x.new_empty(kernels.ROWS * widest)
        self.buffers = kernels.scratch(self.products.numpy(), kernels.ROWS, widest, 1)

    def window(self, number: int, stop: int | None = None) -> tuple[slice, Bounds, Bounds]:
        """The columns of a strip, up to `stop`, and the bounds of its rows."""
        rows = self.strips[number]
        low, high = self.low[rows], self.high[rows]
        high = high if stop is None else np.minimum(high, stop)
        return slice(int(low[0]), int(high[-1])), low, high

    def forward(
        self, number: int, edges: Float64[np.ndarray, "s m"], stop: int | None = None
    ) -> Tensor:
        """Compute one strip, up to column `stop` for its backward pass; return its products."""
        rows = self.strips[number]
        window, low, high = self.window(number, stop)
        height, width = len(low), window.stop - window.start
        products = self.products[: height * width].view(height, width)
        torch.mm(self.x[rows], self.y[window].T, out=products)
        costs = (self.products.numpy(), -window.start, width, *self.measure)
        squares = self.squares[0][rows], self.squares[1]
        keep = stop is not None
        kernels.forward_strip(
            costs, squares, low, high, edges[number], edges[number + 1], self.buffers, 0, keep
        )
        return products

    def backward(
        self,
        number: int,
        stop: int,
        feed: Float[np.ndarray, " m"],
        totals: tuple[Float[np.ndarray, " n"], Float[np.ndarray, " m"]],
    ) -> slice:
        """Put the shares of a strip over its products; return the columns that have any."""
        window, low, high = self.window(number, stop)
        width = window.stop - window.start
        products, columns = self.products.numpy(), (window.start, window.stop)
        added = totals[0][self.strips[number]], totals[1]
        kernels.backward_strip(
            products, -window.start, width, columns, low, high, feed, self.buffers, 0, added
        )
        # A path that comes to a cell of the strip has been in its first row, at or before there.
        return slice(window.start + int(np.flatnonzero(products[:width])[0]), window.stop)


@torch.no_grad()
def values(
    x: Float[Tensor, "b n d"], y: Float[Tensor, "b m d"], scale: float, cells: Extent, unit: bool
) -> tuple[Float64[np.ndarray, " b"], list[Float64[np.ndarray, "_ _"]]]:
    """Values in units of the sums, and the sums of the last row of each strip of each pair."""
    value, kept = np.empty(len(x)), []
    for b in range(len(x)):
        pair = _Pair(x, y, scale, cells, b, unit)
        edges = np.full((len(pair.strips) + 1, pair.columns + 1), kernels.OUTSIDE)
        edges[0, 0] = 0
        for s in range(len(pair.strips)):
            pair.forward(s, edges)
        value[b] = edges[-1, -1]
        kept.append(edges)
    return value, kept


@torch.no_grad()
def gradients(
    x: Float[Tensor, "b n d"],
    y: Float[Tensor, "b m d"],
    scale: float,
    cells: Extent,
    unit: bool,
    kept: list[Float64[np.ndarray, "_ _"]],
    gradient: Float[Tensor, " b"],
) -> tuple[Float[Tensor, "b n d"], Float[Tensor, "b m d"]]:
    """Gradients of both embeddings, from what `values` kept."""
    of_x, of_y = torch.zeros_like(x), torch.zeros_like(y)
    for b, (edges, factor) in enumerate(zip(kept, gradient.tolist(), strict=True)):
        pair = _Pair(x, y, scale, cells, b, unit)
        feed = np.zeros(pair.columns, pair.squares[0].dtype)
        feed[-1] = 1
        totals = np.zeros_like(pair.squares[0]), np.zeros_like(pair.squares[1])
        slope = factor * float(pair.measure[0])
        for s in reversed(range(len(pair.strips))):
            # No path passes columns right of those that lead on into the strip below.
            stop = int(np.flatnonzero(feed)[-1]) + 1
            products = pair.forward(s, edges, stop)
            start = pair.window(s, stop)[0].start
            used = pair.backward(s, stop, feed, totals)
            shares = products[:, used.start - start :]
            of_x[b, pair.strips[s]] = torch.mm(shares, pair.y[used]).mul_(slope)
            of_y[b, used].addmm_(shares.T, pair.x[pair.strips[s]], alpha=slope)
        if not unit:
            own_x, own_y = (torch.from_numpy(each) for each in totals)
            of_x[b, : pair.rows] += 2 * factor * own_x[:, None] * pair.x
            of_y[b, : pair.columns] += 2 * factor * own_y[:, None] * pair.y
    return of_x, of_y
