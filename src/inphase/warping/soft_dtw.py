"""Soft-DTW: a differentiable discrepancy of two sequences that may run at different speeds."""

from typing import Literal

import torch
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.nn import functional as F

from inphase.errors import InputError
from inphase.warping import pairwise
from inphase.warping.band import Band
from inphase.warping.extent import Extent, extent
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
from inphase.warping.routes import pick
from inphase.warping.soft_dtw_reference import soft_dtw_reference

Distance = Literal["squared_euclidean", "cosine"]
_COSTS = {"squared_euclidean": pairwise.squared_euclidean, "cosine": pairwise.cosine}


def soft_dtw(
    x: Shaped[Tensor, "..."],
    y: Shaped[Tensor, "..."],
    *,
    gamma: float | int = 1.0,
    x_lengths: Lengths = None,
    y_lengths: Lengths = None,
    band: Band = None,
    distance: Distance = "squared_euclidean",
) -> Float[Tensor, " batch"]:
    r"""Soft minimum, over all alignments of each pair, of the costs they sum up.

    $$s(x, y) = -\gamma \log \sum_{A} \exp\Big(-\frac1\gamma \sum_{(i, j) \in A} c_{ij}\Big),
    \qquad c_{ij} = \lVert x_i - y_j \rVert^2,$$

    where A runs over the monotone paths from the first frames to the last. For small $\gamma$ it
    is dynamic time warping; it is never above it, and **may be negative**, even for x = y: see
    `soft_dtw_divergence` for a discrepancy that is not.

    Gradients to both inputs are those of the value to float precision: the expected alignment
    (`soft_alignment`) keeps its mass, so that float32 serves for small gammas and long videos. A
    backward pass with `create_graph` goes through the reference, whose derivatives of any order
    are right, and takes its time and memory.

    On the CPU, pairs of more than about half a million cells are computed in strips, with memory
    that grows with the frames and not with their product.

    Source: Cuturi and Blondel, "Soft-DTW: a Differentiable Loss Function for Time-Series", ICML
    2017, equation 2. Deviation: none; they write the cost with a half in experiments.

    Args:
        x: Embeddings (B, N, D), in float16, bfloat16, float32 (both computed in float32) or
            float64.
        y: Embeddings (B, M, D), M and N at will.
        gamma: $\gamma$ above 0, in the unit of the cost.
        x_lengths: Real frames (B,) of each x; those past them are never used, and have gradient 0.
        y_lengths: Likewise for y.
        band: Sakoe-Chiba band, in frames (int) or as a share of the longer side (float up to 1):
            see `inphase.warping.band.bounds`.
        distance: "squared_euclidean" (without a half), or "cosine": $1 - \cos(x_i, y_j)$.

    Returns:
        The value (B,) of each pair, in the type of x.

    Raises:
        InputError: If shapes, types or devices of x and y disagree; a length is not from 1 to the
            frames given; a real frame holds NaN or infinity; gamma is not above 0; no path fits
            the band; or the distance is unknown.

    Example:
        >>> import torch
        >>> x = torch.tensor([[[0.0], [1.0], [3.0]]])
        >>> soft_dtw(x, x + 1, gamma=1e-3).round(decimals=2)
        tensor([3.])
    """
    x, y, cells, gamma = _checked(x, y, gamma, x_lengths, y_lengths, band, distance)
    return _value(x, y, gamma, cells, distance)


def soft_dtw_from_cost(
    cost: Shaped[Tensor, "..."],
    *,
    gamma: float | int = 1.0,
    x_lengths: Lengths = None,
    y_lengths: Lengths = None,
    band: Band = None,
) -> Float[Tensor, " batch"]:
    """As `soft_dtw`, from costs (B, N, M) in any unit; they may be negative.

    Args:
        cost: Cost of matching frame i of one video with frame j of the other.
        gamma: Smoothing, in the unit of the cost.
        x_lengths: Real rows (B,) of each matrix.
        y_lengths: Real columns (B,) of each matrix.
        band: As in `soft_dtw`.

    Returns:
        The value (B,) of each matrix.

    Raises:
        InputError: As in `soft_dtw`.
    """
    cells, gamma = _checked_cost(cost, gamma, x_lengths, y_lengths, band)
    return _value_from_cost(cost, gamma, cells)


