r"""Recurrences of Drop-DTW on torch anti-diagonals: any device, any order of gradient.

Cell (i, j) of the tables tells of the first i frames of x and the first j of y, in four states:

- L: the last two frames are matched with each other;
- Y: the last match holds frame i, and frames of y after it are dropped;
- X: the last match holds frame j, and frames of x after it are dropped;
- B: frames of both are dropped after the last match, those of y first.

With $\min$ or its smooth form and A = min(L, Y, X, B),

    L(i, j) = C(i, j) + min(A(i-1, j-1), L(i-1, j), X(i-1, j), L(i, j-1), Y(i, j-1))
    Y(i, j) = dy(j) + min(L(i, j-1), Y(i, j-1))
    X(i, j) = dx(i) + min(L(i-1, j), X(i-1, j))
    B(i, j) = dx(i) + min(Y(i-1, j), B(i-1, j))

from L(0, 0) = 0, without matches in row or column 0. Because dropped frames of y come first, every
way to match and drop is counted once.

The ways taken are kept in one byte for each cell, from its low bits: three for L (0-3 the states
L, Y, X, B at (i-1, j-1), 4-5 L, X at (i-1, j), 6-7 L, Y at (i, j-1)), one each for Y, X and B
(0 the first, 1 the second), two for the state that A takes.
"""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64, UInt8
from torch import Tensor
from torch.nn.functional import pad

from inphase.warping.diagonals import skewed, unskewed

# Stands for infinity: sums of it stay finite, so that no gradient is NaN.
IMPOSSIBLE = 1e18

# The minimum of some ways, cell by cell, and which of them it is.
Minimum = Callable[[list[Tensor]], tuple[Tensor, Tensor]]


def smooth_minimum(
    cost: Float[Tensor, "b n m"],
    drop_x: Float[Tensor, "b n"],
    drop_y: Float[Tensor, "b m"],
    x_lengths: Int64[np.ndarray, " b"],
    y_lengths: Int64[np.ndarray, " b"],
    gamma: float,
) -> Float[Tensor, " b"]:
    """Smooth minimum over all ways to match and drop the real frames."""

    def softmin(ways: list[Tensor]) -> tuple[Tensor, Tensor]:
        return -gamma * torch.logsumexp(torch.stack(ways) / -gamma, 0), no_way

    no_way = torch.zeros((), dtype=torch.uint8, device=cost.device)

    given = (cost, drop_x, drop_y)
    if cost.device.type != "mps":  # which has no float64
        given = (cost.double(), drop_x.double(), drop_y.double())
    totals, _ = _tables(*given, softmin)
    pairs = torch.arange(len(cost), device=cost.device)
    n, m = (torch.from_numpy(each).to(cost.device) for each in (x_lengths, y_lengths))
    return totals[pairs, n + m, n].to(cost.dtype)


def cheapest(
    cost: Float[Tensor, "b n m"],
    drop_x: Float[Tensor, "b n"],
    drop_y: Float[Tensor, "b m"],
    x_lengths: Int64[np.ndarray, " b"],
    y_lengths: Int64[np.ndarray, " b"],
) -> tuple[Float64[np.ndarray, " b"], UInt8[np.ndarray, "b n1 m1"]]:
    """Smallest cost, and the ways into every cell."""

    def first_minimum(ways: list[Tensor]) -> tuple[Tensor, Tensor]:
        stacked = torch.stack(ways)
        least = stacked.amin(0)
        return least, (stacked == least).to(torch.uint8).argmax(0).to(torch.uint8)

    totals, ways = _tables(cost.double(), drop_x.double(), drop_y.double(), first_minimum)
    pairs = np.arange(len(cost))
    sums = totals.numpy()[pairs, x_lengths + y_lengths, x_lengths]
    return sums, unskewed(torch.stack(ways, 1), cost.shape[2] + 1).numpy()


def _tables(
    cost: Tensor, drop_x: Tensor, drop_y: Tensor, minimum: Minimum
) -> tuple[Tensor, list[Tensor]]:
    """A of every anti-diagonal, by row, and the ways into its cells as bytes."""
    batch, n, m = cost.shape
    rows = torch.arange(n + 1, device=cost.device)
    nothing = cost.new_full((batch, n + 1), IMPOSSIBLE)
    # Cell (i, j) matches frames i - 1 and j - 1, so two diagonals and one row further back.
    matches = [nothing, *pad(skewed(cost), (1, 0)).unbind(1)]
    x = pad(drop_x, (1, 0))
    corner = [nothing] * 4
    states = [torch.where(rows == 0, 0.0, nothing), nothing, nothing, nothing]
    totals, ways = [states[0]], [torch.zeros_like(nothing, dtype=torch.uint8)]
    for k in range(1, n + m + 1):
        columns = k - rows
        inside = (columns >= 0) & (columns <= m)
        y = drop_y[:, (columns - 1).clamp(0, m - 1)]
        above = [_down(each) for each in states]
        l_sum, l_way = minimum([*corner, above[0], above[2], states[0], states[1]])
        y_sum, y_way = minimum([states[0], states[1]])
        x_sum, x_way = minimum([above[0], above[2]])
        b_sum, b_way = minimum([above[1], above[3]])
        below, right = inside & (rows > 0), inside & (columns > 0)
        corner = above
        states = [
            torch.where(below & right, matches[k - 1] + l_sum, nothing),
            torch.where(right, y + y_sum, nothing),
            torch.where(below, x + x_sum, nothing),
            torch.where(below, x + b_sum, nothing),
        ]
        total, state = minimum(states)
        totals.append(total)
        ways.append(l_way | y_way << 3 | x_way << 4 | b_way << 5 | state << 6)
    return torch.stack(totals, 1), ways


def _down(diagonal: Tensor) -> Tensor:
    """What each row finds in the row above it."""
    return pad(diagonal[:, :-1], (1, 0), value=IMPOSSIBLE)
