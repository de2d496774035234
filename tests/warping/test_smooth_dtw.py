import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from inphase.errors import InputError
from inphase.warping.dtw import dtw
from inphase.warping.routes import forced
from inphase.warping.smooth_dtw import contrastive_cost, smooth_dtw

ROUTES = ["reference", "numba"]


@pytest.fixture(autouse=True, params=ROUTES)
def route(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "numba":
        pytest.importorskip("numba")
    with forced(request.param):
        yield request.param


def random_cost(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def ways_out(i: int, j: int) -> list[tuple[int, int]]:
    ways = [(i - 1, j - 1), (i - 1, j), (i, j - 1)]
    return [(a, b) for a, b in ways if a >= 0 and b >= 0]


def slow_table(cost: np.ndarray, gamma: float) -> np.ndarray:
    """The paper's recurrence, one cell after the other."""
    table = np.zeros_like(cost)
    for i, j in np.ndindex(*cost.shape):
        ways = [table[way] for way in ways_out(i, j)]
        chances = [math.exp(-(way - min(ways)) / gamma) for way in ways]
        expected = sum(p * way for p, way in zip(chances, ways, strict=True))
        table[i, j] = cost[i, j] + (expected / sum(chances) if ways else 0.0)
    return table


def all_paths(i: int, j: int) -> Iterator[list[tuple[int, int]]]:
    if (i, j) == (0, 0):
        yield [(0, 0)]
    for way in ways_out(i, j):
        for path in all_paths(*way):
            yield [*path, (i, j)]


def chance(path: list[tuple[int, int]], table: np.ndarray, gamma: float) -> float:
    total = 1.0
    for before, cell in zip(path, path[1:], strict=False):
        shares = {way: math.exp(-(table[way] - table[before]) / gamma) for way in ways_out(*cell)}
        total /= sum(shares.values())
    return total


@pytest.mark.parametrize("gamma", [2.0, 0.3, 0.05])
@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (3, 5), (5, 4)])
def test_value_and_alignment_are_expectations_over_all_random_paths(
    shape: tuple[int, int], gamma: float
):
    cost = random_cost(*shape)
    table = slow_table(cost.numpy(), gamma)
    value, through = 0.0, np.zeros(shape)
    for path in all_paths(shape[0] - 1, shape[1] - 1):
        share = chance(path, table, gamma)
        value += share * sum(cost[cell].item() for cell in path)
        for cell in path:
            through[cell] += share
    found = smooth_dtw(cost[None], gamma=gamma)
    np.testing.assert_allclose(found.table[0], table, rtol=1e-12)
    np.testing.assert_allclose(found.value[0], value, rtol=1e-12)
    np.testing.assert_allclose(found.alignment[0], through, rtol=1e-10, atol=1e-14)


def test_the_value_is_the_sum_of_costs_weighted_with_the_alignment():
    cost = random_cost(3, 7, 9)
    found = smooth_dtw(cost, x_lengths=[7, 4, 1], y_lengths=[9, 2, 5])
    torch.testing.assert_close((found.alignment * cost).sum((1, 2)), found.value)


def test_steps_out_of_a_cell_sum_to_one_but_in_the_first_cell_and_in_padding():
    sums = smooth_dtw(random_cost(1, 4, 4), x_lengths=[3]).steps.sum(-1)[0]
    assert sums[0, 0] == 0
    assert (sums[3] == 0).all()
    torch.testing.assert_close(sums[:3].flatten()[1:], torch.ones(11, dtype=torch.float64))


@settings(max_examples=30)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 99), st.floats(0.01, 5.0))
def test_it_is_never_below_hard_dynamic_time_warping_and_reaches_it(n, m, seed, gamma):
    cost = random_cost(n, m, seed=seed)
    hard = dtw(cost.numpy()).cost
    assert smooth_dtw(cost[None], gamma=gamma).value.item() >= hard - 1e-12
    assert smooth_dtw(cost[None], gamma=1e-5).value.item() == pytest.approx(hard, abs=1e-3)


@pytest.mark.parametrize("gamma", [1.0, 0.1, 0.02])
def test_gradients_of_all_that_it_tells(gamma: float):
    def everything(cost: torch.Tensor) -> tuple[torch.Tensor, ...]:
        found = smooth_dtw(cost, gamma=gamma, x_lengths=[5, 3, 1], y_lengths=[4, 4, 2])
        return found.value, found.table, found.alignment, found.steps

    assert gradcheck(everything, random_cost(3, 5, 4).requires_grad_())


def test_double_backward_goes_through_the_reference():
    cost = random_cost(2, 3, 4).requires_grad_()
    assert gradgradcheck(lambda cost: smooth_dtw(cost, gamma=0.3).table, cost)


def test_a_penalty_on_the_gradient_has_a_gradient():
    cost = random_cost(2, 3, 4).requires_grad_()
    (gradient,) = torch.autograd.grad(smooth_dtw(cost).value.sum(), cost, create_graph=True)
    (second,) = torch.autograd.grad(gradient.square().sum(), cost)
    assert second.abs().max() > 1e-3


