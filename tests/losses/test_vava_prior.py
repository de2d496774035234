"""Densities of VAVA's priors, and how its mixture goes from one component to the other."""

import math
from typing import Any

import pytest
import torch

from inphase.errors import InputError
from inphase.losses.vava_prior import Density, chosen_phi, phi_at


def density(
    kind: Any = "gaussian", variance: Any = 0.36, flat: float = 1.0, shape: Any = (1.0, 50.0)
) -> Density:
    return Density(kind, variance, flat, shape)


def log_of(density, distances, frame=1.0):
    cells = torch.as_tensor(distances, dtype=torch.float64)[None, None]
    return density.log(cells, torch.full((1, 1, 1), frame, dtype=torch.float64))[0, 0]


def test_phi_falls_from_one_to_zero_and_never_quite_reaches_either():
    weights = [phi_at(step) for step in (0, 1, 10, 1000, 5000, 10**6)]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] == 0.999 and weights[-1] == 0.001
    assert phi_at(1000) == pytest.approx(0.999**1000)


def test_phi_is_taken_before_step_and_step_before_progress():
    assert chosen_phi(0.3, 1000, 0.5) == 0.3
    assert chosen_phi(None, 1000, 0.5) == phi_at(1000)
    assert chosen_phi(None, None, 0.25) == 0.75
    assert chosen_phi(0, None, 0.25) == 0.0
    assert chosen_phi(None, None, 1.0) == 0.001


@pytest.mark.parametrize(
    "given", [(1.1, None, 0.0), (-0.1, None, 0.0), (None, -1, 0.0), (None, None, 1.5)]
)
def test_phi_out_of_range_is_told(given):
    with pytest.raises(InputError, match=r"0 to 1|0 or more"):
        chosen_phi(*given)


def test_the_gaussian_is_that_of_torch():
    distances = torch.linspace(0, 5, 11, dtype=torch.float64)
    normal = torch.distributions.Normal(torch.tensor(0.0).double(), torch.tensor(0.6).double())
    assert torch.allclose(log_of(density(), distances), normal.log_prob(distances))


def test_distances_are_shares_and_a_frame_is_the_unit_of_the_variance():
    assert log_of(density(), [0.25], frame=0.1).item() == pytest.approx(
        log_of(density(), [2.5]).item()
    )


@pytest.mark.parametrize("variance", [0.36, 4.0])
@pytest.mark.parametrize("flat", [0.0, 1.0, 3.0])
def test_the_flat_top_is_flat_to_its_margin_and_integrates_to_one(variance, flat):
    flat_top = density("flat-top", variance, flat)
    distances = torch.linspace(0, 40, 400_001, dtype=torch.float64)
    values = log_of(flat_top, distances).exp()
    assert 2 * torch.trapezoid(values, distances).item() == pytest.approx(1, abs=1e-4)
    inside = values[distances <= flat]
    assert (inside == inside[0]).all()
    gaussian = log_of(density(variance=variance), [flat + 1.0, flat + 2.0])
    tail = log_of(flat_top, [flat + 1.0, flat + 2.0])
    assert (tail[1] - tail[0]).item() == pytest.approx((gaussian[1] - gaussian[0]).item())


def test_a_flat_top_without_margin_is_the_gaussian():
    distances = torch.linspace(0, 5, 11, dtype=torch.float64)
    assert torch.allclose(
        log_of(density("flat-top", flat=0), distances), log_of(density(), distances)
    )


@pytest.mark.parametrize("shape", [(1.0, 50.0), (2.0, 3.0), (0.5, 4.0)])
def test_the_beta_density_is_that_of_torch(shape):
    x = torch.linspace(0.05, 0.95, 10, dtype=torch.float64)
    beta = torch.distributions.Beta(
        torch.tensor(shape[0]).double(), torch.tensor(shape[1]).double()
    )
    assert torch.allclose(log_of(density("beta", shape=shape), x), beta.log_prob(x))


@pytest.mark.parametrize("shape", [(2.0, 3.0), (0.5, 0.5)])
def test_the_beta_density_is_finite_at_its_ends(shape):
    assert torch.isfinite(log_of(density("beta", shape=shape), [0.0, 1.0, 1.5])).all()


@pytest.mark.parametrize("kind", ["gaussian", "flat-top"])
def test_the_variance_has_a_gradient_and_each_pair_may_have_its_own(kind):
    variance = torch.tensor([0.36, 4.0], dtype=torch.float64, requires_grad=True)
    cells = torch.linspace(0, 3, 12, dtype=torch.float64).view(2, 2, 3)
    frame = torch.ones(2, 1, 1, dtype=torch.float64)

    def log(each):
        return density(kind, each).log(cells, frame)

    assert torch.autograd.gradcheck(log, (variance,))
    for pair, each in enumerate((0.36, 4.0)):
        alone = density(kind, each).log(cells[pair : pair + 1], frame[:1])
        assert torch.allclose(log(variance)[pair], alone[0])


def test_the_likeliest_variance_is_the_mean_square_of_the_distances():
    distances = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    variance = distances.square().mean().requires_grad_()
    (slope,) = torch.autograd.grad(log_of(density(variance=variance), distances).sum(), variance)
    assert slope.item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (dict(kind="student"), "gaussian"),
        (dict(variance=0.0), "above 0"),
        (dict(variance=torch.tensor([1.0, -1.0])), "above 0"),
        (dict(variance=torch.ones(3)), "each of 2 pairs"),
        (dict(variance=math.nan), "above 0"),
        (dict(flat=-1.0), "0 or more"),
        (dict(shape=(0.0, 1.0)), "above 0"),
    ],
)
def test_settings_that_cannot_be_used_are_told(changed, message):
    with pytest.raises(InputError, match=message):
        density(**changed).check(2)
