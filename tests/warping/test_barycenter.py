import warnings

import pytest
import torch

from inphase.errors import InputError
from inphase.warping.barycenter import barycenter
from inphase.warping.soft_dtw import soft_dtw


def activity(frames: int, seed: int, *, speed: float = 1.0) -> torch.Tensor:
    """One turn of a circle, that begins slow or fast."""
    generator = torch.Generator().manual_seed(seed)
    phase = torch.linspace(0, 1, frames, dtype=torch.float64) ** speed * 2 * torch.pi
    noise = 0.05 * torch.randn(frames, 2, dtype=torch.float64, generator=generator)
    return torch.stack([phase.sin(), phase.cos()], 1) + noise


SERIES = [activity(20, 0), activity(14, 1, speed=1.5), activity(25, 2, speed=0.7)]


def objective(mean: torch.Tensor, series: list[torch.Tensor], gamma: float) -> torch.Tensor:
    values = [soft_dtw(mean[None], each[None], gamma=gamma)[0] / len(each) for each in series]
    return torch.stack(values).mean()


@pytest.mark.parametrize("gamma", [1.0, 0.1])
def test_it_is_no_worse_than_that_of_tslearn(gamma: float):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        barycenters = pytest.importorskip("tslearn.barycenters")
        series = [activity(15, k, speed=1 + k / 5) for k in range(3)]
        start = torch.stack(series).mean(0)
        theirs = barycenters.softdtw_barycenter(
            torch.stack(series).numpy(), gamma=gamma, init=start.numpy(), max_iter=300, tol=1e-12
        )
    ours = barycenter(series, gamma=gamma, init=start, iterations=300, tolerance=1e-8)
    other = objective(torch.from_numpy(theirs), series, gamma).item()
    assert objective(ours, series, gamma).item() <= other + 1e-3 * abs(other)
    assert objective(ours, series, gamma) < objective(start, series, gamma)


def test_the_objective_is_stationary_there():
    mean = barycenter(SERIES, length=18, gamma=0.5, iterations=500, tolerance=1e-8)
    mean.requires_grad_()
    (gradient,) = torch.autograd.grad(objective(mean, SERIES, 0.5), mean)
    assert mean.shape == (18, 2)
    assert gradient.abs().max() < 1e-5


def test_one_sequence_is_its_own_barycenter():
    series = activity(12, 0)
    mean = barycenter([series], length=12, gamma=1e-3, tolerance=1e-9)
    torch.testing.assert_close(mean, series, rtol=0, atol=1e-3)


def test_weights_choose():
    mean = barycenter(SERIES, weights=[0.0, 1.0, 0.0], length=14, gamma=1e-3)
    torch.testing.assert_close(mean, SERIES[1], rtol=0, atol=1e-2)


def test_weights_are_scaled():
    one = barycenter(SERIES, weights=[1.0, 2.0, 1.0], iterations=5)
    other = barycenter(SERIES, weights=torch.tensor([2, 4, 2]), iterations=5)
    torch.testing.assert_close(one, other)


def test_the_length_is_the_median_of_all_unless_it_is_given():
    assert len(barycenter(SERIES, iterations=1)) == 20
    assert len(barycenter(SERIES, iterations=1, length=7)) == 7
    assert len(barycenter(SERIES, iterations=1, length=1)) == 1
    assert len(barycenter([*SERIES, activity(1, 0)], iterations=1, init=activity(9, 0))) == 9


def test_by_cosine_distance_and_in_float32():
    mean = barycenter([each.float() for each in SERIES], distance="cosine", gamma=0.1)
    assert mean.dtype == torch.float32
    assert mean.isfinite().all()


def test_it_is_found_without_gradients_and_leaves_the_series_alone():
    series = [each.clone().requires_grad_() for each in SERIES]
    with torch.no_grad():
        mean = barycenter(series, iterations=3)
    assert not mean.requires_grad
    assert all(each.grad is None for each in series)


@pytest.mark.parametrize(
    ("series", "arguments", "sentence"),
    [
        ([], {}, "at least one sequence"),
        ([torch.zeros(3, 2), torch.zeros(3, 1)], {}, "of one dim and at least one frame"),
        ([torch.zeros(0, 2)], {}, "of one dim and at least one frame"),
        ([torch.zeros(3, 2), torch.zeros(3, 2).double()], {}, "of one type"),
        ([torch.full((3, 2), torch.nan)], {}, "series must be finite"),
        (SERIES, {"length": 0}, "the length must be at least 1 frame"),
        (SERIES, {"weights": [1.0]}, "weights must be 3 finite numbers"),
        (SERIES, {"weights": [0.0, 0.0, 0.0]}, "at least one weight must be above 0"),
        (SERIES, {"init": torch.zeros(4, 3)}, "init must be shaped"),
        (SERIES, {"init": torch.zeros(4, 2), "length": 5}, "init has 4 frames"),
        (SERIES, {"gamma": 0.0}, "gamma must be a finite number above 0"),
    ],
)
def test_bad_arguments_are_refused_in_a_sentence(series, arguments: dict, sentence: str):
    with pytest.raises(InputError, match=sentence):
        barycenter(series, **arguments)
