"""Sinkhorn's iterations on batches, by potentials; and the gradient of where they lead."""

from typing import Any, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.autograd import Function

from inphase.warping.sinkhorn_unrolled import unrolled

# Scaling sums stay accurate while potentials are this close to those in the kernel: what float32
# rounds to 0 there, below exp(-87), then weighs less than exp(-47).
_REACH = 20.0
# Keeps the backward system regular where the plan falls apart into blocks.
_RIDGE = 1e-12

# log u (B, N) and log v (B, M) of plans diag(u) K diag(v).
Potentials = tuple[Tensor, Tensor]


def solve(
    log_kernel: Float[Tensor, "b n m"],
    log_a: Float[Tensor, "b n"],
    log_b: Float[Tensor, "b m"],
    x_alive: Bool[Tensor, "b n"],
    y_alive: Bool[Tensor, "b m"],
    *,
    damping: tuple[float, float],
    iterations: int,
    tolerance: float,
    gradient: Literal["implicit", "unrolled"],
    start: Potentials | None = None,
) -> tuple[Float[Tensor, "b n m"], Potentials]:
    """Plans diag(u) K diag(v) with rows a and columns b, and the potentials log u, log v.

    Everything is finite: frames that take no part have mass `exp(0)`, are not alive, and reach
    others by very low entries of the log kernel. `transport` says what the rest means.
    """
    tensors = (log_kernel, log_a, log_b)
    sinkhorn = _Sinkhorn(*tensors, x_alive, y_alive, damping, start)
    tracked = torch.is_grad_enabled() and any(each.requires_grad for each in tensors)
    if tracked and gradient == "implicit":
        return _Implicit.apply(*tensors, sinkhorn, iterations, tolerance), sinkhorn.potentials
    if tracked and tolerance == 0 and damping == (1.0, 1.0):
        sinkhorn.leap(iterations)
    else:
        sinkhorn.run(iterations, tolerance, fast=not tracked)
    return sinkhorn.plan(), sinkhorn.potentials


class _Sinkhorn:
    """Potentials (f, g) of batched plans exp(log_kernel + f + g), and how to better them."""

    def __init__(
        self,
        log_kernel: Tensor,
        log_a: Tensor,
        log_b: Tensor,
        x_alive: Tensor,
        y_alive: Tensor,
        damping: tuple[float, float],
        start: Potentials | None,
    ):
        self.log_kernel, self.log_a, self.log_b = log_kernel, log_a, log_b
        self.x_alive, self.y_alive = x_alive, y_alive
        self.x_damping, self.y_damping = damping
        self.f = torch.zeros_like(log_a)
        self.g = torch.zeros_like(log_b) if start is None else start[1]
        self.done = torch.zeros(len(log_a), dtype=torch.bool, device=log_a.device)
        self.kernel: Tensor | None = None
        self.f_kernel, self.g_kernel = self.f, self.g

    def log_step(self) -> tuple[Tensor, Tensor]:
        """One iteration, exact from wherever it starts."""
        sums = torch.logsumexp(self.log_kernel + self.g[:, None], 2)
        f = self.x_damping * (self.log_a - sums.where(self.x_alive, 0.0))
        sums = torch.logsumexp(self.log_kernel + f[:, :, None], 1)
        return f, self.y_damping * (self.log_b - sums.where(self.y_alive, 0.0))

    def fast_step(self) -> tuple[Tensor, Tensor] | None:
        """The same by two products; None if potentials go too far from those in the kernel."""
        if self.kernel is None:
            self.f_kernel, self.g_kernel = self.f, self.g
            self.kernel = (self.log_kernel + self.f[:, :, None] + self.g[:, None]).exp_()
        # A row times a matrix is ten times as fast here as a matrix times a column.
        scale = (self.g - self.g_kernel).exp()[:, None]
        sums = (scale @ self.kernel.mT)[:, 0].where(self.x_alive, 1.0).log()
        f = self.x_damping * (self.log_a + self.f_kernel - sums)
        up = f - self.f_kernel
        sums = (up.exp()[:, None] @ self.kernel)[:, 0].where(self.y_alive, 1.0).log()
        g = self.y_damping * (self.log_b + self.g_kernel - sums)
        across = g - self.g_kernel
        if (up.abs().amax(1) < _REACH).logical_and(across.abs().amax(1) < _REACH).all():
            return f, g
        self.kernel = None
        return None

    def run(self, iterations: int, tolerance: float, *, fast: bool) -> None:
        a = self.log_a.detach().exp() * self.x_alive
        for i in range(iterations):
            step = self.fast_step() if fast and i > 0 else None
            f, g = self.log_step() if step is None else step
            if i > 0 and tolerance > 0:
                missing = (a * (self.f - f).detach().expm1().abs()).sum(1)
                self.done = self.done | (missing <= tolerance)
                if self.done.all():
                    return
                f = self.f.where(self.done[:, None], f)
                g = self.g.where(self.done[:, None], g)
            self.f, self.g = f, g

    def leap(self, iterations: int) -> None:
        """Make as many iterations with a gradient, by products while potentials stay near."""
        problem = self.log_kernel, self.log_a, self.log_b, self.x_alive, self.y_alive
        left, made = iterations, 1
        while left > 0:
            self.f, self.g = self.log_step()
            left -= 1
            # Where one product was too many, the next would be, too.
            if left > 0 and made > 0:
                self.f, self.g, made = unrolled(*problem, self.f, self.g, left)
                left -= made

    @property
    def potentials(self) -> Potentials:
        """Where another run of a similar problem may start."""
        return self.f.detach(), self.g.detach()

    def plan(self) -> Tensor:
        """Shares of each column, times its mass: no sum of large numbers is exponentiated."""
        reach = self.log_kernel + self.f[:, :, None]
        sums = torch.logsumexp(reach, 1).where(self.y_alive, 0.0)
        mass = (self.y_damping * self.log_b + (1 - self.y_damping) * sums).exp()
        alive = self.x_alive[:, :, None] & self.y_alive[:, None]
        return torch.softmax(reach, 1).where(alive, 0.0) * mass[:, None]