def soft_dtw_divergence(
    x: Shaped[Tensor, "..."],
    y: Shaped[Tensor, "..."],
    *,
    gamma: float | int = 1.0,
    x_lengths: Lengths = None,
    y_lengths: Lengths = None,
    band: Band = None,
    distance: Distance = "squared_euclidean",
) -> Float[Tensor, " batch"]:
    r"""Soft-DTW divergence: not negative, and 0 where x and y are the same.

    $$s(x, y) - \tfrac12 s(x, x) - \tfrac12 s(y, y)$$

    The lengths of x and y may differ. Differences of large numbers: in float32, rounding is that
    of the largest of the three.

    Source: Blondel, Mensch and Vert, "Differentiable Divergences Between Time Series", AISTATS
    2021, equation 9. Deviation: none.

    Args:
        x: As all other arguments, as in `soft_dtw`.
        y: See there.
        gamma: See there.
        x_lengths: See there.
        y_lengths: See there.
        band: See there; a share is of the longer side of each of the three pairs.
        distance: See there.

    Returns:
        The divergence (B,) of each pair.

    Raises:
        InputError: As in `soft_dtw`.
    """
    first, second, cells, gamma = _checked(x, y, gamma, x_lengths, y_lengths, band, distance)
    of_x = extent(cells.rows, cells.rows, first.shape[1], band)
    of_y = extent(cells.columns, cells.columns, second.shape[1], band)
    between = _value(first, second, gamma, cells, distance)
    within = _value(first, first, gamma, of_x, distance) + _value(
        second, second, gamma, of_y, distance
    )
    return between - within / 2


def soft_alignment(
    x: Shaped[Tensor, "..."],
    y: Shaped[Tensor, "..."],
    *,
    gamma: float | int = 1.0,
    x_lengths: Lengths = None,
    y_lengths: Lengths = None,
    band: Band = None,
    distance: Distance = "squared_euclidean",
) -> Float[Tensor, "batch n m"]:
    r"""Expected alignment: the probability that the path visits a cell, $\partial s / \partial c$.

    Paths are drawn with probability $\propto \exp(-\text{cost} / \gamma)$. Shares lie from 0 to 1,
    and are 1 at the first and the last cell.

    Differentiable in x and y, by the reference, if one of them requires a gradient.

    Source: Cuturi and Blondel, ICML 2017, algorithm 2 and section 2.3.

    Args:
        x: As all other arguments, as in `soft_dtw`.
        y: See there.
        gamma: See there.
        x_lengths: See there.
        y_lengths: See there.
        band: See there.
        distance: See there.

    Returns:
        Shares (B, N, M); 0 at cells that are not there.

    Raises:
        InputError: As in `soft_dtw`.
    """
    first, second, cells, gamma = _checked(x, y, gamma, x_lengths, y_lengths, band, distance)
    return _alignment(_COSTS[distance](first, second), gamma, cells).to(x.dtype)


def soft_alignment_from_cost(
    cost: Shaped[Tensor, "..."],
    *,
    gamma: float | int = 1.0,
    x_lengths: Lengths = None,
    y_lengths: Lengths = None,
    band: Band = None,
) -> Float[Tensor, "batch n m"]:
    """As `soft_alignment`, from costs (B, N, M).

    Args:
        cost: As all other arguments, as in `soft_dtw_from_cost`.
        gamma: See there.
        x_lengths: See there.
        y_lengths: See there.
        band: See there.

    Returns:
        Shares (B, N, M).

    Raises:
        InputError: As in `soft_dtw_from_cost`.
    """
    cells, gamma = _checked_cost(cost, gamma, x_lengths, y_lengths, band)
    return _alignment(cost, gamma, cells)


