"""Entropic optimal transport between the frames of two videos, in the log domain."""

import math
from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor

from inphase.errors import InputError
from inphase.warping.inputs import (
    Lengths,
    check_finite_cost,
    checked_cost,
    checked_gamma,
    checked_lengths,
    in_full_precision,
    real_frames,
)
from inphase.warping.sinkhorn import solve


@in_full_precision
def transport(
    cost: Float[Tensor, "b n m"],
    *,
    epsilon: float | int,
    prior: Shaped[Tensor, "..."] | None = None,
    x_mass: Shaped[Tensor, "..."] | None = None,
    y_mass: Shaped[Tensor, "..."] | None = None,
    x_lengths: Lengths = None,
    y_lengths: Lengths = None,
    virtual: float | Shaped[Tensor, "..."] | None = None,
    unbalanced: float | int | tuple[float | int, float | int] | None = None,
    iterations: int = 1000,
    tolerance: float | int = 1e-5,
    gradient: Literal["implicit", "unrolled"] = "implicit",
) -> Float[Tensor, "b rows columns"]:
    r"""Transport plans: how much of each frame of x goes to each frame of y, at least cost.

    With costs $C$, masses $a$ of the frames of x and $b$ of those of y, and a prior $Q$,

    $$T = \arg\min_{T \ge 0} \langle T, C \rangle + \varepsilon\, \mathrm{KL}(T \Vert Q)
    \quad\text{with}\quad T 1 = a,\ T^\top 1 = b,$$

    whose solution $T = \mathrm{diag}(u)\,(Q \odot e^{-C/\varepsilon})\,\mathrm{diag}(v)$ is found
    by Sinkhorn's iterations: from $v = 1$ on, rows are made to sum to $a$, columns to $b$, in turn.
    The columns come last and are exact. Unlike a warping path a plan may go back in time, and it
    gives one frame to several. VAVA's plan (its equation 13) is this one with
    $\varepsilon = \lambda_2$, the cost $\hat D - S$ of virtual frame and structure term, its
    mixture of Gaussians as `prior`, `virtual=0.5`, `iterations=20`, `tolerance=0` and
    `gradient="unrolled"`.

    With `virtual`, a frame 0 that any frame may be given to for this cost is put before those of x
    and of y, so plan, prior and masses have one row and one column more. It weighs as much as any
    other frame, unless masses are given.

    With `unbalanced` weights $\rho$ the marginals are not kept but paid for, by
    $\rho_x \mathrm{KL}(T 1 \Vert a) + \rho_y \mathrm{KL}(T^\top 1 \Vert b)$, so that frames that
    match nothing carry less mass. (KL is $\sum p \log(p/q) - p + q$.)

    Numerics: potentials $\log u, \log v$ are iterated, so that no cost or epsilon makes NaN. They
    are absorbed into the kernel whenever they move far, in between an iteration is two products
    with it. A pair that has converged is left as it is, so that no pair depends on its batch.

    Source: Cuturi, "Sinkhorn Distances", NeurIPS 2013; stabilisation: Schmitzer, SIAM J. Sci.
    Comput. 2019; unbalanced: Chizat, Peyré, Schmitzer, Vialard, Math. Comp. 2018; implicit
    gradient: Luise, Rudi, Pontil, Ciliberto, NeurIPS 2018; prior and virtual frame: Liu,
    Tekin, Coskun, Vineet, Fua, Pollefeys, "Learning to Align Sequential Actions in the Wild"
    (VAVA), CVPR 2022. Deviation: none.

    Args:
        cost: Cost (B, N, M) of giving frame i of x to frame j of y.
        epsilon: Weight of the KL term, in the unit of the costs; the smaller, the sharper the plan
            and the more iterations it takes.
        prior: Weights (B, rows, columns), 0 where a pair of frames is forbidden; they need not sum
            to 1. Without it, $Q = a b^\top$. Differentiable.
        x_mass: Mass (B, rows) of the frames of x; equal shares of 1 without it. Masses are scaled
            to sum to 1 unless `unbalanced`. A frame of mass 0 takes no part. Differentiable.
        y_mass: The same for y, (B, columns).
        x_lengths: Number of real frames of each x; frames past it are not read and get nothing.
        y_lengths: The same for y.
        virtual: Cost of giving a frame to the virtual frame, for all pairs or one each.
        unbalanced: Weight of the marginals, or one for x and one for y; infinity keeps a marginal.
        iterations: Most iterations.
        tolerance: A pair has converged when the rows of its plan miss their mass by no more than
            this, summed over rows (unbalanced: what the rows lack for being stationary).
        gradient: "implicit" differentiates the solution itself, at the cost of one linear system
            whatever the number of iterations: right once converged. "unrolled" differentiates the
            iterations as they were made, few or many. It is fastest with a tolerance of 0 and both
            marginals kept; otherwise it keeps a plan for each iteration in memory. Both allow
            double backward.

    Returns:
        The plan; 0 where either frame is padding.

    Raises:
        InputError: If shapes, lengths, weights or masses cannot be used, a real cost is NaN or
            infinite, or the prior forbids all partners of a frame that has mass.

    Example:
        >>> cost = torch.tensor([[[0.0, 1.0], [1.0, 0.0]]])
        >>> [round(each, 3) for each in transport(cost, epsilon=0.1).flatten().tolist()]
        [0.5, 0.0, 0.0, 0.5]
    """
    checked_cost(cost)
    problem = Problem.of(cost, x_lengths, y_lengths, virtual)
    epsilon = checked_gamma(epsilon, "epsilon")
    rho = marginal_weights(unbalanced)
    if iterations < 1 or not tolerance >= 0:
        raise InputError(
            f"transport needs at least 1 iteration and a tolerance of 0 or more, "
            f"not {iterations} and {tolerance}"
        )
    if gradient not in ("implicit", "unrolled"):
        raise InputError(f"the gradient is 'implicit' or 'unrolled', not '{gradient}'")
    balanced = rho == (math.inf, math.inf)
    a = masses(x_mass, problem.x_real, "x_mass", balanced, problem.cost.dtype)
    b = masses(y_mass, problem.y_real, "y_mass", balanced, problem.cost.dtype)
    kernel, log_v = kernel_and_start(problem.cost, epsilon, prior, a, b, balanced)
    plan, _ = solve(
        kernel, safe_log(a), safe_log(b), a > 0, b > 0,
        damping=(damping(rho[0], epsilon), damping(rho[1], epsilon)),
        iterations=iterations, tolerance=tolerance, gradient=gradient,
        start=(torch.zeros_like(a), log_v),
    )  # fmt: skip
    return plan.to(cost.dtype)


