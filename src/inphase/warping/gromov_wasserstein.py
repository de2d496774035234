"""Transport that also keeps together in one video what is together in the other."""

import math
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor
from torch.nn import functional as F

from inphase.errors import InputError
from inphase.warping.inputs import (
    Lengths,
    checked_cost,
    checked_gamma,
    checked_lengths,
    in_full_precision,
    real_frames,
)
from inphase.warping.sinkhorn import solve
from inphase.warping.transport import (
    Problem,
    damping,
    log_kernel,
    marginal_weights,
    masses,
    safe_log,
)

Loss = Literal["product", "squared"]


@in_full_precision
def fused_gromov_wasserstein(
    cost: Float[Tensor, "b n m"],
    x_structure: Shaped[Tensor, "..."],
    y_structure: Shaped[Tensor, "..."],
    *,
    alpha: float | int,
    epsilon: float | int,
    loss: Loss = "product",
    x_mass: Shaped[Tensor, "..."] | None = None,
    y_mass: Shaped[Tensor, "..."] | None = None,
    x_lengths: Lengths = None,
    y_lengths: Lengths = None,
    virtual: float | Shaped[Tensor, "..."] | None = None,
    unbalanced: float | int | tuple[float | int, float | int] | None = None,
    iterations: int = 25,
    sinkhorn_iterations: int = 100,
    tolerance: float | int = 1e-5,
) -> Float[Tensor, "b rows columns"]:
    r"""Transport plans at least cost of matches and of pairs of matches.

    With structures $C^x$ among the frames of x and $C^y$ among those of y,

    $$\min_T\ (1 - \alpha) \langle T, C \rangle
    + \alpha \sum_{ijkl} L(C^x_{ik}, C^y_{jl})\, T_{ij} T_{kl}
    + \varepsilon \sum_{ij} T_{ij} (\log T_{ij} - 1)$$

    over plans with the marginals of `transport`. With $L(a, b) = a b$ ("product"), the
    structure `within_radius` of x and `beyond_radius` of y, it costs to give neighbours in x to
    frames far apart in y, which is VAOT's prior of smoothness; no order is asked for, so actions
    may be swapped or repeated. With $L(a, b) = (a - b)^2$ ("squared") it is the usual fused
    Gromov-Wasserstein distance.

    The problem is not convex. It is solved by projected mirror descent from $T = a b^\top$: each
    iteration takes the gradient of the first two terms for the cost of a `transport`. A pair
    whose plan has come to rest is left as it is.

    The plan is differentiable through all iterations, and each takes memory then. In VAOT it is a
    label: give it detached costs.

    Source: Peyré, Cuturi, Solomon, "Gromov-Wasserstein Averaging of Kernel and Distance
    Matrices", ICML 2016 (algorithm); Vayer, Chapel, Flamary, Tavenard, Courty, ICML 2019 (fused);
    Ali, Mahmood, Saeed, Konin, Zia, Tran, "Joint Self-Supervised Video Alignment and Action
    Segmentation" (VAOT), ICCV 2025 (structures), after Xu and Gould (ASOT), CVPR 2024.
    Deviation: the gradient of the quadratic term has its factor 2, which ASOT's code leaves out; to
    repeat that with alpha and epsilon, give alpha / (2 - alpha) and 2 epsilon / (2 - alpha).

    Args:
        cost: Cost (B, N, M) of giving frame i of x to frame j of y; VAOT: one minus cosine, plus
            a weight times `temporal_distance`.
        x_structure: Symmetric (N, N) or (B, N, N); not read past the lengths.
        y_structure: Symmetric (M, M) or (B, M, M).
        alpha: Weight of the structure, from 0 to 1.
        epsilon: Weight of the entropy; about 0.07 in VAOT.
        loss: "product" or "squared".
        x_mass: As for `transport`.
        y_mass: As for `transport`.
        x_lengths: Number of real frames of each x.
        y_lengths: Number of real frames of each y.
        virtual: As for `transport`; virtual frames have structure 0 to all.
        unbalanced: As for `transport`.
        iterations: Most steps of mirror descent; about 25 in VAOT.
        sinkhorn_iterations: Most iterations of each transport.
        tolerance: A plan is at rest when a step moves no more mass than this; also the tolerance
            of each transport.

    Returns:
        The plan, as of `transport`.

    Raises:
        InputError: If shapes, lengths or weights cannot be used, a structure is not symmetric, or
            a real cost is NaN or infinite.
    """
    checked_cost(cost)
    epsilon = checked_gamma(epsilon, "epsilon")
    if not 0 <= alpha <= 1 or iterations < 1:
        raise InputError(
            f"alpha must be from 0 to 1 and iterations at least 1, not {alpha} and {iterations}"
        )
    x_ends = checked_lengths(x_lengths, len(cost), cost.shape[1], "x_lengths")
    y_ends = checked_lengths(y_lengths, len(cost), cost.shape[2], "y_lengths")
    x = _checked_structure(x_structure, cost, cost.shape[1], x_ends, "x_structure")
    y = _checked_structure(y_structure, cost, cost.shape[2], y_ends, "y_structure")
    if virtual is not None:
        x, y = F.pad(x, (1, 0, 1, 0)), F.pad(y, (1, 0, 1, 0))
    problem = Problem.of(cost, x_ends, y_ends, virtual)
    rho = marginal_weights(unbalanced)
    balanced = rho == (math.inf, math.inf)
    a = masses(x_mass, problem.x_real, "x_mass", balanced, problem.cost.dtype)
    b = masses(y_mass, problem.y_real, "y_mass", balanced, problem.cost.dtype)
    plan = a[:, :, None] * b[:, None] / b.sum(1)[:, None, None]
    # Entropy is a divergence from 1 everywhere; in a balanced problem from anything.
    prior = None if balanced else torch.ones_like(plan)
    rests = torch.zeros(len(cost), dtype=torch.bool, device=cost.device)
    potentials = None
    for _ in range(iterations):
        # Neither the shifts of costs in `log_kernel`, nor where iterations start, have a gradient:
        # they change no plan that has converged, and it is the solution that is differentiated.
        linear = (1 - alpha) * problem.cost + 2 * alpha * _quadratic(plan, x, y, loss)
        moved, potentials = solve(
            log_kernel(linear, epsilon, prior, a, b, balanced),
            safe_log(a), safe_log(b), a > 0, b > 0,
            damping=(damping(rho[0], epsilon), damping(rho[1], epsilon)),
            iterations=sinkhorn_iterations, tolerance=tolerance, gradient="implicit",
            start=potentials,
        )  # fmt: skip
        rests = rests | ((moved - plan).detach().abs().sum((1, 2)) <= tolerance)
        plan = plan.where(rests[:, None, None], moved)
        if rests.all():
            break
    return plan.to(cost.dtype)


