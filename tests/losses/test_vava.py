"""VAVA's loss, against its equations written out in loops with plain Sinkhorn iterations."""

import inspect
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from inphase.errors import InputError
from inphase.losses.vava import vava
from inphase.losses.vava_plan import Terms, terms
from inphase.losses.vava_prior import Density, phi_at

LENGTHS = (6, 8, 7, 5)


def drawn(lengths=LENGTHS, dim=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    time = max(lengths)
    z = torch.randn(len(lengths), time, dim, generator=generator, dtype=torch.float64)
    times = torch.rand(len(lengths), time, generator=generator, dtype=torch.float64).cumsum(-1) * 5
    mask = torch.arange(time) < torch.tensor(lengths)[:, None]
    return z, times, mask


def density_by_hand(distance, frame, prior, variance, flat, shape):
    """Gaussian, and equations 1 and 2 of the supplement; distance in shares of the video."""
    if prior == "beta":
        alpha, beta = shape
        x = min(max(distance, 1e-6), 1 - 1e-6)
        scale = math.gamma(alpha + beta) / math.gamma(alpha) / math.gamma(beta)
        return scale * x ** (alpha - 1) * (1 - x) ** (beta - 1)
    sigma, frames = math.sqrt(variance), distance / frame
    if prior == "gaussian":
        return math.exp(-(frames**2) / (2 * variance)) / (sigma * math.sqrt(2 * math.pi))
    top = math.exp(-(flat**2) / (2 * variance)) / (sigma * math.sqrt(2 * math.pi))
    c = 1 / (2 * flat * top + math.erfc(flat / sigma / math.sqrt(2)))
    return c * math.exp(-(max(frames, flat) ** 2) / (2 * variance)) / sigma / math.sqrt(2 * math.pi)


def idm_by_hand(x, margin, window):
    """LAV's C-IDM of one video, far and near pairs each averaged by weight."""
    sums = {True: [0.0, 0.0], False: [0.0, 0.0]}
    for i in range(len(x)):
        for j in range(len(x)):
            distance = float(((x[i] - x[j]) ** 2).sum())
            heavy = (i - j) ** 2 + 1.0
            far = abs(i - j) > window
            weight = heavy if far else 1 / heavy
            sums[far][0] += weight * (max(0.0, margin - distance) if far else distance)
            sums[far][1] += weight
    return sum(total / weight for total, weight in sums.values() if weight)


def pair_by_hand(x, y, o):
    """Equations 13 and 17 of VAVA for one pair: its terms, frame 0 virtual."""
    n, m = len(x), len(y)
    distance = [[float(((x[i] - y[j]) ** 2).sum()) for j in range(m)] for i in range(n)]
    best_x = [min(range(n), key=lambda i: distance[i][j]) + 1 for j in range(m)]  # noqa: B023
    best_y = [min(range(m), key=lambda j: distance[i][j]) + 1 for i in range(n)]  # noqa: B023
    frame = math.sqrt(1 / n**2 + 1 / m**2)
    lost = 1.5 * 2 * o["virtual_distance"] / (n + 1 + m + 1)
    cost, prior, moment = (np.zeros((n + 1, m + 1)) for _ in range(3))
    for i in range(n + 1):
        for j in range(m + 1):
            if i == 0 or j == 0:
                cost[i, j] = o["virtual"]
                consistent = a = b = 0.0 if i == j else lost
            else:
                cost[i, j] = distance[i - 1][j - 1]
                consistent = abs(i / n - j / m)
                a, b = abs(i - best_x[j - 1]) / n, abs(j - best_y[i - 1]) / m
            p = [
                density_by_hand(each, frame, o["prior"], o["variance"], o["flat"], o["shape"])
                for each in (consistent, (a + b) / 2)
            ]
            prior[i, j] = max(o["phi"] * p[0] + (1 - o["phi"]) * p[1], 1e-15)
            moment[i, j] = o["phi"] / (consistent**2 + 1)
            moment[i, j] += (1 - o["phi"]) / ((a**2 + b**2) / 2 + 1)
    kernel = prior * np.exp((o["structure_weight"] * moment - cost) / o["prior_weight"])
    v = np.ones(m + 1)
    for _ in range(o["iterations"]):
        u = 1 / (n + 1) / (kernel @ v)
        v = 1 / (m + 1) / (kernel.T @ u)
    plan = u[:, None] * kernel * v
    matched = plan[1:, 1:]
    inter = 0.0
    for i in range(n):
        best, worst = matched[i].argmax(), matched[i].argmin()
        inter += (distance[i][best] - distance[i][worst]) / n
    for j in range(m):
        best, worst = matched[:, j].argmax(), matched[:, j].argmin()
        inter += (distance[best][j] - distance[worst][j]) / m
    kl = sum(
        plan[i, j] * math.log(plan[i, j] / prior[i, j])
        for i in range(n + 1)
        for j in range(m + 1)
        if plan[i, j] > 0
    )
    return (plan * cost).sum(), (plan * moment).sum(), kl, inter


OPTIONS: dict[str, Any] = dict(
    phi=0.7, prior="gaussian", variance=0.36, flat=1.0, shape=(1.0, 50.0), virtual=0.5,
    virtual_distance=1.5, structure_weight=1.0, prior_weight=0.1, contrast_weight=0.5,
    margin=2.0, window=2, iterations=20,
)  # fmt: skip


def but(**changed: Any) -> dict[str, Any]:
    return OPTIONS | changed


def by_hand(z, mask, o):
    unit = [
        (row := z[k][mask[k]].numpy()) / np.linalg.norm(row, axis=-1, keepdims=True)
        for k in range(len(z))
    ]
    total = 0.0
    for k in range(0, len(z), 2):
        x, y = unit[k], unit[k + 1]
        transport, structure, kl, inter = pair_by_hand(x, y, o)
        total += transport - o["structure_weight"] * structure + o["prior_weight"] * kl
        intra = sum(idm_by_hand(each, o["margin"], o["window"]) for each in (x, y))
        total += o["contrast_weight"] * (intra + inter)
    return total / (len(z) // 2)


@pytest.mark.parametrize(
    "changed",
    [
        dict(),
        dict(phi=1.0),
        dict(phi=0.0),
        dict(variance=4.0, virtual_distance=5.0),
        dict(prior="flat-top", flat=1.3),
        dict(prior="beta", shape=(1.0, 20.0)),
        dict(prior="beta", shape=(2.0, 3.0), phi=0.2),
        dict(virtual=2.0, structure_weight=0.3, prior_weight=0.5),
        dict(contrast_weight=2.0, margin=1.0, window=4),
        dict(contrast_weight=0.0, iterations=3),
        dict(structure_weight=0.0, iterations=200),
    ],
)
def test_it_is_the_papers_equations(changed):
    z, times, mask = drawn()
    o = but(**changed)
    assert vava(z, times, mask, **o).item() == pytest.approx(by_hand(z, mask, o), rel=1e-9)


# The terms ---------------------------------------------------------------------------------------


def terms_of(x, y, x_mask=None, y_mask=None, **changed) -> Terms:
    o = but(**dict(variance=4.0) | changed)
    return terms(
        F.normalize(x, dim=-1), F.normalize(y, dim=-1),
        torch.ones(x.shape[:2]).bool() if x_mask is None else x_mask,
        torch.ones(y.shape[:2]).bool() if y_mask is None else y_mask,
        phi=o["phi"], density=Density(o["prior"], o["variance"], o["flat"], o["shape"]),
        **{
            key: o[key]
            for key in (
                "virtual", "virtual_distance", "structure_weight", "prior_weight", "iterations"
            )
        },
    )  # fmt: skip


@pytest.mark.parametrize("term", Terms._fields)
def test_each_term_has_a_gradient_to_both_videos(term):
    z, _, _ = drawn((6, 8))
    x, y = z[:1, :6].requires_grad_(), z[1:].detach().requires_grad_()
    slopes = torch.autograd.grad(getattr(terms_of(x, y), term).sum(), (x, y))
    # Only the best and worst matches of a frame are in the contrast; all matter in the plan.
    for slope in slopes:
        assert (slope.abs().sum(-1) > 1e-9).all()


@pytest.mark.parametrize("term", Terms._fields)
def test_the_gradient_of_each_term_is_that_of_finite_differences(term):
    z, _, _ = drawn((5, 6))
    x, y = z[:1, :5].clone().requires_grad_(), z[1:].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: getattr(terms_of(a, b), term), (x, y))


def test_the_intra_video_term_has_a_gradient_to_every_frame():
    z, times, mask = drawn()
    z.requires_grad_()
    slopes = []
    for weight in (0.0, 1.0):
        loss = vava(z, times, mask, **but(iterations=5, contrast_weight=weight))
        slopes.append(torch.autograd.grad(loss, z)[0])
    inter = torch.zeros_like(z)
    for k in (0, 2):
        masks = mask[k : k + 1], mask[k + 1 : k + 2]
        found = terms_of(z[k : k + 1], z[k + 1 : k + 2], *masks, variance=0.36, iterations=5)
        inter += torch.autograd.grad(found.inter.sum() / 2, z)[0]
    intra = slopes[1] - slopes[0] - inter
    assert (intra[mask].abs().sum(-1) > 1e-9).all()


def test_without_a_weight_the_contrast_is_not_there():
    z, times, mask = drawn()
    other = vava(z, times, mask, **but(contrast_weight=0.0, margin=0.5, window=1))
    loss = vava(z, times, mask, **but(contrast_weight=0.0))
    assert other.item() == pytest.approx(loss.item(), rel=1e-12)


def test_its_gradient_is_that_of_finite_differences():
    z, times, mask = drawn((4, 5, 5, 3))
    z.requires_grad_()
    assert torch.autograd.gradcheck(lambda each: vava(each, times, mask, **OPTIONS), (z,))


@pytest.mark.parametrize("prior", ["gaussian", "flat-top"])
@pytest.mark.parametrize("variance", [0.5, [0.5, 2.0]])
def test_a_learned_variance_has_a_gradient(prior, variance):
    z, times, mask = drawn((4, 5, 5, 3))
    variance = torch.tensor(variance, dtype=torch.float64, requires_grad=True)

    def loss(each):
        return vava(z, times, mask, **but(prior=prior, flat=0.4, variance=each))

    assert torch.autograd.gradcheck(loss, (variance,))
    assert (torch.autograd.grad(loss(variance), variance)[0] != 0).all()


def test_a_variance_that_is_a_parameter_learns_how_far_matches_are_off():
    z, times, mask = drawn()
    logarithm = torch.nn.Parameter(torch.tensor(4.0, dtype=torch.float64))
    before = vava(z, times, mask, **but(variance=logarithm.exp()))
    before.backward()
    assert logarithm.grad is not None
    with torch.no_grad():
        logarithm -= logarithm.grad
    assert vava(z, times, mask, **but(variance=logarithm.exp())) < before


# The virtual frame, and the order of steps -------------------------------------------------------


def in_order(frames=12, dim=16):
    """Two videos of the same steps, each frame unlike all others."""
    return torch.eye(dim, dtype=torch.float64)[:frames].repeat(2, 1, 1)


def loss_of(z, **changed):
    times = torch.arange(z.shape[1], dtype=z.dtype).expand(len(z), -1)
    mask = torch.ones(z.shape[:2]).bool()
    return vava(z, times, mask, **but(**dict(contrast_weight=0.0) | changed))


def test_a_frame_without_match_pays_for_the_virtual_frame_and_is_not_pulled():
    z = in_order()
    for k, row in enumerate(z):  # Background, different in either video.
        row[5] = torch.eye(16, dtype=torch.float64)[12 + k]
    pulls = []
    for virtual in (0.2, 3.0):
        each = z.clone().requires_grad_()
        (slope,) = torch.autograd.grad(loss_of(each, virtual=virtual, phi=1.0), each)
        pulls.append(slope[:, 5].norm(dim=-1))
    assert (pulls[0] < 0.2 * pulls[1]).all()
    assert loss_of(z, virtual=0.2) < loss_of(z, virtual=3.0)


def test_the_virtual_frame_is_of_use_with_the_default_variance_but_not_when_it_is_far_in_time():
    z = in_order()
    for k, row in enumerate(z):
        row[5] = torch.eye(16, dtype=torch.float64)[12 + k]
    cheap, dear = (
        [
            terms_of(z[:1], z[1:], variance=0.36, virtual=virtual, virtual_distance=d).transport
            for virtual in (0.2, 0.5)
        ]
        for d in (1.5, 5.0)
    )
    # Far away, all that is given to the virtual frame is the other virtual frame's own share.
    assert (dear[1] - dear[0]).item() == pytest.approx(0.3 / 13, rel=0.05)
    assert (cheap[1] - cheap[0]).item() > 1.5 * 0.3 / 13


def test_phi_decides_whether_steps_may_come_in_another_order():
    z = in_order()
    z[1] = z[1].roll(6, 0)
    assert loss_of(z, phi=0.001) < loss_of(z, phi=0.5) < loss_of(z, phi=0.999)
    assert loss_of(in_order()) < loss_of(z)


def test_step_and_progress_say_what_phi_is():
    z = in_order()
    z[1] = z[1].roll(6, 0)
    assert loss_of(z, phi=None, step=700) == loss_of(z, phi=phi_at(700))
    assert loss_of(z, phi=None, progress=0.4) == loss_of(z, phi=0.6)
    assert loss_of(z, phi=None, step=700, progress=0.4) == loss_of(z, phi=phi_at(700))


# What must not matter ----------------------------------------------------------------------------


@pytest.mark.parametrize("garbage", [1e3, math.nan])
def test_padding_has_no_part_in_loss_or_gradient(garbage):
    z, times, mask = drawn()
    spoiled, late = z.clone(), times.clone()
    spoiled[~mask], late[~mask] = garbage, 1e3
    clean = z.clone().requires_grad_()
    expected = vava(clean, times, mask, **OPTIONS)
    expected.backward()
    spoiled.requires_grad_()
    loss = vava(spoiled, late, mask, **OPTIONS)
    loss.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-12)
    assert spoiled.grad is not None and clean.grad is not None
    assert (spoiled.grad[~mask] == 0).all()
    assert torch.allclose(spoiled.grad, clean.grad, rtol=1e-9, atol=1e-15)


