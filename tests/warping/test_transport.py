import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from inphase.errors import InputError
from inphase.warping.transport import transport

EXACT = {"iterations": 50_000, "tolerance": 1e-13}


@pytest.fixture
def ot():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("ot")


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def masses(*shape: int, seed: int = 0) -> torch.Tensor:
    mass = random(*shape, seed=seed) + 0.1
    return mass / mass.sum(-1, keepdim=True)


# Against POT -------------------------------------------------------------------------------------


@pytest.mark.parametrize("epsilon", [1.0, 0.1, 0.05])
def test_balanced_plans_are_those_of_pot(ot, epsilon: float):
    cost, a, b = random(3, 6, 5), masses(3, 6, seed=1), masses(3, 5, seed=2)
    plans = transport(cost, epsilon=epsilon, x_mass=a, y_mass=b, **EXACT)
    for plan, *pair in zip(plans, a.numpy(), b.numpy(), cost.numpy(), strict=True):
        expected = ot.sinkhorn(
            *pair, epsilon, method="sinkhorn_log", numItermax=100_000, stopThr=1e-14
        )
        np.testing.assert_allclose(plan, expected, atol=1e-11)


@pytest.mark.parametrize("epsilon", [1.0, 0.1, 0.03])
@pytest.mark.parametrize("weight", [0.05, 1.0, 5.0])
def test_unbalanced_plans_are_those_of_pot(ot, epsilon: float, weight: float):
    cost, a, b = random(1, 6, 5), 0.7 * masses(1, 6, seed=1), masses(1, 5, seed=2)
    plan = transport(cost, epsilon=epsilon, x_mass=a, y_mass=b, unbalanced=weight, **EXACT)
    expected = ot.unbalanced.sinkhorn_unbalanced(
        a[0].numpy(), b[0].numpy(), cost[0].numpy(), epsilon, weight, method="sinkhorn",
        reg_type="kl", numItermax=200_000, stopThr=1e-15,
    )  # fmt: skip
    np.testing.assert_allclose(plan[0], expected, atol=1e-11)


def test_one_side_alone_may_be_unbalanced(ot):
    cost, a, b = random(1, 6, 5), masses(1, 6, seed=1), masses(1, 5, seed=2)
    plan = transport(cost, epsilon=0.1, x_mass=a, y_mass=b, unbalanced=(0.3, math.inf), **EXACT)
    expected = ot.unbalanced.sinkhorn_unbalanced(
        a[0].numpy(), b[0].numpy(), cost[0].numpy(), 0.1, (0.3, math.inf), method="sinkhorn",
        reg_type="kl", numItermax=200_000, stopThr=1e-15,
    )  # fmt: skip
    np.testing.assert_allclose(plan[0], expected, atol=1e-11)
    np.testing.assert_allclose(plan[0].sum(0), b[0], atol=1e-14)


def test_a_prior_counts_as_a_cost_of_minus_epsilon_times_its_logarithm(ot):
    cost, prior = random(1, 4, 5), random(1, 4, 5, seed=1)
    plan = transport(cost, epsilon=0.2, prior=prior, **EXACT)
    shifted = (cost - 0.2 * prior.log())[0].numpy()
    expected = ot.sinkhorn([0.25] * 4, [0.2] * 5, shifted, 0.2, numItermax=100_000, stopThr=1e-14)
    np.testing.assert_allclose(plan[0], expected, atol=1e-12)


def test_twenty_steps_are_the_twenty_sinkhorn_steps_of_vava():
    cost, prior = random(1, 7, 6), random(1, 8, 7, seed=1)
    kernel = np.full((8, 7), math.exp(-0.5 / 0.1)) * prior[0].numpy()
    kernel[1:, 1:] = np.exp(-cost[0].numpy() / 0.1) * prior[0, 1:, 1:].numpy()
    v = np.ones(7)
    for _ in range(20):
        u = 1 / 8 / (kernel @ v)
        v = 1 / 7 / (kernel.T @ u)
    for gradient in ("unrolled", "implicit"):
        plan = transport(
            cost, epsilon=0.1, prior=prior, virtual=0.5, iterations=20, tolerance=0.0,
            gradient=gradient,
        )  # fmt: skip
        np.testing.assert_allclose(plan[0], u[:, None] * kernel * v, rtol=1e-10)