def _checked(
    x: Tensor,
    y: Tensor,
    gamma: float | int,
    x_lengths: Lengths,
    y_lengths: Lengths,
    band: Band,
    distance: str,
) -> tuple[Tensor, Tensor, Extent, float]:
    """Inputs after checks, with frames past the lengths set to 0, and the cells that are there."""
    checked_pairs(x, y)
    if distance not in _COSTS:
        raise InputError(f"distance must be squared_euclidean or cosine, not {distance!r}")
    rows = checked_lengths(x_lengths, len(x), x.shape[1], "x_lengths")
    columns = checked_lengths(y_lengths, len(y), y.shape[1], "y_lengths")
    check_finite_frames(x, rows, "x")
    if y is not x:
        check_finite_frames(y, columns, "y")
    # 0 times the NaN of padding would be NaN, in the products of the backward pass.
    if x_lengths is not None and rows.min() < x.shape[1]:
        x = x.masked_fill(~real_frames(rows, x.shape[1], x.device)[..., None], 0)
    if y_lengths is not None and columns.min() < y.shape[1]:
        y = y.masked_fill(~real_frames(columns, y.shape[1], y.device)[..., None], 0)
    return x, y, extent(rows, columns, x.shape[1], band), checked_gamma(gamma)


def _checked_cost(
    cost: Tensor, gamma: float, x_lengths: Lengths, y_lengths: Lengths, band: Band
) -> tuple[Extent, float]:
    checked_cost(cost)
    rows = checked_lengths(x_lengths, len(cost), cost.shape[1], "x_lengths")
    columns = checked_lengths(y_lengths, len(cost), cost.shape[2], "y_lengths")
    check_finite_cost(cost, rows, columns)
    return extent(rows, columns, cost.shape[1], band), checked_gamma(gamma)


@in_full_precision
def _value(
    x: Tensor, y: Tensor, gamma: float, cells: Extent, distance: Distance
) -> Float[Tensor, " batch"]:
    """Value of embeddings after checks, by the route that serves them."""
    given = x.dtype
    if given in (torch.float16, torch.bfloat16):
        x, y = x.float(), y.float()
    route = pick(x.device.type, str(x.dtype).removeprefix("torch."))
    if route == "reference":
        value = _value_by_reference(x, y, gamma, cells, distance)
    else:
        unit = distance == "cosine"
        if unit:
            x, y = F.normalize(x, dim=-1), F.normalize(y, dim=-1)
        if route == "triton":
            from inphase.warping.soft_dtw_triton import PairsOnTriton as Pairs
        else:
            from inphase.warping.soft_dtw_pairs import Pairs
        value = Pairs.apply(x, y, gamma, cells, unit)
    return value.to(given)


def _value_by_reference(
    x: Tensor, y: Tensor, gamma: float, cells: Extent, distance: Distance
) -> Float[Tensor, " batch"]:
    """Value of embeddings, with derivatives of any order."""
    wide = x.device.type != "mps"
    cost = _COSTS[distance](x.double() if wide else x, y.double() if wide else y)
    return soft_dtw_reference(cost, gamma, cells).to(x.dtype)


def _value_from_cost(cost: Tensor, gamma: float, cells: Extent) -> Float[Tensor, " batch"]:
    given = cost.dtype
    cost = cost.float() if given in (torch.float16, torch.bfloat16) else cost
    route = pick(cost.device.type, str(cost.dtype).removeprefix("torch."))
    if route == "reference":
        value = soft_dtw_reference(cost, gamma, cells)
    else:
        if route == "triton":
            from inphase.warping.soft_dtw_triton import CostsOnTriton as Costs
        else:
            from inphase.warping.soft_dtw_pairs import Costs
        value = Costs.apply(cost, gamma, cells)
    return value.to(given)


def _alignment(cost: Tensor, gamma: float, cells: Extent) -> Float[Tensor, "batch n m"]:
    """Gradient of the values by the costs; by way of the reference if it is to have one itself."""
    differentiable = torch.is_grad_enabled() and cost.requires_grad
    with torch.enable_grad():
        leaf = cost if differentiable else cost.detach().requires_grad_()
        if differentiable:
            value = soft_dtw_reference(leaf, gamma, cells)
        else:
            value = _value_from_cost(leaf, gamma, cells)
        (shares,) = torch.autograd.grad(value.sum(), leaf, create_graph=differentiable)
    return shares
