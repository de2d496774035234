import math
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from inphase.errors import InputError
from inphase.warping.drop_dtw import DropPath, drop_dtw, percentile_drop_cost, soft_drop_dtw
from inphase.warping.dtw import dtw
from inphase.warping.routes import forced

Matches = tuple[tuple[int, int], ...]


@pytest.fixture(autouse=True, params=["reference", "numba"])
def route(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "numba":
        pytest.importorskip("numba")
    with forced(request.param):
        yield request.param


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@cache
def all_ways(n: int, m: int) -> list[Matches]:
    """Every sequence of matches that never goes back, the empty one included."""
    found: list[Matches] = []

    def extend(matches: Matches) -> None:
        found.append(matches)
        i, j = matches[-1] if matches else (0, 0)
        for cell in np.ndindex(n, m):
            if cell[0] >= i and cell[1] >= j and cell not in matches[-1:]:
                extend((*matches, cell))

    extend(())
    return found


def cost_of(matches: Matches, cost, drop_x, drop_y) -> float:
    rows, columns = {i for i, _ in matches}, {j for _, j in matches}
    total = sum(cost[cell].item() for cell in matches)
    total += sum(drop.item() for i, drop in enumerate(drop_x) if i not in rows)
    return total + sum(drop.item() for j, drop in enumerate(drop_y) if j not in columns)


def one(found: DropPath | list[DropPath]) -> DropPath:
    assert isinstance(found, DropPath)
    return found


def many(found: DropPath | list[DropPath]) -> list[DropPath]:
    assert isinstance(found, list)
    return found


SHAPES = [(1, 1), (1, 4), (4, 1), (3, 4), (4, 4), (2, 5)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("level", [0.1, 0.4, 1.0])
def test_nothing_is_cheaper_than_what_is_found(shape: tuple[int, int], level: float):
    n, m = shape
    cost, drop_x, drop_y = random(n, m), level * random(n, seed=1), level * random(m, seed=2)
    cheapest = min(cost_of(way, cost, drop_x, drop_y) for way in all_ways(n, m))
    found = one(drop_dtw(cost, drop_x, drop_y))
    assert found.cost == pytest.approx(cheapest, abs=1e-12)
    matches = tuple((int(i), int(j)) for i, j in found.path)
    assert matches in all_ways(n, m)
    assert cost_of(matches, cost, drop_x, drop_y) == pytest.approx(cheapest, abs=1e-12)
    assert set(np.flatnonzero(~found.x_dropped.numpy())) == {i for i, _ in matches}
    assert set(np.flatnonzero(~found.y_dropped.numpy())) == {j for _, j in matches}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("gamma", [1.0, 0.1, 0.01])
def test_the_smooth_minimum_counts_every_way_once(shape: tuple[int, int], gamma: float):
    n, m = shape
    cost, drop_x, drop_y = random(n, m), 0.5 * random(n, seed=1), 0.5 * random(m, seed=2)
    costs = [cost_of(way, cost, drop_x, drop_y) for way in all_ways(n, m)]
    expected = -gamma * np.logaddexp.reduce([-each / gamma for each in costs])
    found = soft_drop_dtw(cost[None], drop_x[None], drop_y[None], gamma=gamma)
    assert found.item() == pytest.approx(expected, abs=1e-12)


def test_its_gradient_is_the_probability_of_matching_and_of_dropping():
    n, m, gamma = 3, 4, 0.2
    given_ = [random(1, n, m), 0.5 * random(1, n, seed=1), 0.5 * random(1, m, seed=2)]
    cost, drop_x, drop_y = (each.requires_grad_() for each in given_)
    value = soft_drop_dtw(cost, drop_x, drop_y, gamma=gamma)
    value.backward()
    matched, dropped = np.zeros((n, m)), np.zeros(m)
    for way in all_ways(n, m):
        share = math.exp((value.item() - cost_of(way, cost[0], drop_x[0], drop_y[0])) / gamma)
        for cell in way:
            matched[cell] += share
        dropped[[j for j in range(m) if j not in {j for _, j in way}]] += share
    assert cost.grad is not None
    assert drop_y.grad is not None
    np.testing.assert_allclose(cost.grad[0], matched, atol=1e-12)
    np.testing.assert_allclose(drop_y.grad[0], dropped, atol=1e-12)


@pytest.mark.parametrize("gamma", [1.0, 0.1, 0.02])
def test_gradients_by_costs_and_drop_costs(gamma: float):
    def value(*given: torch.Tensor) -> torch.Tensor:
        return soft_drop_dtw(*given, gamma=gamma, x_lengths=[5, 3, 1], y_lengths=[4, 4, 2])

    given_ = (random(3, 5, 4), 0.6 * random(3, 5, seed=1), 0.6 * random(3, 4, seed=2))
    assert gradcheck(value, tuple(each.requires_grad_() for each in given_))


def test_double_backward_goes_through_the_reference():
    given_ = (random(2, 3, 4), 0.6 * random(2, 3, seed=1), 0.6 * random(2, 4, seed=2))
    tensors = tuple(each.requires_grad_() for each in given_)
    assert gradgradcheck(lambda *given: soft_drop_dtw(*given, gamma=0.5), tensors)


def test_a_penalty_on_the_gradient_has_a_gradient():
    cost = random(1, 3, 3).requires_grad_()
    value = soft_drop_dtw(cost, 0.3, 0.3).sum()
    (gradient,) = torch.autograd.grad(value, cost, create_graph=True)
    (second,) = torch.autograd.grad(gradient.square().sum(), cost)
    assert second.abs().max() > 1e-3


@settings(max_examples=30)
@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 99))
def test_without_drop_costs_it_is_dynamic_time_warping(n, m, seed):
    cost = random(n, m, seed=seed)
    hard = dtw(cost.numpy())
    found = one(drop_dtw(cost, None, None))
    assert found.cost == pytest.approx(hard.cost)
    np.testing.assert_array_equal(found.path, hard.path)
    assert not found.x_dropped.any()
    smooth = soft_drop_dtw(cost[None], None, None, gamma=1e-4)
    assert smooth.item() == pytest.approx(hard.cost, abs=1e-2)


