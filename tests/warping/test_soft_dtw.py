"""Soft-DTW: every path counted, finite differences, and that all routes agree."""

import itertools
import math
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from inphase.errors import InputError
from inphase.warping import soft_dtw_pairs
from inphase.warping.dtw import dtw
from inphase.warping.extent import extent
from inphase.warping.routes import forced
from inphase.warping.soft_dtw import (
    soft_alignment,
    soft_alignment_from_cost,
    soft_dtw,
    soft_dtw_divergence,
    soft_dtw_from_cost,
)

pytest.importorskip("numba")
ROUTES = ["reference", "numba"]
# The ways of the numba route: all in one call, whole products, strips.
WAYS = {"small": (1 << 30, 1 << 30), "whole": (0, 1 << 30), "long": (0, 0)}


@pytest.fixture(params=ROUTES)
def route(request):
    with forced(request.param):
        yield request.param


@pytest.fixture(params=["reference", *WAYS])
def way(request, monkeypatch):
    """Every way in which pairs of embeddings are computed."""
    if request.param == "reference":
        with forced("reference"):
            yield request.param
        return
    small, kept = WAYS[request.param]
    monkeypatch.setattr(soft_dtw_pairs, "SMALL", small)
    monkeypatch.setattr(soft_dtw_pairs, "KEPT", kept)
    with forced("numba"):
        yield request.param


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def paths(inside):
    """Every monotone path through the cells that are there."""
    n, m = inside.shape

    def grow(i, j):
        if not inside[i, j]:
            return
        if (i, j) == (n - 1, m - 1):
            yield [(i, j)]
            return
        for p, q in ((i + 1, j + 1), (i + 1, j), (i, j + 1)):
            if p < n and q < m:
                yield from ([(i, j), *rest] for rest in grow(p, q))

    return list(grow(0, 0))


def by_hand(cost, gamma, inside):
    """Value and expected path, from every path."""
    every = paths(inside)
    sums = np.array([sum(cost[cell] for cell in path) for path in every])
    least = sums.min()
    weights = np.exp(-(sums - least) / gamma)
    expected = np.zeros_like(cost)
    for path, weight in zip(every, weights / weights.sum(), strict=True):
        for cell in path:
            expected[cell] += weight
    return least - gamma * math.log(weights.sum()), expected


@pytest.mark.parametrize("band", [None, 2, 0.5])
@pytest.mark.parametrize("gamma", [3.0, 0.1])
def test_value_and_expected_path_are_those_of_every_path(route, gamma, band):
    for n, m in itertools.product((1, 2, 3, 5, 6), repeat=2):
        cost = normal(1, n, m, seed=10 * n + m)
        try:
            cells = extent(np.array([n]), np.array([m]), n, band)
        except InputError:
            continue
        value, expected = by_hand(cost[0].numpy(), gamma, cells.inside(m)[0])
        assert soft_dtw_from_cost(cost, gamma=gamma, band=band).item() == pytest.approx(value)
        alignment = soft_alignment_from_cost(cost, gamma=gamma, band=band)[0].numpy()
        np.testing.assert_allclose(alignment, expected, atol=1e-9)


@pytest.mark.parametrize("distance", ["squared_euclidean", "cosine"])
def test_embeddings_give_the_value_of_their_distances(way, distance):
    x, y = normal(2, 5, 3), normal(2, 6, 3, seed=1)
    if distance == "cosine":
        cost = 1 - torch.cosine_similarity(x[:, :, None], y[:, None], dim=-1)
    else:
        cost = torch.cdist(x, y) ** 2
    for b in range(2):
        value, expected = by_hand(cost[b].numpy(), 0.7, np.ones((5, 6), dtype=bool))
        found = soft_dtw(x, y, gamma=0.7, distance=distance)[b]
        assert found.item() == pytest.approx(value)
        alignment = soft_alignment(x, y, gamma=0.7, distance=distance)[b]
        np.testing.assert_allclose(alignment.numpy(), expected, atol=1e-9)


