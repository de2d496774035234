import math
import warnings

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from inphase.errors import InputError
from inphase.warping.gromov_wasserstein import (
    Loss,
    beyond_radius,
    fused_gromov_wasserstein,
    fused_gromov_wasserstein_cost,
    temporal_distance,
    within_radius,
)
from inphase.warping.transport import transport

EXACT = {"iterations": 1000, "sinkhorn_iterations": 10_000, "tolerance": 1e-13}


@pytest.fixture
def ot():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("ot")


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def structure(batch: int, n: int, seed: int) -> torch.Tensor:
    points = random(batch, n, 2, seed=seed)
    return torch.cdist(points, points)


def quadratic_by_loops(plan, x, y, loss) -> np.ndarray:
    """Gradient of the quadratic term: the sum over each other match, both ways round."""
    gradient = np.zeros(plan.shape)
    for i, j in np.ndindex(*plan.shape):
        for k, other in np.ndindex(*plan.shape):
            a, b = x[i, k].item(), y[j, other].item()
            gradient[i, j] += 2 * (a * b if loss == "product" else (a - b) ** 2) * plan[k, other]
    return gradient


@pytest.mark.parametrize("epsilon", [0.2, 0.05])
@pytest.mark.parametrize("alpha", [0.3, 0.8])
def test_squared_plans_are_those_of_pot(ot, epsilon: float, alpha: float):
    cost, x, y = random(2, 6, 5), structure(2, 6, 1), structure(2, 5, 2)
    plans = fused_gromov_wasserstein(
        cost, x, y, alpha=alpha, epsilon=epsilon, loss="squared", **EXACT
    )
    for b in range(2):
        expected = ot.gromov.entropic_fused_gromov_wasserstein(
            cost[b].numpy(), x[b].numpy(), y[b].numpy(), loss_fun="square_loss", symmetric=True,
            epsilon=epsilon, alpha=alpha, solver="PGD", max_iter=1000, tol=1e-13,
            numItermax=10_000, stopThr=1e-14,
        )  # fmt: skip
        np.testing.assert_allclose(plans[b], expected, atol=1e-10)
        linear = (1 - alpha) * (cost[b].numpy() * expected).sum()
        square = ot.gromov.gwloss(
            *ot.gromov.init_matrix(x[b].numpy(), y[b].numpy(), [1 / 6] * 6, [1 / 5] * 5), expected
        )
        value = fused_gromov_wasserstein_cost(plans, cost, x, y, alpha=alpha, loss="squared")[b]
        assert value.item() == pytest.approx(linear + alpha * square, rel=1e-9)


@pytest.mark.parametrize("loss", ["product", "squared"])
def test_balanced_plans_are_stationary(loss: Loss):
    cost, x, y, alpha, epsilon = random(1, 5, 4), structure(1, 5, 1), structure(1, 4, 2), 0.6, 0.3
    plan = fused_gromov_wasserstein(cost, x, y, alpha=alpha, epsilon=epsilon, loss=loss, **EXACT)[0]
    slope = (1 - alpha) * cost[0].numpy() + epsilon * np.log(plan.numpy())
    slope += alpha * quadratic_by_loops(plan.numpy(), x[0], y[0], loss)
    # What is left over is the price of the marginals: one for each row and one for each column.
    slope -= slope.mean(0) + slope.mean(1, keepdims=True) - slope.mean()
    np.testing.assert_allclose(slope, 0, atol=1e-9)


@pytest.mark.parametrize("loss", ["product", "squared"])
def test_unbalanced_plans_are_stationary(loss: Loss):
    cost, x, y, alpha, epsilon = random(1, 5, 4), structure(1, 5, 1), structure(1, 4, 2), 0.6, 0.3
    plan = fused_gromov_wasserstein(
        cost, x, y, alpha=alpha, epsilon=epsilon, loss=loss, unbalanced=(0.5, 2.0), **EXACT
    )[0].numpy()
    slope = (1 - alpha) * cost[0].numpy() + epsilon * np.log(plan)
    slope += alpha * quadratic_by_loops(plan, x[0], y[0], loss)
    slope += 0.5 * np.log(plan.sum(1, keepdims=True) * 5) + 2.0 * np.log(plan.sum(0) * 4)
    np.testing.assert_allclose(slope, 0, atol=1e-9)


def test_without_structure_it_is_transport():
    cost = random(2, 5, 4)
    plan = fused_gromov_wasserstein(
        cost, structure(1, 5, 1), structure(1, 4, 2), alpha=0.0, epsilon=0.1, tolerance=1e-10
    )
    torch.testing.assert_close(plan, transport(cost, epsilon=0.1, tolerance=1e-10))