@pytest.mark.parametrize("gradient", ["unrolled", "implicit"])
@pytest.mark.parametrize("iterations", [1, 2, 5])
def test_a_few_steps_are_those_of_sinkhorn_from_v_of_ones(iterations: int, gradient):
    """Costs, whose rows and columns are shifted inside, must not change where steps start."""
    cost = random(2, 5, 6) + 2 * random(2, 1, 6, seed=1) + 2 * random(2, 5, 1, seed=2)
    kernel, v = np.exp(-cost.numpy() / 0.2), np.ones((2, 6))
    for _ in range(iterations):
        u = 1 / 5 / (kernel @ v[:, :, None])[:, :, 0]
        v = 1 / 6 / (u[:, None] @ kernel)[:, 0]
    for tracked in (False, True):
        plan = transport(
            cost.requires_grad_(tracked), epsilon=0.2, iterations=iterations, tolerance=0.0,
            gradient=gradient,
        )  # fmt: skip
        expected = u[:, :, None] * kernel * v[:, None]
        np.testing.assert_allclose(plan.detach(), expected, rtol=1e-10)


# Marginals, lengths, batches ---------------------------------------------------------------------


@settings(max_examples=40)
@given(
    st.integers(1, 8), st.integers(1, 8), st.integers(0, 99), st.floats(0.02, 10), st.floats(0, 3)
)
@example(3, 8, 8, 0.03125, 0.0)  # wants more than the 1000 iterations that are the default
def test_rows_and_columns_sum_to_their_masses(n, m, seed, epsilon, spread):
    cost = 10**spread * random(2, n, m, seed=seed)
    a, b = masses(2, n, seed=seed + 1), masses(2, m, seed=seed + 2)
    plan = transport(
        cost, epsilon=10**spread * epsilon, x_mass=a, y_mass=b, iterations=10**5, tolerance=1e-9
    )
    assert (plan >= 0).all()
    torch.testing.assert_close(plan.sum(1), b, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(plan.sum(2), a, rtol=0, atol=1e-8)


@pytest.mark.parametrize("unbalanced", [None, 0.5])
@pytest.mark.parametrize("virtual", [None, 0.4])
def test_padding_is_never_read_and_pairs_do_not_see_their_batch(unbalanced, virtual):
    cost, n, m = random(3, 6, 5), [6, 4, 1], [5, 2, 5]
    padded = cost.clone()
    for b in range(3):
        padded[b, n[b] :], padded[b, :, m[b] :] = math.nan, math.inf
    padded.requires_grad_()
    options = {"epsilon": 0.05, "unbalanced": unbalanced, "virtual": virtual}
    plan = transport(padded, x_lengths=n, y_lengths=m, **options)
    more = 0 if virtual is None else 1
    for b in range(3):
        alone = transport(cost[b : b + 1, : n[b], : m[b]], **options)[0]
        torch.testing.assert_close(plan[b, : n[b] + more, : m[b] + more], alone)
        assert (plan[b, n[b] + more :] == 0).all()
        assert (plan[b, :, m[b] + more :] == 0).all()
    plan.square().sum().backward()
    assert padded.grad is not None
    assert padded.grad.isfinite().all()
    assert (padded.grad[1, 4:] == 0).all()


def test_the_virtual_frame_takes_what_matches_nothing():
    cost = torch.full((1, 3, 3), 5.0).double()
    cost[0, 0, 0] = cost[0, 1, 1] = 0.0
    plan = transport(cost, epsilon=0.05, virtual=1.0)[0]
    assert plan.shape == (4, 4)
    assert plan[3, 0] == pytest.approx(0.25, abs=1e-3)  # frame 2 of x
    assert plan[0, 3] == pytest.approx(0.25, abs=1e-3)  # frame 2 of y
    assert plan[1, 1] == pytest.approx(0.25, abs=1e-3)


def test_the_virtual_frame_may_cost_each_pair_another_sum_and_has_a_gradient():
    cost = random(2, 3, 4).requires_grad_()
    virtual = torch.tensor([0.2, 0.7], dtype=torch.float64, requires_grad=True)

    def plan(cost: torch.Tensor, virtual: torch.Tensor) -> torch.Tensor:
        return transport(cost, epsilon=0.3, virtual=virtual, **EXACT)

    assert gradcheck(plan, (cost, virtual))


# Gradients ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("unbalanced", [None, 0.5, (0.3, math.inf)])
@pytest.mark.parametrize("gradient", ["implicit", "unrolled"])
def test_gradients_by_costs_prior_and_masses(unbalanced, gradient):
    def plan(*given: torch.Tensor) -> torch.Tensor:
        cost, prior, a, b = given
        return transport(
            cost, epsilon=0.3, prior=prior, x_mass=a, y_mass=b, unbalanced=unbalanced,
            x_lengths=[4, 3], y_lengths=[2, 3], gradient=gradient,
            iterations=7 if gradient == "unrolled" else 3000,
            tolerance=0.0 if gradient == "unrolled" else 1e-15,
        )  # fmt: skip

    given_ = (random(2, 4, 3), 0.1 + random(2, 4, 3, seed=1), random(2, 4, seed=2), random(2, 3))
    assert gradcheck(plan, tuple(each.requires_grad_() for each in given_))


@pytest.mark.parametrize("iterations", [1, 4, 20])
@pytest.mark.parametrize("unbalanced", [None, 0.5, (math.inf, 0.5)])
@pytest.mark.parametrize("virtual", [None, 0.5])
@pytest.mark.parametrize("with_prior", [False, True])
def test_the_unrolled_gradient_is_that_of_unconverged_plans(
    iterations, unbalanced, virtual, with_prior
):
    more = 0 if virtual is None else 1
    for shape in ((1, 3, 2), (2, 2, 4), (2, 1, 3)):
        prior = 0.1 + random(shape[0], shape[1] + more, shape[2] + more, seed=1)

        def plan(cost: torch.Tensor, prior: torch.Tensor = prior) -> torch.Tensor:
            return transport(
                cost, epsilon=0.2, prior=prior if with_prior else None, virtual=virtual,
                unbalanced=unbalanced, iterations=iterations, tolerance=0.0, gradient="unrolled",
            )  # fmt: skip

        assert gradcheck(plan, (random(*shape, seed=2).requires_grad_(),))


@pytest.mark.parametrize("unbalanced", [None, 0.5])
@pytest.mark.parametrize("gradient", ["implicit", "unrolled"])
def test_double_backward(unbalanced, gradient):
    def plan(cost: torch.Tensor) -> torch.Tensor:
        return transport(
            cost, epsilon=0.5, unbalanced=unbalanced, gradient=gradient, x_lengths=[3, 2],
            iterations=200, tolerance=1e-15,
        )  # fmt: skip

    assert gradgradcheck(plan, random(2, 3, 2).requires_grad_())


def test_both_gradients_are_one_once_converged():
    gradients = []
    for gradient in ("implicit", "unrolled"):
        cost = random(2, 6, 7).requires_grad_()
        plan = transport(cost, epsilon=0.1, gradient=gradient, iterations=3000, tolerance=1e-13)
        gradients.append(torch.autograd.grad((plan * random(2, 6, 7, seed=5)).sum(), cost)[0])
    torch.testing.assert_close(*gradients, rtol=1e-6, atol=1e-10)


def test_the_gradient_is_finite_where_the_plan_falls_apart_into_single_matches():
    cost = (1 - torch.eye(20)).expand(1, 20, 20).clone().requires_grad_()
    plan = transport(cost, epsilon=0.001)
    (gradient,) = torch.autograd.grad((plan * torch.randn(20, 20)).sum(), cost)
    torch.testing.assert_close(plan[0], torch.eye(20) / 20)
    assert gradient.abs().max() < 1e-3


# Extremes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e5, 1e30])
@pytest.mark.parametrize("epsilon", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("unbalanced", [None, 1.0])
@pytest.mark.parametrize("gradient", ["implicit", "unrolled"])
def test_no_cost_and_no_epsilon_makes_nan(scale, epsilon, unbalanced, gradient):
    cost = (scale * torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0))).abs()
    cost.requires_grad_()
    plan = transport(cost, epsilon=epsilon, unbalanced=unbalanced, iterations=50, gradient=gradient)
    assert plan.isfinite().all()
    plan.square().sum().backward()
    assert cost.grad is not None
    assert cost.grad.isfinite().all()
    if unbalanced is None:
        torch.testing.assert_close(plan.sum(1), torch.full((2, 4), 0.25))