@pytest.mark.parametrize("gamma", [10.0, 3.0, 1.0, 0.3, 0.1, 0.01, 0.001])
def test_gradients_are_those_of_finite_differences(way, gamma):
    x, y = normal(2, 4, 2).requires_grad_(), normal(2, 5, 2, seed=1).requires_grad_()
    lengths = {"x_lengths": [4, 3], "y_lengths": [5, 4]}
    # Rounding of the costs, divided by the step, is what is left at small gammas.
    tolerance: dict[str, Any] = {"eps": 1e-6 * min(1, gamma * 10), "atol": 1e-5}
    every: list[dict[str, Any]] = [{}, {"distance": "cosine"}, {"band": 0.6}, lengths]
    for options in every:

        def value(x, y, options=options):
            return soft_dtw(x, y, gamma=gamma, **options)

        assert torch.autograd.gradcheck(value, (x, y), **tolerance)


@pytest.mark.parametrize("gamma", [10.0, 0.1, 0.001])
def test_gradients_of_costs_are_those_of_finite_differences(route, gamma):
    cost = normal(2, 4, 5).requires_grad_()

    def value(cost):
        return soft_dtw_from_cost(cost, gamma=gamma, x_lengths=[4, 3], band=0.8)

    assert torch.autograd.gradcheck(value, (cost,), eps=1e-6 * min(1, gamma * 10), atol=1e-5)


@pytest.mark.parametrize("distance", ["squared_euclidean", "cosine"])
def test_the_second_derivative_is_that_of_finite_differences(way, distance):
    x, y = normal(2, 4, 2).requires_grad_(), normal(2, 3, 2, seed=1).requires_grad_()

    def value(x, y):
        return soft_dtw(x, y, gamma=0.5, distance=distance, x_lengths=[4, 2])

    assert torch.autograd.gradgradcheck(value, (x, y))
    fixed = y.detach()
    assert torch.autograd.gradgradcheck(lambda x: value(x, fixed), (x,))


def test_the_second_derivative_of_costs_and_alignments_is_right(route):
    cost = normal(2, 3, 4).requires_grad_()
    assert torch.autograd.gradgradcheck(lambda c: soft_dtw_from_cost(c, gamma=0.5), (cost,))
    assert torch.autograd.gradcheck(lambda c: soft_alignment_from_cost(c, gamma=0.5), (cost,))


def test_as_gamma_falls_it_becomes_dynamic_time_warping(route):
    cost = normal(1, 30, 40).abs()
    hard = dtw(cost[0].numpy())
    assert soft_dtw_from_cost(cost, gamma=1e-6).item() == pytest.approx(hard.cost, abs=1e-4)
    alignment = soft_alignment_from_cost(cost, gamma=1e-6)[0]
    on_path = torch.zeros_like(alignment)
    on_path[tuple(hard.path.T)] = 1
    torch.testing.assert_close(alignment, on_path, atol=1e-6, rtol=0)


@pytest.mark.parametrize("band", [None, 0.5])
def test_padding_does_not_change_a_bit_of_the_reference(band):
    rows, columns = [9, 7, 1], [5, 8, 3]
    cost = normal(3, 9, 8, dtype=torch.float32)
    for b in range(3):
        cost[b, rows[b] :], cost[b, :, columns[b] :] = math.nan, math.inf
    cost.requires_grad_()
    with forced("reference"):
        value = soft_dtw_from_cost(cost, x_lengths=rows, y_lengths=columns, band=band)
        value.sum().backward()
        assert cost.grad is not None
        for b, (n, m) in enumerate(zip(rows, columns, strict=True)):
            alone = cost.detach()[b : b + 1, :n, :m].clone().requires_grad_()
            one = soft_dtw_from_cost(alone, band=band)
            one.sum().backward()
            assert alone.grad is not None
            assert torch.equal(value[b : b + 1], one)
            assert torch.equal(cost.grad[b, :n, :m], alone.grad[0])
            assert cost.grad[b].count_nonzero() == alone.grad.count_nonzero()