def test_a_pair_costs_in_a_batch_what_it_costs_alone():
    z, times, mask = drawn()
    alone = []
    for k in (0, 2):
        n = max(LENGTHS[k : k + 2])
        rows = slice(k, k + 2)
        alone.append(vava(z[rows, :n], times[rows, :n], mask[rows, :n], **OPTIONS))
    mean = torch.stack(alone).mean()
    assert vava(z, times, mask, **OPTIONS).item() == pytest.approx(mean.item(), rel=1e-12)


def test_the_order_of_pairs_does_not_matter_and_pairs_name_rows():
    z, times, mask = drawn()
    loss = vava(z, times, mask, **OPTIONS).item()
    order = torch.tensor([2, 3, 0, 1])
    assert vava(z[order], times[order], mask[order], **OPTIONS).item() == pytest.approx(loss)
    order = torch.tensor([0, 2, 1, 3])
    pairs = torch.tensor([[0, 2], [1, 3]])
    again = vava(z[order], times[order], mask[order], pairs=pairs, **OPTIONS)
    assert again.item() == pytest.approx(loss)


def test_which_video_comes_first_does_not_matter_once_the_plan_has_converged():
    z, times, mask = drawn()
    options = but(iterations=3000)
    turned = torch.tensor([1, 0, 3, 2])
    assert vava(z[turned], times[turned], mask[turned], **options).item() == pytest.approx(
        vava(z, times, mask, **options).item(), rel=1e-6
    )


