"""Iterations by products must be those in the log domain, and so must their gradients."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from inphase.warping import sinkhorn
from inphase.warping.transport import transport


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def plan(cost: torch.Tensor, *, iterations: int = 20, **options) -> torch.Tensor:
    options = {"iterations": iterations, "tolerance": 0.0, "gradient": "unrolled", **options}
    return transport(cost, **{"epsilon": 0.1, **options})


def in_the_log_domain(self, iterations: int) -> None:
    self.run(iterations, 0.0, fast=False)


def value_and_gradients(cost, prior, a, b, *, slow: bool, dtype=torch.float64, **options) -> list:
    inputs = [each.to(dtype).requires_grad_() for each in (cost, prior, a, b)]
    with pytest.MonkeyPatch.context() as patch:
        if slow:
            patch.setattr(sinkhorn._Sinkhorn, "leap", in_the_log_domain)
        value = plan(inputs[0], prior=inputs[1], x_mass=inputs[2], y_mass=inputs[3], **options)
        weights = random(*value.shape, seed=9).to(dtype)
        return [value.detach(), *torch.autograd.grad((value * weights).sum(), inputs)]


def problem(n: int, m: int, seed: int) -> tuple[torch.Tensor, ...]:
    """Three pairs; some matches are forbidden, some frames weigh nothing or next to nothing."""
    prior = random(3, n, m, seed=seed + 1)
    prior = prior.where((prior > 0.3) | (torch.arange(n)[:, None] % m == torch.arange(m)), 0.0)
    prior[:, 0], prior[:, :, 0] = 0.5, 0.5
    a, b = random(3, n, seed=seed + 2) + 0.1, random(3, m, seed=seed + 3) + 0.1
    a[1, 1:2], b[2, 2:3], a[2, 3:4], b[0, 1:2] = 0.0, 0.0, 1e-9, 1e-12
    return random(3, n, m, seed=seed), prior, a, b


def price_war(least: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Costs and masses: both rows want the light column, whose price rises bit by bit to 50."""
    cost = torch.tensor([[[0.0, 50.0, 1.0], [0.0, 0.0, 1.0]]]).double()
    a, b = (torch.tensor([each]).double() for each in ((1 - least, least), (least, 0.7, 0.3)))
    return cost.requires_grad_(), a, b / b.sum()


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Iterations asked of products, and made by them, each time."""
    made: list[tuple[int, int]] = []
    unrolled: Callable = sinkhorn.unrolled

    def spy(*arguments):
        found = unrolled(*arguments)
        made.append((arguments[-1], found[2]))
        return found

    monkeypatch.setattr(sinkhorn, "unrolled", spy)
    return made


# The log domain ----------------------------------------------------------------------------------


@settings(max_examples=60)
@given(
    st.integers(1, 8), st.integers(1, 8), st.integers(0, 999), st.integers(1, 40),
    st.floats(0, 6), st.booleans(),
)  # fmt: skip
def test_plans_and_gradients_are_those_of_the_log_domain(n, m, seed, iterations, spread, cut):
    cost, *rest = problem(n, m, seed)
    lengths = {"x_lengths": [n, 1, (n + 1) // 2], "y_lengths": [(m + 1) // 2, m, m]} if cut else {}
    options = {"iterations": iterations, "epsilon": 10**-spread, **lengths}
    fast, slow = (value_and_gradients(cost, *rest, slow=each, **options) for each in (False, True))
    torch.testing.assert_close(fast[0], slow[0], rtol=1e-9, atol=1e-13)
    for one, other in zip(fast[1:], slow[1:], strict=True):
        # By how much costs of 1e6 epsilon are rounded, and how little light frames weigh.
        scale = other.abs().amax((-1,) if other.ndim == 2 else (-1, -2), keepdim=True)
        assert ((one - other).abs() <= 1e-8 * scale + 1e-13 * 10**spread).all()


@pytest.mark.parametrize("scale", [1.0, 20.0, 600.0, 1e4])
def test_float32_is_as_close_to_float64_as_in_the_log_domain(scale: float):
    cost, prior, _, _ = (scale * each for each in problem(40, 30, 0))
    masses = random(3, 40, seed=5) + 0.1, random(3, 30, seed=6) + 0.1
    exact = value_and_gradients(cost, prior, *masses, slow=True, epsilon=1.0)
    fast, slow = (
        value_and_gradients(cost, prior, *masses, slow=each, epsilon=1.0, dtype=torch.float32)
        for each in (False, True)
    )
    for one, other, truth in zip(fast, slow, exact, strict=True):
        largest = truth.abs().max()
        off, slow_off = ((each - truth).abs().max() / largest for each in (one, other))
        assert off <= 3 * slow_off + 1e-6


def test_light_frames_are_left_to_the_log_domain(attempts):
    cost, prior, a, b = (each.float() for each in problem(6, 5, 0))
    b[:, 1] = 1e-36
    results = [
        value_and_gradients(cost, prior, a, b, slow=slow, dtype=torch.float32)
        for slow in (False, True)
    ]
    assert attempts == [(19, 0)]
    for fast, slow in zip(*results, strict=True):
        torch.testing.assert_close(fast, slow, rtol=0, atol=0)


# Where it is taken -------------------------------------------------------------------------------


def test_a_given_number_of_iterations_is_made_by_products(attempts):
    plan(random(2, 6, 5).requires_grad_())
    assert attempts == [(19, 19)]


def test_products_go_on_from_where_potentials_went_too_far(attempts):
    cost, a, b = price_war(0.01)
    plan(cost, x_mass=a, y_mass=b, iterations=60)
    assert len(attempts) > 2
    assert all(made > 0 for _, made in attempts)
    assert sum(made + 1 for _, made in attempts) == 60


def test_the_log_domain_takes_over_where_no_product_will_do(attempts):
    cost, a, b = price_war(1e-10)
    found = value_and_gradients(cost.detach(), torch.ones(1, 2, 3), a, b, slow=False)
    assert attempts == [(19, 0)]
    expected = value_and_gradients(cost.detach(), torch.ones(1, 2, 3), a, b, slow=True)
    for fast, slow in zip(found, expected, strict=True):
        torch.testing.assert_close(fast, slow)


@pytest.mark.parametrize("options", [{"unbalanced": 0.5}, {"tolerance": 1e-9}, {"iterations": 1}])
def test_other_problems_are_iterated_in_the_log_domain(attempts, options):
    plan(random(2, 6, 5).requires_grad_(), **options)
    assert attempts == []


def test_an_iteration_keeps_its_potentials_and_no_matrix():
    def kept(iterations: int) -> int:
        sizes = {}

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        cost = random(1, 50, 40).requires_grad_()
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            result = plan(cost, epsilon=1.0, iterations=iterations)
        assert result.requires_grad
        return sum(sizes.values())

    assert kept(40) - kept(20) == 20 * (50 + 40) * 8


# Gradients ---------------------------------------------------------------------------------------


def test_first_derivatives_by_costs_prior_and_masses():
    cost, prior, a, b = problem(4, 3, 0)

    def function(cost, prior, a, b):
        return plan(
            cost, prior=prior, x_mass=a, y_mass=b, iterations=6, epsilon=0.3,
            x_lengths=[4, 2, 3], y_lengths=[2, 3, 3],
        )  # fmt: skip

    prior, a, b = prior + 0.1, a + 0.1, b + 0.1
    assert gradcheck(function, tuple(each.requires_grad_() for each in (cost, prior, a, b)))


@pytest.mark.parametrize("iterations", [2, 5])
def test_second_derivatives_by_costs_prior_and_masses(iterations):
    given_ = random(2, 3, 2), random(2, 3, 2, seed=1) + 0.1, random(2, 3) + 0.1, random(2, 2) + 0.1

    def function(cost, prior, a, b):
        return plan(
            cost, prior=prior, x_mass=a, y_mass=b, x_lengths=[3, 2], epsilon=0.3,
            iterations=iterations,
        )  # fmt: skip

    assert gradgradcheck(function, tuple(each.requires_grad_() for each in given_))


def test_derivatives_where_potentials_went_too_far(attempts):
    cost, a, b = price_war(0.01)

    def function(*given: torch.Tensor) -> torch.Tensor:
        return plan(given[0], x_mass=given[1], y_mass=given[2], iterations=12)

    inputs = cost, a.requires_grad_(), b.requires_grad_()
    function(*inputs)
    assert len(attempts) > 1
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


def test_autocast_around_backward_costs_no_digits():
    gradients = []
    for enabled in (False, True):
        cost = random(2, 30, 20).float().requires_grad_()
        value = plan(cost).square().sum()
        with torch.autocast("cpu", enabled=enabled):
            gradients.append(torch.autograd.grad(value, cost)[0])
    torch.testing.assert_close(*gradients, rtol=1e-6, atol=1e-12)
