"""Pairwise costs, against torch.cdist and cosine similarity, and their derivatives."""

import pytest
import torch

from inphase.warping.pairwise import cosine, squared_euclidean


def drawn(n=4, m=6, dtype=torch.float64, scale=1.0):
    generator = torch.Generator().manual_seed(n)
    shape = torch.randn(2, n + m, 3, generator=generator, dtype=dtype) * scale
    return shape[:, :n].clone(), shape[:, n:].clone()


def test_squared_distances_are_those_of_differences():
    x, y = drawn()
    torch.testing.assert_close(squared_euclidean(x, y), torch.cdist(x, y) ** 2)


def test_cosine_distances_are_one_minus_the_cosine():
    x, y = drawn()
    expected = 1 - torch.cosine_similarity(x[:, :, None], y[:, None], dim=-1)
    torch.testing.assert_close(cosine(x, y), expected)


@pytest.mark.parametrize("distance", [squared_euclidean, cosine])
def test_no_distance_is_below_zero(distance):
    x, _ = drawn(50, 2, torch.float32, 100.0)
    assert (distance(x, x.clone()) >= 0).all()


@pytest.mark.parametrize("distance", [squared_euclidean, cosine])
def test_first_and_second_derivatives_are_those_of_finite_differences(distance):
    x, y = (each.requires_grad_() for each in drawn())
    assert torch.autograd.gradcheck(distance, (x, y))
    assert torch.autograd.gradgradcheck(distance, (x, y))


def test_rounding_below_zero_does_not_stop_the_second_derivative():
    x = torch.full((1, 1, 1), 1 / 3, dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad(squared_euclidean(x, x.detach()).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    assert second.item() == pytest.approx(2.0)


def test_a_frame_of_zeros_is_at_cosine_distance_one():
    x, y = drawn()
    x[0, 1] = 0
    x.requires_grad_()
    distances = cosine(x, y)
    assert (distances[0, 1] == 1).all()
    distances.sum().backward()
    assert x.grad is not None and torch.isfinite(x.grad).all()