@pytest.mark.parametrize("distance", ["squared_euclidean", "cosine"])
@pytest.mark.parametrize("band", [None, 0.6])
def test_lengths_are_slicing_and_padding_may_be_nan(way, distance, band):
    rows, columns = [150, 120, 7], [140, 150, 9]
    x = normal(3, 150, 4, dtype=torch.float32)
    y = normal(3, 150, 4, seed=1, dtype=torch.float32)
    for b in range(3):
        x[b, rows[b] :], y[b, columns[b] :] = math.nan, math.inf
    x, y = x.requires_grad_(), y.requires_grad_()
    options: dict[str, Any] = {"gamma": 0.5, "band": band, "distance": distance}
    value = soft_dtw(x, y, x_lengths=torch.tensor(rows), y_lengths=columns, **options)
    value.sum().backward()
    assert x.grad is not None and y.grad is not None
    for b, (n, m) in enumerate(zip(rows, columns, strict=True)):
        a = x.detach()[b : b + 1, :n].clone().requires_grad_()
        c = y.detach()[b : b + 1, :m].clone().requires_grad_()
        one = soft_dtw(a, c, **options)
        one.sum().backward()
        torch.testing.assert_close(value[b : b + 1], one, rtol=1e-5, atol=1e-4)
        torch.testing.assert_close(x.grad[b : b + 1, :n], a.grad, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(y.grad[b : b + 1, :m], c.grad, rtol=1e-3, atol=1e-4)
        assert (x.grad[b, n:] == 0).all() and (y.grad[b, m:] == 0).all()


@pytest.mark.parametrize(
    ("n", "m"), [(1, 1), (1, 300), (300, 1), (127, 129), (128, 128), (290, 40)]
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_way_agrees_with_the_reference(way, n, m, dtype):
    x, y = normal(3, n, 5, dtype=dtype), normal(3, m, 5, seed=1, dtype=dtype)
    weight = torch.tensor([1.0, -2.0, 0.5], dtype=dtype)
    tolerance = 1e-9 if dtype == torch.float64 else 1e-4
    # A band in which some anti-diagonals have no cell, where the lengths allow it.
    for band in (None, 1.0 if min(n, m) < 100 else abs(n - m)):
        found = []
        for serving in (way, "reference"):
            a, c = x.clone().requires_grad_(), y.clone().requires_grad_()
            with forced("reference" if serving == "reference" else "numba"):
                value = soft_dtw(a, c, gamma=0.3, band=band)
                (value * weight).sum().backward()
            found.append((value.detach(), a.grad, c.grad))
        for each, expected in zip(*found, strict=True):
            torch.testing.assert_close(each, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("scale", [1.0, 10.0])
@pytest.mark.parametrize("gamma", [0.1, 0.01, 0.001])
@pytest.mark.parametrize("similar", [True, False])
def test_float32_is_right_where_others_lose_the_gradient(similar, gamma, scale):
    n = 1000
    x = torch.nn.functional.normalize(normal(1, n, 8).cumsum(1), dim=-1)
    other = torch.nn.functional.normalize(normal(1, n, 8, seed=1), dim=-1)
    y = torch.nn.functional.normalize(x + 0.05 * other, dim=-1) if similar else other
    cost = (torch.cdist(x * scale, y * scale) ** 2).float()
    with forced("numba"):
        exact = soft_dtw_from_cost(cost.double(), gamma=gamma).item()
        expected = soft_alignment_from_cost(cost.double(), gamma=gamma)
        assert soft_dtw_from_cost(cost, gamma=gamma).item() == pytest.approx(exact, rel=1e-6)
        alignment = soft_alignment_from_cost(cost, gamma=gamma)
    assert (alignment - expected).abs().max() < 1e-5
    assert alignment[0, 0, 0].item() == pytest.approx(1, abs=1e-5)


def test_float32_is_right_for_two_thousand_frames():
    x = torch.nn.functional.normalize(normal(1, 2000, 16), dim=-1)
    y = torch.nn.functional.normalize(normal(1, 2000, 16, seed=1), dim=-1)
    gradients = []
    for dtype in (torch.float32, torch.float64):
        a, c = (each.to(dtype).requires_grad_() for each in (x, y))
        soft_dtw(a, c, gamma=0.01).sum().backward()
        assert a.grad is not None
        gradients.append(a.grad.double())
    assert (gradients[0] - gradients[1]).abs().max() < 1e-4


def test_swapping_the_sequences_transposes_the_alignment(route):
    cost = normal(2, 20, 13)
    options: dict[str, Any] = {"gamma": 0.2, "band": 0.7}
    swapped = cost.mT.contiguous()
    value, other = soft_dtw_from_cost(cost, **options), soft_dtw_from_cost(swapped, **options)
    torch.testing.assert_close(value, other)
    alignment = soft_alignment_from_cost(cost, **options)
    torch.testing.assert_close(alignment, soft_alignment_from_cost(swapped, **options).mT)


@pytest.mark.parametrize("distance", ["squared_euclidean", "cosine"])
def test_the_divergence_is_zero_for_the_same_and_above_for_others(way, distance):
    x, y = normal(2, 12, 3), normal(2, 9, 3, seed=1)
    options: dict[str, Any] = {"gamma": 0.5, "distance": distance}
    assert (soft_dtw_divergence(x, x.clone(), **options).abs() < 1e-12).all()
    assert (soft_dtw_divergence(x, y, **options) > 0).all()
    parts = [soft_dtw(a, c, **options) for a, c in ((x, y), (x, x), (y, y))]
    torch.testing.assert_close(
        soft_dtw_divergence(x, y, **options), parts[0] - (parts[1] + parts[2]) / 2
    )
    x.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: soft_dtw_divergence(x, y, **options), (x,))


def test_the_value_may_be_negative():
    x = normal(1, 10, 3)
    assert soft_dtw(x, x).item() < 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(way, dtype):
    x, y = normal(2, 30, 4).to(dtype), normal(2, 20, 4, seed=1).to(dtype)
    wide = [each.float().requires_grad_() for each in (x, y)]
    half = [each.requires_grad_() for each in (x, y)]
    expected, value = soft_dtw(*wide), soft_dtw(*half)
    assert value.dtype == dtype
    assert torch.equal(value, expected.to(dtype))
    expected.sum().backward()
    value.sum().backward()
    for each, other in zip(half, wide, strict=True):
        assert each.grad is not None and other.grad is not None
        assert torch.equal(each.grad, other.grad.to(dtype))


def test_threads_do_not_change_a_bit():
    x, y = normal(5, 90, 4, dtype=torch.float32), normal(5, 80, 4, seed=1, dtype=torch.float32)
    cost = torch.cdist(x, y)
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(soft_alignment_from_cost(cost))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*found)


def test_the_cost_given_is_not_changed(route):
    cost = normal(2, 10, 12)
    copy = cost.clone()
    soft_alignment_from_cost(cost)
    soft_dtw_from_cost(cost.requires_grad_()).sum().backward()
    assert torch.equal(cost, copy)


def test_the_order_of_memory_does_not_matter(way):
    x, y = normal(4, 20, 3), normal(4, 15, 3, seed=1)
    turned = [each.permute(2, 1, 0).contiguous().permute(2, 1, 0) for each in (x, y)]
    torch.testing.assert_close(soft_dtw(*turned), soft_dtw(x, y))


def test_gradients_flow_to_one_side_alone(way):
    x, y = normal(2, 8, 3).requires_grad_(), normal(2, 6, 3, seed=1)
    (alone,) = torch.autograd.grad(soft_dtw(x, y).sum(), x)
    (both, _) = torch.autograd.grad(soft_dtw(x, y.requires_grad_()).sum(), (x, y))
    torch.testing.assert_close(alone, both)


sizes = some.integers(1, 40)


@given(sizes, sizes, some.floats(0.05, 20.0), some.integers(0, 1000))
@settings(max_examples=40)
def test_the_alignment_is_a_distribution_over_paths(n, m, gamma, seed):
    cost = normal(1, n, m, seed=seed) * 3
    with forced("numba"):
        shares = soft_alignment_from_cost(cost, gamma=gamma)[0]
        value = soft_dtw_from_cost(cost, gamma=gamma).item()
    assert (shares >= 0).all() and (shares <= 1 + 1e-9).all()
    assert shares[0, 0].item() == pytest.approx(1) and shares[-1, -1].item() == pytest.approx(1)
    assert (shares.sum(0) >= 1 - 1e-9).all() and (shares.sum(1) >= 1 - 1e-9).all()
    assert value <= dtw(cost[0].numpy()).cost + 1e-9


@given(sizes, sizes, some.floats(0.1, 5.0), some.floats(-3.0, 3.0), some.integers(0, 1000))
@settings(max_examples=25)
def test_value_and_costs_share_their_unit(n, m, gamma, shift, seed):
    cost = normal(1, n, m, seed=seed)
    value = soft_dtw_from_cost(cost, gamma=gamma).item()
    scaled = soft_dtw_from_cost(4 * cost, gamma=4 * gamma).item()
    assert scaled == pytest.approx(4 * value, rel=1e-9, abs=1e-9)
    # A step more or less is the only thing that a constant added to all costs changes.
    shifted = soft_dtw_from_cost(cost + shift, gamma=gamma).item()
    steps = sorted((shift * max(n, m), shift * (n + m - 1)))
    assert value + steps[0] - 1e-9 <= shifted <= value + steps[1] + 1e-9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gamma": 0.0}, "gamma must be"),
        ({"gamma": math.nan}, "gamma must be"),
        ({"x_lengths": [0, 3]}, "x_lengths must be from 1 to 4"),
        ({"y_lengths": [6, 3]}, "y_lengths must be from 1 to 5"),
        ({"y_lengths": [3]}, "y_lengths must be 2 whole numbers"),
        ({"band": 0}, "band=1 or wider"),
        ({"band": -1}, "band must be"),
    ],
)
def test_wrong_options_are_refused_in_a_sentence(options, message):
    with pytest.raises(InputError, match=message):
        soft_dtw(normal(2, 4, 3), normal(2, 5, 3), **options)
    with pytest.raises(InputError, match=message):
        soft_dtw_from_cost(normal(2, 4, 5), **options)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_numbers_that_are_none_are_refused(route, bad):
    cost = normal(2, 4, 5)
    cost[1, 2, 3] = bad
    with pytest.raises(InputError, match="costs must be finite"):
        soft_dtw_from_cost(cost)
    with pytest.raises(InputError, match="x must be finite"):
        soft_dtw(cost, normal(2, 3, 5))
    with pytest.raises(InputError, match="y must be finite"):
        soft_dtw(normal(2, 3, 5), cost)


