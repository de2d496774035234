"""VAVA's transport between two videos with a virtual frame, and the terms that are made of it."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from inphase.losses.vava_prior import Density
from inphase.warping.pairwise import squared_euclidean
from inphase.warping.sinkhorn import solve
from inphase.warping.transport import log_kernel, masses, safe_log

# The authors' code clips the kernel here. It keeps every match possible, if at a price, and the
# kernel in the range where exponentials are fast.
_LEAST_PRIOR = 1e-15


class Terms(NamedTuple):
    """What VAVA's loss is made of, one number for each pair; its intra-video terms are not here."""

    transport: Float[Tensor, " pairs"]
    structure: Float[Tensor, " pairs"]
    divergence: Float[Tensor, " pairs"]
    inter: Float[Tensor, " pairs"]


class Expected(NamedTuple):
    """What is expected of each match, virtual frames first; constants, but for a learned variance.

    The logarithm of the prior, and the inverse difference moment: 1 where a match is just where it
    is expected, and less the farther it is from there.
    """

    log_prior: Float[Tensor, "pairs n m"]
    moment: Float[Tensor, "pairs n m"]


def terms(
    x: Float[Tensor, "pairs n dim"],
    y: Float[Tensor, "pairs m dim"],
    x_mask: Bool[Tensor, "pairs n"],
    y_mask: Bool[Tensor, "pairs m"],
    *,
    phi: float,
    density: Density,
    virtual: float | int,
    virtual_distance: float | int,
    structure_weight: float | int,
    prior_weight: float | int,
    iterations: int,
) -> Terms:
    """Solve for the plans and return their terms; embeddings are unit vectors, 0 in padding."""
    distance = squared_euclidean(x, y)
    real = x_mask[:, :, None] & y_mask[:, None]
    expected = expectations(distance.detach(), real, phi, density, virtual_distance)
    cost = F.pad(distance, (1, 0, 1, 0), value=virtual)
    # A prior counts as a cost of minus epsilon times its logarithm.
    preferred = structure_weight * expected.moment + prior_weight * expected.log_prior
    a, b = (
        masses(None, F.pad(mask, (1, 0), value=True), "", True, cost.dtype)
        for mask in (x_mask, y_mask)
    )
    # Not "balanced" just leaves costs unshifted, so that iterations start as in the papers.
    kernel = log_kernel(cost - preferred, prior_weight, None, a, b, balanced=False)
    plan, (f, g) = solve(
        kernel, safe_log(a), safe_log(b), a > 0, b > 0,
        damping=(1.0, 1.0), iterations=iterations, tolerance=0.0, gradient="unrolled",
    )  # fmt: skip
    log_plan = kernel.detach() + f[:, :, None] + g[:, None]
    return Terms(
        transport=(plan * cost).sum((1, 2)),
        structure=(plan * expected.moment).sum((1, 2)),
        divergence=(plan * (safe_log(plan) - expected.log_prior)).sum((1, 2)),
        inter=_contrast(distance, log_plan[:, 1:, 1:], x_mask, y_mask)
        + _contrast(distance.mT, log_plan[:, 1:, 1:].mT, y_mask, x_mask),
    )


def expectations(
    distance: Float[Tensor, "pairs n m"],
    real: Bool[Tensor, "pairs n m"],
    phi: float,
    density: Density,
    virtual_distance: float | int,
) -> Expected:
    """Mix what is expected of matches that keep to time with that of matches near the best ones."""
    x_frame, y_frame, i, j = _positions(real, distance.dtype)
    apart = distance.masked_fill(~real, math.inf)
    x_off = (i - (apart.argmin(1) + 1)[:, None]).abs() * x_frame
    y_off = (j - (apart.argmin(2) + 1)[:, :, None]).abs() * y_frame
    diagonal = (i * x_frame - j * y_frame).abs()
    lost = 3 * virtual_distance / (1 / x_frame + 1 / y_frame + 2)
    consistent, optimal, optimal_square = (
        _with_virtual(each, to_virtual)
        for each, to_virtual in (
            (diagonal, lost),
            ((x_off + y_off) / 2, lost),
            ((x_off.square() + y_off.square()) / 2, lost.square()),
        )
    )
    frame = (x_frame.square() + y_frame.square()).sqrt()
    log_prior = torch.logaddexp(
        density.log(consistent, frame) + _log(phi), density.log(optimal, frame) + _log(1 - phi)
    ).clamp(min=math.log(_LEAST_PRIOR))
    moment = phi / (consistent.square() + 1) + (1 - phi) / (optimal_square + 1)
    return Expected(log_prior, moment)


def _positions(
    real: Bool[Tensor, "pairs n m"], dtype: torch.dtype
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Shares 1 / N and 1 / M of one frame, and numbers i and j of all, from 1."""
    _, n, m = real.shape
    x_frame = 1 / real.any(2).sum(1).to(dtype)[:, None, None]
    y_frame = 1 / real.any(1).sum(1).to(dtype)[:, None, None]
    i = torch.arange(1, n + 1, device=real.device, dtype=dtype)[:, None]
    j = torch.arange(1, m + 1, device=real.device, dtype=dtype)
    return x_frame, y_frame, i, j


def _with_virtual(cells: Tensor, to_virtual: Float[Tensor, "pairs 1 1"]) -> Tensor:
    """Put the distance to virtual frames before all others; from one to the other it is 0."""
    batch, n, m = cells.shape
    padded = to_virtual.repeat(1, n + 1, m + 1)
    padded[:, 1:, 1:] = cells
    padded[:, 0, 0] = 0
    return padded


def _contrast(
    distance: Float[Tensor, "pairs n m"],
    log_plan: Float[Tensor, "pairs n m"],
    rows: Bool[Tensor, "pairs n"],
    columns: Bool[Tensor, "pairs m"],
) -> Float[Tensor, " pairs"]:
    """Distance of a frame from its best match less that from its worst, on average."""
    padding = ~columns[:, None]
    best = log_plan.masked_fill(padding, -math.inf).argmax(2, keepdim=True)
    worst = log_plan.masked_fill(padding, math.inf).argmin(2, keepdim=True)
    excess = (distance.gather(2, best) - distance.gather(2, worst))[:, :, 0]
    return (excess * rows).sum(1) / rows.sum(1)


def _log(share: float) -> float:
    return math.log(share) if share > 0 else -math.inf