def test_neither_a_shift_in_time_nor_the_size_of_embeddings_matters():
    z, times, mask = drawn()
    loss = vava(z, times, mask, **OPTIONS).item()
    assert vava(z, times + 100, mask, **OPTIONS).item() == pytest.approx(loss, rel=1e-12)
    assert vava(3 * z, times, mask, **OPTIONS).item() == pytest.approx(loss, rel=1e-12)


def test_float32_is_close_to_float64_and_autocast_takes_no_digits():
    z, times, mask = drawn()
    exact = vava(z, times, mask, **OPTIONS).item()
    assert vava(z.float(), times.float(), mask, **OPTIONS).item() == pytest.approx(exact, rel=1e-4)
    with torch.autocast("cpu", torch.bfloat16):
        loss = vava(z.float(), times.float(), mask, **OPTIONS)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize("weight", [1e-3, 0.01, 10.0])
def test_no_weight_of_the_prior_makes_nan(weight):
    z, times, mask = drawn()
    z = z.float().requires_grad_()
    loss = vava(z, times.float(), mask, **but(prior_weight=weight))
    loss.backward()
    assert loss.isfinite() and z.grad is not None and z.grad.isfinite().all()


# Errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda z, t, m: (z[0], t, m), "rows, time, dim"),
        (lambda z, t, m: (z, t[:, 1:], m), "must be shaped"),
        (lambda z, t, m: (z[:3], t[:3], m[:3]), "come in twos"),
        (lambda z, t, m: (z, t, torch.zeros_like(m)), "all padding"),
        (lambda z, t, m: (z[:, :1], t[:, :1], m[:, :1]), "at least 2 frames"),
    ],
)
def test_rows_that_cannot_be_compared_are_told(change, message):
    z, times, mask = change(*drawn())
    with pytest.raises(InputError, match=message):
        inspect.unwrap(vava)(z, times, mask)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (dict(prior_weight=0.0), "prior_weight"),
        (dict(iterations=0), "iterations"),
        (dict(variance=-1.0), "variance"),
        (dict(variance=torch.ones(4)), "each of 2 pairs"),
        (dict(flat=-1.0), "flat"),
        (dict(phi=1.5), "phi"),
        (dict(phi=None, step=-1), "step"),
    ],
)
def test_settings_that_cannot_be_used_are_told(changed, message):
    with pytest.raises(InputError, match=message):
        vava(*drawn(), **but(**changed))