@pytest.mark.parametrize("unbalanced", [None, 1.0])
def test_frames_without_mass_take_no_part(unbalanced):
    cost, a, b = random(1, 4, 3), torch.tensor([[0.5, 0, 0.5, 0]]), torch.tensor([[1.0, 0, 2]])
    a, b = a.double().requires_grad_(), b.double().requires_grad_()
    cost.requires_grad_()
    plan = transport(cost, epsilon=0.1, x_mass=a, y_mass=b, unbalanced=unbalanced)
    assert (plan[0, [1, 3]] == 0).all()
    assert (plan[0, :, 1] == 0).all()
    alone = transport(
        cost[:, ::2, ::2], epsilon=0.1, x_mass=a[:, ::2], y_mass=b[:, ::2], unbalanced=unbalanced
    )
    torch.testing.assert_close(plan[:, ::2, ::2], alone)
    for each in torch.autograd.grad(plan.square().sum(), (cost, a, b)):
        assert each.isfinite().all()


def test_forbidden_pairs_get_nothing_and_no_gradient():
    prior = torch.ones(1, 3, 3).double().tril().requires_grad_()
    plan = transport(random(1, 3, 3), epsilon=1.0, prior=prior + 0 * random(1, 3, 3))
    assert (plan.triu(1) == 0).all()
    (gradient,) = torch.autograd.grad(plan.square().sum(), prior)
    assert gradient.isfinite().all()