class Problem(NamedTuple):
    """Costs with the virtual frames, 0 in padding; which frames are real."""

    cost: Tensor
    x_real: Tensor
    y_real: Tensor

    @classmethod
    def of(
        cls,
        cost: Tensor,
        x_lengths: Lengths,
        y_lengths: Lengths,
        virtual: float | int | Tensor | None,
    ) -> "Problem":
        """Check what was given."""
        batch, n, m = cost.shape
        x_ends = checked_lengths(x_lengths, batch, n, "x_lengths")
        y_ends = checked_lengths(y_lengths, batch, m, "y_lengths")
        check_finite_cost(cost, x_ends, y_ends)
        if cost.dtype in (torch.float16, torch.bfloat16):
            cost = cost.float()
        if virtual is not None:
            cost = with_virtual_frames(cost, virtual)
            x_ends, y_ends, n, m = x_ends + 1, y_ends + 1, n + 1, m + 1
        x_real = real_frames(x_ends, n, cost.device)
        y_real = real_frames(y_ends, m, cost.device)
        cost = cost.masked_fill(~(x_real[:, :, None] & y_real[:, None]), 0.0)
        return cls(cost, x_real, y_real)


def with_virtual_frames(cost: Tensor, virtual: float | int | Tensor) -> Tensor:
    """Put a row and a column of this cost before those of each pair."""
    batch, n, m = cost.shape
    value = torch.as_tensor(virtual, dtype=cost.dtype, device=cost.device)
    if value.shape not in ((), (batch,)) or not torch.isfinite(value).all():
        raise InputError(
            "virtual must be one finite cost, or one for each pair, "
            f"not {virtual if value.ndim == 0 else tuple(value.shape)}"
        )
    padded = value.reshape(-1, 1, 1).expand(batch, n + 1, m + 1).clone()
    padded[:, 1:, 1:] = cost
    return padded


def marginal_weights(
    unbalanced: float | int | tuple[float | int, float | int] | None,
) -> tuple[float, float]:
    """Weight of the marginals of x and of y, infinite where they are kept."""
    if unbalanced is None:
        return math.inf, math.inf
    x, y = unbalanced if isinstance(unbalanced, tuple) else (unbalanced, unbalanced)
    if not (x > 0 and y > 0):
        raise InputError(f"unbalanced weights must be above 0, not {unbalanced}")
    return x, y