def test_padding_is_never_read_and_changes_no_bit():
    cost = random_cost(2, 6, 7)
    padded = cost.clone()
    padded[1, 4:], padded[1, :, 3:] = torch.nan, torch.inf
    padded.requires_grad_()
    found = smooth_dtw(padded, x_lengths=[6, 4], y_lengths=torch.tensor([7, 3]))
    alone = smooth_dtw(cost[1:, :4, :3])
    assert found.value[1] == alone.value[0]
    assert (found.table[1, :4, :3] == alone.table[0]).all()
    assert (found.table[1, 4:] == 0).all()
    assert (found.table[1, :, 3:] == 0).all()
    torch.testing.assert_close(found.alignment[1, :4, :3], alone.alignment[0])
    (found.value.sum() + found.table.sum() + found.alignment.square().sum()).backward()
    assert padded.grad is not None
    assert padded.grad.isfinite().all()
    assert (padded.grad[1, 4:] == 0).all()
    assert (padded.grad[1, :, 3:] == 0).all()


@pytest.mark.parametrize("gamma", [1.0, 0.1, 0.001])
def test_float32_is_close_to_float64(gamma: float):
    cost = random_cost(1, 120, 100).float()
    gradients, alignments = [], []
    for each in (cost, cost.double()):
        each = each.clone().requires_grad_()
        found = smooth_dtw(each, gamma=gamma)
        (gradient,) = torch.autograd.grad(found.value, each)
        gradients.append(gradient)
        alignments.append(found.alignment.detach())
    assert alignments[0].dtype == torch.float32
    assert (gradients[0] - gradients[1]).abs().max() < 1e-5
    assert (alignments[0] - alignments[1]).abs().max() < 1e-4


def test_half_precision_is_computed_in_single():
    assert smooth_dtw(random_cost(1, 3, 3).bfloat16()).value.dtype == torch.float32


def test_both_routes_agree(route: str):
    cost = random_cost(4, 30, 20)
    with forced("reference"):
        expected = smooth_dtw(cost, x_lengths=[30, 3, 20, 1], y_lengths=[20, 20, 1, 7]).table
    found = smooth_dtw(cost, x_lengths=[30, 3, 20, 1], y_lengths=[20, 20, 1, 7]).table
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)


# Contrastive cost --------------------------------------------------------------------------------


def test_contrastive_cost_is_cross_entropy_over_the_frames_of_x():
    x, y = random_cost(1, 4, 3), random_cost(1, 5, 3, seed=1)
    cost = contrastive_cost(x, y, temperature=0.2)[0].numpy()
    x, y = x[0].numpy(), y[0].numpy()
    for i, j in np.ndindex(4, 5):
        alike = [np.dot(a, y[j]) / np.linalg.norm(a) / np.linalg.norm(y[j]) / 0.2 for a in x]
        expected = -math.log(math.exp(alike[i]) / sum(map(math.exp, alike)))
        assert cost[i, j] == pytest.approx(expected, rel=1e-9)


def test_contrastive_cost_does_not_see_padding():
    x, y = random_cost(2, 4, 3), random_cost(2, 5, 3, seed=1)
    alone = contrastive_cost(x[1:, :2], y[1:, :3])
    x[1, 2:], y[1, 3:] = torch.nan, torch.nan
    x.requires_grad_()
    cost = contrastive_cost(x, y, x_lengths=[4, 2], y_lengths=[5, 3])
    torch.testing.assert_close(cost[1, :2, :3], alone[0])
    assert (cost[1, 2:] == 0).all()
    cost.square().sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_contrastive_cost_gradient():
    x, y = random_cost(2, 4, 3).requires_grad_(), random_cost(2, 5, 3, seed=1).requires_grad_()
    assert gradcheck(lambda x, y: contrastive_cost(x, y, x_lengths=[4, 2]), (x, y))


# What cannot be used -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"gamma": 0.0}, "gamma must be a finite number above 0"),
        ({"x_lengths": [0, 3]}, "x_lengths must be from 1 to 3"),
        ({"y_lengths": [3]}, "y_lengths must be 2 whole numbers"),
    ],
)
def test_bad_arguments_are_refused_in_a_sentence(arguments: dict, sentence: str):
    with pytest.raises(InputError, match=sentence):
        smooth_dtw(random_cost(2, 3, 3), **arguments)


def test_costs_that_are_not_finite_are_refused():
    cost = random_cost(1, 3, 3)
    cost[0, 1, 1] = torch.nan
    with pytest.raises(InputError, match="costs must be finite"):
        smooth_dtw(cost)


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(InputError, match="temperature must be a finite number above 0"):
        contrastive_cost(random_cost(1, 3, 3), random_cost(1, 3, 3), temperature=0.0)