def test_batches_that_do_not_match_are_refused():
    with pytest.raises(InputError, match="same batch"):
        soft_dtw(normal(2, 4, 3), normal(1, 4, 3))
    with pytest.raises(InputError, match="must be shaped"):
        soft_dtw_from_cost(normal(4, 5))


@pytest.mark.parametrize("frames", [5, 80, 800])
def test_mixed_precision_training_changes_nothing(frames: int):
    """Autocast would round the products, which the kernels take as they are."""
    torch.manual_seed(0)
    x, y = torch.randn(1, frames, 8, requires_grad=True), torch.randn(1, frames + 3, 8)
    expected = soft_dtw(x, y, gamma=0.1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = soft_dtw(x, y, gamma=0.1)
    assert torch.equal(value, expected)
    both = [torch.autograd.grad(each.sum(), x)[0] for each in (value, expected)]
    assert torch.equal(*both)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_has_threads_of_its_own():
    """Data loaders fork; a pool that was used before would wait for its threads for ever."""
    script = (
        "import os, signal, torch\n"
        "from inphase.warping import soft_dtw_from_cost\n"
        "torch.set_num_threads(2)\n"
        # So small that torch itself, which does not survive a fork either, uses one thread.
        "cost = torch.rand(8, 50, 60)\n"
        "soft_dtw_from_cost(cost)\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    signal.alarm(60)\n"
        "    soft_dtw_from_cost(cost)\n"
        "    os._exit(0)\n"
        "print(os.waitpid(child, 0)[1])\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True
    )
    assert done.stdout.strip() == "0", done.stderr
