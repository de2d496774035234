"""Gradients of soft-DTW by embeddings or costs: from the expected alignment or the reference."""

import torch
from jaxtyping import Float
from torch import Tensor

from inphase.warping import pairwise
from inphase.warping.extent import Extent
from inphase.warping.soft_dtw_reference import soft_dtw_reference


def gradient_of(
    x: Float[Tensor, "b n d"],
    y: Float[Tensor, "b m d"],
    alignment: Float[Tensor, "b n m"],
    gradient: Float[Tensor, " b"],
    unit: bool,
) -> Float[Tensor, "b n d"]:
    """Gradient of x: each frame is drawn to the frames that it is aligned with."""
    aligned = torch.bmm(alignment, y * gradient[:, None, None])
    if unit:
        return aligned.neg_()
    own = alignment.sum(2) * gradient[:, None]
    return (x * own[..., None]).sub_(aligned).mul_(2)


def gradient_of_costs(
    cost: Float[Tensor, "b n m"],
    alignment: Float[Tensor, "b n m"],
    gradient: Float[Tensor, " b"],
    gamma: float,
    cells: Extent,
) -> Float[Tensor, "b n m"]:
    """Gradient of costs, the alignment; by the reference if it is to be differentiated in turn."""
    if torch.is_grad_enabled():
        value = soft_dtw_reference(cost, gamma, cells)
        return torch.autograd.grad(value, cost, gradient, create_graph=True)[0]
    return alignment * gradient[:, None, None]


def by_reference(
    x: Float[Tensor, "b n d"],
    y: Float[Tensor, "b m d"],
    gradient: Float[Tensor, " b"],
    gamma: float,
    cells: Extent,
    unit: bool,
    wanted: tuple[bool, ...],
) -> list[Tensor | None]:
    """Gradients of x and y that can be differentiated."""
    wide_x, wide_y = x.double(), y.double()
    cost = 1 - wide_x @ wide_y.mT if unit else pairwise.squared_euclidean(wide_x, wide_y)
    value = soft_dtw_reference(cost, gamma, cells)
    leaves = [each for each, need in zip((x, y), wanted, strict=True) if need]
    found = iter(torch.autograd.grad(value, leaves, gradient.double(), create_graph=True))
    return [next(found) if need else None for need in wanted]