@settings(max_examples=30)
@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 99), st.floats(0, 1), st.floats(0, 1))
def test_dearer_drops_never_make_it_cheaper(n, m, seed, drop, more):
    cost = random(n, m, seed=seed)
    less, dearer = one(drop_dtw(cost, drop, drop)), one(drop_dtw(cost, drop + more, drop))
    assert less.cost <= dearer.cost + 1e-12


def test_only_one_side_may_be_dropped_from():
    cost = torch.tensor([[0.0, 5.0, 5.0, 0.0], [5.0, 5.0, 5.0, 0.0]])
    found = one(drop_dtw(cost, None, 1.0))
    assert (found.cost, found.y_dropped.tolist()) == (2.0, [False, True, True, False])
    assert not one(drop_dtw(cost, 1.0, None)).y_dropped.any()


def test_a_frame_with_an_infinite_drop_cost_is_kept():
    cost = torch.full((2, 3), 9.0)
    drop = torch.tensor([0.1, math.inf, 0.1])
    found = one(drop_dtw(cost, 0.1, drop))
    assert found.path.tolist() in ([[0, 1]], [[1, 1]])
    assert found.cost == pytest.approx(9.3)


def test_all_is_dropped_where_that_is_cheapest():
    found = one(drop_dtw(torch.full((2, 3), 9.0), 1.0, 1.0))
    assert (found.path.shape, found.cost) == ((0, 2), 5.0)
    assert found.x_dropped.all()
    assert found.y_dropped.all()


def test_a_batch_is_its_pairs_and_padding_is_never_read():
    cost, drop_x = random(3, 6, 5), random(3, 6, seed=1)
    n, m = [6, 4, 1], [5, 2, 4]
    padded, padded_x = cost.clone(), 0.3 * drop_x
    for b in range(3):
        padded[b, n[b] :], padded[b, :, m[b] :], padded_x[b, n[b] :] = math.nan, math.inf, math.nan
    padded.requires_grad_()
    batch = many(drop_dtw(padded, padded_x, 0.3, x_lengths=n, y_lengths=m))
    smooth = soft_drop_dtw(padded, padded_x, 0.3, x_lengths=n, y_lengths=m)
    smooth.sum().backward()
    assert padded.grad is not None
    assert padded.grad.isfinite().all()
    for b in range(3):
        pair = cost[b, : n[b], : m[b]]
        alone = one(drop_dtw(pair, 0.3 * drop_x[b, : n[b]], 0.3))
        assert batch[b].cost == alone.cost
        assert torch.equal(batch[b].path, alone.path)
        assert torch.equal(batch[b].x_dropped, alone.x_dropped)
        assert smooth[b] == soft_drop_dtw(pair[None], 0.3 * drop_x[b : b + 1, : n[b]], 0.3)[0]


def test_one_drop_cost_per_pair():
    cost = torch.full((2, 2, 2), 3.0)
    found = many(drop_dtw(cost, torch.tensor([1.0, 9.0]), torch.tensor([1.0, 9.0])))
    assert [each.cost for each in found] == [4.0, 6.0]


def test_both_routes_take_the_same_path(route: str):
    cost = (random(3, 20, 15) * 4).round()  # with ties
    with forced("reference"):
        expected = many(drop_dtw(cost, 1.0, 1.0))
    for found, other in zip(many(drop_dtw(cost, 1.0, 1.0)), expected, strict=True):
        assert torch.equal(found.path, other.path)


def test_float32_is_close_to_float64():
    cost = random(1, 60, 70).float()
    gradients = []
    for each in (cost, cost.double()):
        each = each.clone().requires_grad_()
        soft_drop_dtw(each, 0.3, 0.3, gamma=0.05).sum().backward()
        gradients.append(each.grad)
    assert (gradients[0] - gradients[1]).abs().max() < 1e-5


def test_the_drop_cost_is_a_percentile_of_real_costs():
    cost = random(2, 5, 6)
    padded = cost.clone()
    padded[1, 3:] = math.nan
    found = percentile_drop_cost(padded, 30.0, x_lengths=[5, 3])
    expected = [np.percentile(cost[0], 30), np.percentile(cost[1, :3], 30)]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"drop_x": torch.zeros(2, 4)}, "drop_x must be one number, one per pair"),
        ({"drop_y": math.nan}, "drop_y must hold numbers"),
        ({"x_lengths": [9, 1]}, "x_lengths must be from 1 to 3"),
        ({"gamma": -1.0}, "gamma must be a finite number above 0"),
    ],
)
def test_bad_arguments_are_refused_in_a_sentence(arguments: dict, sentence: str):
    with pytest.raises(InputError, match=sentence):
        soft_drop_dtw(random(2, 3, 3), **{"drop_x": 1.0, "drop_y": 1.0, **arguments})


def test_costs_that_are_not_finite_are_refused():
    with pytest.raises(InputError, match="costs must be finite"):
        drop_dtw(torch.tensor([[1.0, math.nan]]), 1.0, 1.0)


def test_a_percentile_above_a_hundred_is_refused():
    with pytest.raises(InputError, match="from 0 to 100"):
        percentile_drop_cost(random(1, 2, 2), 101.0)