@in_full_precision
def fused_gromov_wasserstein_cost(
    plan: Float[Tensor, "b n m"],
    cost: Float[Tensor, "b n m"],
    x_structure: Float[Tensor, "*b n n"],
    y_structure: Float[Tensor, "*b m m"],
    *,
    alpha: float | int,
    loss: Loss = "product",
) -> Float[Tensor, " b"]:
    """Cost of a plan without its entropy: the first two terms that the plan was chosen by.

    Differentiable by plan, costs and structures, which must be finite in padding, too.
    """
    quadratic = _quadratic(plan, _batched(x_structure), _batched(y_structure), loss)
    return (plan * ((1 - alpha) * cost + alpha * quadratic)).sum((1, 2))


def within_radius(
    lengths: Lengths, longest: int, *, radius: float, batch: int = 1
) -> Float[Tensor, "b longest longest"]:
    """Structure of x in VAOT: 1 / radius for two frames no further apart than the radius, else 0.

    The radius is a share of each video's length. A frame has no structure with itself.
    """
    apart, reach = _apart(lengths, longest, radius, batch)
    return ((apart <= reach) & (apart > 0)).float() / radius


def beyond_radius(
    lengths: Lengths, longest: int, *, radius: float, batch: int = 1
) -> Float[Tensor, "b longest longest"]:
    """Structure of y in VAOT: 1 for two frames further apart than the radius, else 0."""
    apart, reach = _apart(lengths, longest, radius, batch)
    return (apart > reach).float()


def temporal_distance(
    x_lengths: Lengths, y_lengths: Lengths, n: int, m: int, *, batch: int = 1
) -> Float[Tensor, "b n m"]:
    """Distance in time, as a share of each video's length: |i / N - j / M|; VAOT's prior."""
    x_ends = torch.from_numpy(checked_lengths(x_lengths, batch, n, "x_lengths"))
    y_ends = torch.from_numpy(checked_lengths(y_lengths, batch, m, "y_lengths"))
    x, y = torch.arange(n) / x_ends[:, None], torch.arange(m) / y_ends[:, None]
    return (x[:, :, None] - y[:, None]).abs()


def _apart(lengths: Lengths, longest: int, radius: float, batch: int) -> tuple[Tensor, Tensor]:
    ends = checked_lengths(lengths, batch if lengths is None else len(lengths), longest)
    if not 0 < radius <= 1:
        raise InputError(f"the radius is a share of the video, above 0 and up to 1, not {radius}")
    i = torch.arange(longest)
    # A rounded product must not lose the frame just on the edge.
    reach = torch.from_numpy(np.floor(ends * radius + 1e-9))
    return (i[:, None] - i).abs()[None], reach[:, None, None]


def _batched(structure: Tensor) -> Tensor:
    return structure if structure.ndim == 3 else structure[None]


def _quadratic(plan: Tensor, x: Tensor, y: Tensor, loss: Loss) -> Tensor:
    """Sum over k, l of L(x_ik, y_jl) T_kl; the gradient of the quadratic term is twice this."""
    if loss == "product":
        return x @ plan @ y
    rows, columns = plan.sum(2, keepdim=True), plan.sum(1, keepdim=True)
    return x.square() @ rows + columns @ y.square() - 2 * (x @ plan @ y)


def _checked_structure(
    structure: Tensor, cost: Tensor, size: int, ends: Int64[np.ndarray, " b"], name: str
) -> Tensor:
    """(B, size, size), 0 in padding."""
    if structure.shape not in ((size, size), (1, size, size), (len(cost), size, size)):
        raise InputError(
            f"{name} must be shaped {(size, size)} or {(len(cost), size, size)}, "
            f"not {tuple(structure.shape)}"
        )
    real = real_frames(ends, size, cost.device)
    both = real[:, :, None] & real[:, None]
    dtype = torch.promote_types(cost.dtype, torch.float32)
    matrix = _batched(structure.to(cost.device, dtype)).masked_fill(~both, 0.0)
    if not torch.isfinite(matrix).all():
        raise InputError(f"{name} must be finite")
    if not torch.allclose(matrix, matrix.mT, rtol=1e-4):
        raise InputError(f"{name} must be symmetric")
    return matrix