class _Implicit(Function):
    r"""The plan, differentiated through the equations that it solves.

    With row sums $r$, column sums $c$ and $\tau = \varepsilon / \rho$ of each side, a change $dQ$
    of the log kernel and of the log masses moves the potentials by

    $$r(1+\tau_x)\,df + T\,dg = r\,d\log a - (T \odot dQ)1, \qquad
    T^\top df + c(1+\tau_y)\,dg = c\,d\log b - (T \odot dQ)^\top 1,$$

    and the plan by $T \odot (dQ + df + dg)$; backward solves the adjoint of this system. It is
    made of the plan by differentiable steps, so it has a gradient itself.
    """

    @staticmethod
    def forward(
        ctx: Any, log_kernel: Any, log_a: Any, log_b: Any, sinkhorn: _Sinkhorn, *limits: Any
    ) -> Tensor:
        sinkhorn.run(*limits, fast=True)
        plan = sinkhorn.plan()
        ctx.damping = sinkhorn.x_damping, sinkhorn.y_damping
        ctx.save_for_backward(plan)
        return plan

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        (plan,) = ctx.saved_tensors
        dtype = plan.dtype
        if plan.device.type != "mps":  # which has no float64
            plan, grad = plan.double(), grad.double()
        weighted = grad * plan
        r, c = plan.sum(2), plan.sum(1)
        p, q = _adjoint(
            plan, r / ctx.damping[0], c / ctx.damping[1], weighted.sum(2), weighted.sum(1),
            singular=ctx.damping == (1.0, 1.0),
        )  # fmt: skip
        to_kernel = weighted - plan * (p[:, :, None] + q[:, None])
        gradients = (each.to(dtype) for each in (to_kernel, r * p, c * q))
        return *gradients, None, None, None


def _adjoint(
    plan: Tensor, rows: Tensor, columns: Tensor, x: Tensor, y: Tensor, *, singular: bool
) -> tuple[Tensor, Tensor]:
    """Solve [[diag(rows), plan], [plan.T, diag(columns)]] [p, q] = [x, y] on the smaller side."""
    if plan.shape[1] < plan.shape[2]:
        q, p = _adjoint(plan.mT, columns, rows, y, x, singular=singular)
        return p, q
    by_row = rows.where(rows > 0, 1.0).rsqrt() * (rows > 0)
    by_column = columns.where(columns > 0, 1.0).rsqrt() * (columns > 0)
    scaled = plan * by_row[:, :, None] * by_column[:, None]
    system = torch.eye(plan.shape[2], dtype=plan.dtype, device=plan.device)
    system = system * (1 + _RIDGE) - scaled.mT @ scaled
    if singular:  # A constant moved from one potential to the other changes nothing: fix it.
        free = torch.nn.functional.normalize(columns * by_column, dim=1)
        system = system + free[:, :, None] * free[:, None]
    right = by_column * y - ((by_row * x)[:, None] @ scaled)[:, 0]
    q = torch.linalg.solve(system, right)
    p = by_row * x - (scaled @ q[:, :, None])[:, :, 0]
    return by_row * p, by_column * q
