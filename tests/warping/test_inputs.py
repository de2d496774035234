"""What the warping functions refuse, in one sentence each."""

import math

import numpy as np
import pytest
import torch

from inphase.errors import InputError
from inphase.warping import inputs


@pytest.mark.parametrize("gamma", [0.0, -1.0, math.nan, math.inf])
def test_gamma_is_finite_and_above_zero(gamma):
    with pytest.raises(InputError, match="gamma must be"):
        inputs.checked_gamma(gamma)


@pytest.mark.parametrize(
    ("cost", "message"),
    [
        (torch.zeros(3, 4), "shaped"),
        (torch.zeros(1, 3, 4, dtype=torch.int64), "floating"),
        (torch.zeros(1, 0, 4), "at least one frame"),
        (np.zeros((1, 3, 4)), "torch tensors, not ndarray"),
    ],
)
def test_costs_are_a_batch_of_matrices_of_numbers(cost, message):
    with pytest.raises(InputError, match=message):
        inputs.checked_cost(cost)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (torch.zeros(3, 4), torch.zeros(1, 3, 4), "x must be shaped"),
        (torch.zeros(1, 3, 4), torch.zeros(2, 3, 4), "same batch"),
        (torch.zeros(1, 3, 4), torch.zeros(1, 3, 5), "same batch and embedding dimension"),
        (torch.zeros(1, 3, 4), torch.zeros(1, 0, 4), "y needs at least one frame"),
        (torch.zeros(1, 3, 4), torch.zeros(1, 3, 4, dtype=torch.float64), "same type"),
        (torch.zeros(1, 3, 4, dtype=torch.int32), torch.zeros(1, 3, 4), "floating"),
    ],
)
def test_pairs_agree(x, y, message):
    with pytest.raises(InputError, match=message):
        inputs.checked_pairs(x, y)


@pytest.mark.parametrize("lengths", [[2, 0], [2, 6], [2], [[2, 2]], [2.0, 3.0], [-1, 3]])
def test_lengths_are_whole_numbers_of_frames_given(lengths):
    with pytest.raises(InputError, match="lengths must be"):
        inputs.checked_lengths(torch.tensor(lengths), 2, 5)


def test_lengths_may_be_a_list_an_array_a_tensor_or_nothing():
    for lengths in ([2, 5], np.array([2, 5]), torch.tensor([2, 5])):
        assert inputs.checked_lengths(lengths, 2, 5).tolist() == [2, 5]
    assert inputs.checked_lengths(None, 2, 5).tolist() == [5, 5]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_only_real_cells_and_frames_need_be_finite(bad):
    lengths, all_of_them = np.array([2]), np.array([3])
    cost = torch.zeros(1, 3, 3)
    cost[0, 2, 1] = bad
    inputs.check_finite_cost(cost, lengths, all_of_them)
    inputs.check_finite_frames(cost, lengths)
    with pytest.raises(InputError, match="NaN or infinite"):
        inputs.check_finite_cost(cost, all_of_them, lengths)
    with pytest.raises(InputError, match="x must be finite"):
        inputs.check_finite_frames(cost, all_of_them)


def test_large_numbers_are_not_taken_for_infinite():
    inputs.check_finite_frames(torch.full((1, 2, 2), 3e38), np.array([2]))