def test_structure_alone_finds_the_order_again():
    x = structure(1, 8, 3)
    order = torch.randperm(8, generator=torch.Generator().manual_seed(0))
    plan = fused_gromov_wasserstein(
        1 - torch.eye(8)[order].double()[None], x[0][order][:, order], x, alpha=0.9, epsilon=0.005,
        loss="squared", iterations=200,
    )  # fmt: skip
    assert torch.equal(plan[0].argmax(1), order)


def test_structure_in_time_smooths_out_a_frame_that_looks_like_another():
    cost = 1 - torch.eye(30).double()[None]
    cost[0, 15] = 1.0
    cost[0, 15, 2] = 0.0
    options = {"epsilon": 0.02, "virtual": None}
    near, far = within_radius(None, 30, radius=0.1), beyond_radius(None, 30, radius=0.1)
    without = fused_gromov_wasserstein(cost, near, far, alpha=0.0, **options)[0, 15]
    smooth = fused_gromov_wasserstein(cost, near, far, alpha=0.4, **options)[0, 15]
    assert without.argmax() == 2
    assert abs(smooth.argmax() - 15) <= 3


@pytest.mark.parametrize("virtual", [None, 0.5])
def test_padding_is_never_read(virtual):
    cost, x, y = random(2, 6, 5), structure(2, 6, 1), structure(2, 5, 2)
    padded, padded_x = cost.clone(), x.clone()
    padded[1, 4:], padded[1, :, 3:], padded_x[1, 4:] = math.nan, math.inf, math.nan
    options = {"alpha": 0.5, "epsilon": 0.2, "virtual": virtual}
    plan = fused_gromov_wasserstein(
        padded, padded_x, y, x_lengths=[6, 4], y_lengths=[5, 3], **options
    )
    alone = fused_gromov_wasserstein(cost[1:, :4, :3], x[1:, :4, :4], y[1:, :3, :3], **options)
    more = 0 if virtual is None else 1
    torch.testing.assert_close(plan[1, : 4 + more, : 3 + more], alone[0])
    assert (plan[1, 4 + more :] == 0).all()


@pytest.mark.parametrize("loss", ["product", "squared"])
@pytest.mark.parametrize("unbalanced", [None, 1.0])
def test_gradients_by_costs_and_structures(loss: Loss, unbalanced):
    def plan(cost: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return fused_gromov_wasserstein(
            cost, (x + x.mT) / 2, structure(2, 3, 2), alpha=0.5, epsilon=0.3, loss=loss,
            iterations=2, sinkhorn_iterations=500, tolerance=1e-14, x_lengths=[4, 3],
            virtual=0.5, unbalanced=unbalanced,
        )  # fmt: skip

    assert gradcheck(plan, (random(2, 4, 3).requires_grad_(), structure(2, 4, 1).requires_grad_()))


def test_structures_in_time_follow_the_length_of_each_video():
    near = within_radius([10, 5], 10, radius=0.2)
    far = beyond_radius([10, 5], 10, radius=0.2)
    assert near[0, 4].nonzero().flatten().tolist() == [2, 3, 5, 6]
    assert near[1, 2, :5].nonzero().flatten().tolist() == [1, 3]
    assert near.max() == 5
    assert (far[0, 4] == 0).nonzero().flatten().tolist() == [2, 3, 4, 5, 6]


def test_distance_in_time_is_a_share_of_each_video():
    found = temporal_distance([4, 2], [2, 2], 4, 2, batch=2)
    torch.testing.assert_close(
        found[0, :, 1], torch.tensor([0.5, 0.25, 0.0, 0.25]), check_dtype=False
    )
    torch.testing.assert_close(found[1, :2, 1], torch.tensor([0.5, 0.0]), check_dtype=False)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"alpha": 1.5}, "alpha must be from 0 to 1"),
        ({"epsilon": -1.0}, "epsilon must be a finite number above 0"),
        ({"x_structure": torch.ones(4, 3)}, "x_structure must be shaped"),
        ({"x_structure": torch.arange(9.0).view(3, 3)}, "x_structure must be symmetric"),
        ({"y_structure": torch.full((3, 3), math.nan)}, "y_structure must be finite"),
    ],
)
def test_bad_arguments_are_refused_in_a_sentence(arguments: dict, sentence: str):
    usual = {"x_structure": torch.eye(3), "y_structure": torch.eye(3), "alpha": 0.5, "epsilon": 0.1}
    with pytest.raises(InputError, match=sentence):
        fused_gromov_wasserstein(random(2, 3, 3), **{**usual, **arguments})


def test_a_radius_is_a_share():
    with pytest.raises(InputError, match="the radius is a share of the video"):
        within_radius(None, 10, radius=3.0)
