"""Sinkhorn's iterations by products with one kernel, and the gradient of each of them."""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.autograd import Function

from inphase.warping.inputs import in_full_precision

# Potentials may go this far from those in the kernel. What float32 rounds to 0 there, below
# exp(-87), then weighs less than exp(-47), which no frame of at least exp(-30) notices.
_REACH = 20.0
_LIGHTEST = -30.0


def unrolled(
    log_kernel: Float[Tensor, "b n m"],
    log_a: Float[Tensor, "b n"],
    log_b: Float[Tensor, "b m"],
    x_alive: Bool[Tensor, "b n"],
    y_alive: Bool[Tensor, "b m"],
    f: Float[Tensor, "b n"],
    g: Float[Tensor, "b m"],
    iterations: int,
) -> tuple[Float[Tensor, "b n"], Float[Tensor, "b m"], int]:
    """Potentials after iterations from f and g, where both marginals are kept; how many were made.

    Fewer than asked for are made if potentials went too far for products with one kernel. Of an
    iteration no more is kept for the gradient than its potentials.
    """
    with torch.no_grad():
        kernel = (log_kernel + f[:, :, None] + g[:, None]).exp_()
        a, b = log_a.exp(), log_b.exp()
        left, right = [], [torch.ones_like(b)]
        for _ in range(iterations):
            left.append(a / _product(right[-1], kernel.mT).where(x_alive, 1.0))
            right.append(b / _product(left[-1], kernel).where(y_alive, 1.0))
        lefts, rights = torch.stack(left), torch.stack(right)
        near = [(each.log().abs().amax((1, 2)) < _REACH) for each in (lefts, rights[1:])]
        heavy = (log_a.amin() > _LIGHTEST) & (log_b.amin() > _LIGHTEST)
        made = [*(near[0] & near[1] & heavy).tolist(), False].index(False)
    if made == 0:
        return f, g, 0
    steps = kernel, lefts[:made], rights[: made + 1]
    f, g = _Unrolled.apply(log_kernel, log_a, log_b, f.detach(), g, x_alive, y_alive, steps)
    return f, g, made


class _Unrolled(Function):
    r"""From potentials $f^*, g^*$ on, with $E = e^{K + f^* + g^*}$: l = a / E r, r = b / E^T l.

    $l_k, r_k$ are $e^{f_k - f^*}, e^{g_k - g^*}$. An iteration's gradient by the log kernel is E
    times an outer product for each half of it, so that all of them are one product of two matrices
    with two columns an iteration. No iteration depends on $f^*$.
    """

    @staticmethod
    def forward(
        ctx: Any, log_kernel: Any, log_a: Any, log_b: Any, f: Any, g: Any,
        x_alive: Any, y_alive: Any, steps: tuple[Tensor, Tensor, Tensor],
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        _, left, right = steps
        ctx.save_for_backward(*steps, log_kernel, log_a, log_b, g)
        ctx.alive = x_alive, y_alive
        return f + left[-1].log(), g + right[-1].log()

    @staticmethod
    def backward(ctx: Any, to_f: Tensor, to_g: Tensor) -> tuple[Tensor | None, ...]:
        kernel, left, right, log_kernel, log_a, log_b, g = ctx.saved_tensors
        if torch.is_grad_enabled():
            inputs = log_kernel, log_a, log_b, g
            gradients = _again(inputs, ctx.alive, len(left), (to_f, to_g))
        else:
            gradients = _back(kernel, left, right, log_a.exp(), log_b.exp(), to_f, to_g)
        to_kernel, to_a, to_b, to_g = gradients
        return to_kernel, to_a, to_b, None, to_g, None, None, None


@in_full_precision
def _back(
    kernel: Tensor, left: Tensor, right: Tensor, a: Tensor, b: Tensor, to_f: Tensor, to_g: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gradients by the log kernel, log masses and the first g."""
    # One over the sums that l and r were divided by, which are 1 for frames that take no part.
    over_rows, over_columns = left / a, right / b
    rows, columns = [], []
    to_a, to_b = torch.zeros_like(a), torch.zeros_like(b)
    for k in reversed(range(len(left))):
        to_b += to_g
        share = to_g * over_columns[k + 1]
        rows.append(left[k])
        columns.append(share)
        to_f = to_f - left[k] * _product(share, kernel.mT)
        to_a += to_f
        share = to_f * over_rows[k]
        rows.append(share)
        columns.append(right[k])
        to_g = -right[k] * _product(share, kernel)
        to_f = torch.zeros_like(to_f)
    to_kernel = (torch.stack(rows, 2) @ torch.stack(columns, 1)).mul_(kernel).neg_()
    return to_kernel, to_a, to_b, to_g


def _again(
    given: tuple[Tensor, ...],
    alive: tuple[Tensor, Tensor],
    iterations: int,
    to_potentials: tuple[Tensor, Tensor],
) -> tuple[Tensor, ...]:
    """The same made in the log domain by autograd, so that gradients have gradients themselves."""
    # Names of their own, since g has been made of the others: what it passes on is not ours.
    inputs = [
        each.view_as(each) if each.requires_grad else each.detach().requires_grad_()
        for each in given
    ]
    log_kernel, log_a, log_b, g = inputs
    f = torch.zeros_like(log_a)
    for _ in range(iterations):
        sums = torch.logsumexp(log_kernel + g[:, None], 2)
        f = log_a - sums.where(alive[0], 0.0)
        sums = torch.logsumexp(log_kernel + f[:, :, None], 1)
        g = log_b - sums.where(alive[1], 0.0)
    return torch.autograd.grad((f, g), inputs, to_potentials, create_graph=True)


def _product(x: Float[Tensor, "b n"], matrix: Float[Tensor, "b n m"]) -> Float[Tensor, "b m"]:
    # A row times a matrix is ten times as fast here as a matrix times a column.
    return (x[:, None] @ matrix)[:, 0]