def damping(weight: float, epsilon: float) -> float:
    """By how much a step of Sinkhorn's iterations is shortened: 1 where a marginal is kept."""
    return 1.0 if math.isinf(weight) else weight / (weight + epsilon)


def masses(
    mass: Tensor | None, real: Bool[Tensor, "b rows"], name: str, balanced: bool, dtype: torch.dtype
) -> Float[Tensor, "b rows"]:
    """Masses of frames, 0 in padding; they sum to 1 unless they were given and may not."""
    if mass is None:
        return real.to(dtype) / real.sum(1, keepdim=True)
    if mass.shape != real.shape:
        raise InputError(
            f"{name} must be shaped {tuple(real.shape)}, as the plan's frames are, "
            f"not {tuple(mass.shape)}"
        )
    mass = mass.to(dtype).masked_fill(~real, 0.0)
    total = mass.sum(1, keepdim=True)
    if not (torch.isfinite(mass).all() and (mass >= 0).all() and (total > 0).all()):
        raise InputError(f"{name} must be 0 or more and finite, with some mass in every pair")
    return mass / total if balanced else mass


def log_kernel(
    cost: Float[Tensor, "b n m"],
    epsilon: float | int,
    prior: Tensor | None,
    a: Float[Tensor, "b n"],
    b: Float[Tensor, "b m"],
    balanced: bool,
) -> Float[Tensor, "b n m"]:
    """Logarithm of the prior, less the costs; finite, and very low where nothing may go.

    If balanced, costs are less the least ones of rows and columns, which changes no plan once
    converged, but those before: see `kernel_and_start`.
    """
    return kernel_and_start(cost, epsilon, prior, a, b, balanced)[0]


def kernel_and_start(
    cost: Float[Tensor, "b n m"],
    epsilon: float | int,
    prior: Tensor | None,
    a: Float[Tensor, "b n"],
    b: Float[Tensor, "b m"],
    balanced: bool,
) -> tuple[Float[Tensor, "b n m"], Float[Tensor, "b m"]]:
    """The same, and log v from which each iteration is that from v = 1 without the shifts.

    Started elsewhere, plans would depend on the shifts until converged, and gradients, in which
    these are constants, would not be those of the plans. (Shifts of rows are lost in the first
    step.)
    """
    takes_part = (a > 0)[:, :, None] & (b > 0)[:, None]
    if prior is not None:
        takes_part = takes_part & _allowed(prior, takes_part)
    bound = -torch.finfo(cost.dtype).min / 64
    log_v = torch.zeros_like(b)
    if balanced:  # Shifts of rows and columns change no plan, and keep huge costs exact.
        cost = cost - _least(cost, takes_part, 2)
        least = _least(cost, takes_part, 1)
        cost = cost - least
        log_v = (-least[:, 0] / epsilon).clamp(-bound, bound)
    logarithm = (-cost / epsilon).clamp(-bound, bound)
    if prior is not None:
        logarithm = logarithm + safe_log(prior.to(cost.dtype).masked_fill(~takes_part, 1.0))
    elif not balanced:
        logarithm = logarithm + safe_log(a)[:, :, None] + safe_log(b)[:, None]
    return logarithm.masked_fill(~takes_part, -8 * bound), log_v


def _least(cost: Tensor, takes_part: Tensor, side: int) -> Tensor:
    least = cost.detach().masked_fill(~takes_part, math.inf).amin(side, keepdim=True)
    return least.where(least.isfinite(), 0.0)


def safe_log(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Logarithm, and 0 with gradient 0 where x is 0."""
    return x.where(x > 0, 1.0).log()


def _allowed(prior: Tensor, takes_part: Bool[Tensor, "b rows columns"]) -> Tensor:
    if prior.shape != takes_part.shape:
        raise InputError(
            f"the prior must be shaped {tuple(takes_part.shape)}, as the plan is, "
            f"not {tuple(prior.shape)}"
        )
    real = prior.detach().masked_fill(~takes_part, 0.0)
    if not (torch.isfinite(real).all() and (real >= 0).all()):
        raise InputError("the prior must be 0 or more and finite")
    allowed = real > 0
    if not all((allowed.any(i) == takes_part.any(i)).all() for i in (1, 2)):
        raise InputError("the prior forbids all partners of a frame that has mass")
    return allowed