@pytest.mark.parametrize("epsilon", [0.1, 0.01])
def test_float32_is_close_to_float64(epsilon: float):
    cost = random(2, 60, 50).float()
    results = []
    for each in (cost, cost.double()):
        each = each.clone().requires_grad_()
        plan = transport(each, epsilon=epsilon, iterations=5000, tolerance=1e-7)
        (gradient,) = torch.autograd.grad((plan * cost).sum() * 100, each)
        results.append((plan.detach().double() * 60, gradient.double()))
    assert (results[0][0] - results[1][0]).abs().max() < 1e-4
    assert (results[0][1] - results[1][1]).abs().max() < 1e-3 * results[1][1].abs().max()


def test_half_precision_in_half_precision_out():
    assert transport(random(1, 3, 3).bfloat16(), epsilon=0.1).dtype == torch.bfloat16


# What cannot be used -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"epsilon": 0.0}, "epsilon must be a finite number above 0"),
        ({"prior": torch.ones(2, 3, 4)}, "the prior must be shaped"),
        ({"prior": -torch.ones(2, 3, 3)}, "the prior must be 0 or more"),
        ({"prior": torch.zeros(2, 3, 3)}, "forbids all partners"),
        ({"x_mass": torch.ones(2, 4)}, "x_mass must be shaped"),
        ({"y_mass": torch.zeros(2, 3)}, "y_mass must be 0 or more and finite, with some mass"),
        ({"unbalanced": -1.0}, "unbalanced weights must be above 0"),
        ({"virtual": math.nan}, "virtual must be one finite cost"),
        ({"iterations": 0}, "at least 1 iteration"),
        ({"y_lengths": [4, 1]}, "y_lengths must be from 1 to 3"),
    ],
)
def test_bad_arguments_are_refused_in_a_sentence(arguments: dict, sentence: str):
    with pytest.raises(InputError, match=sentence):
        transport(random(2, 3, 3), **{"epsilon": 0.1, **arguments})


def test_costs_that_are_not_finite_are_refused():
    with pytest.raises(InputError, match="costs must be finite"):
        transport(torch.full((1, 2, 2), math.inf), epsilon=1.0)
