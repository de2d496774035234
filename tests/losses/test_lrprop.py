"""LRProp, against its equations written out in loops."""

import inspect
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import pad

from inphase.errors import InputError
from inphase.losses.lrprop import TABLE_5, lrprop
from inphase.losses.scl import scl

VIDEOS = torch.tensor([0, 0, 1, 1])
PAIRS = torch.tensor([[0, 1], [2, 3], [0, 2], [1, 3]])
ACROSS = torch.tensor([[0, 2], [3, 1]])


def drawn(lengths=(6, 4, 5, 7), dim=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (len(lengths), max(lengths))
    z = torch.randn(*shape, dim, generator=generator, dtype=torch.float64)
    times = torch.rand(shape, generator=generator, dtype=torch.float64).cumsum(-1) * 4
    mask = torch.arange(shape[1]) < torch.tensor(lengths)[:, None]
    return z, times, mask


def cost_and_path(distance):
    """Equations 5 and 6: the path from the last cell back, by the smallest sum so far."""
    n, m = distance.shape
    sums = np.full((n + 1, m + 1), math.inf)
    sums[0, 0] = 0
    for i in range(n):
        for j in range(m):
            sums[i + 1, j + 1] = distance[i, j] + min(sums[i, j], sums[i, j + 1], sums[i + 1, j])
    path, (i, j) = [], (n, m)
    while (i, j) != (0, 0):
        path.append((i - 1, j - 1))
        i, j = min(((i - 1, j - 1), (i - 1, j), (i, j - 1)), key=lambda cell: sums[cell])
    return path


def soft(distance, gamma):
    """Equations 10 and 11."""
    n, m = distance.shape
    sums = np.full((n + 1, m + 1), math.inf)
    sums[0, 0] = 0
    for i in range(n):
        for j in range(m):
            before = (sums[i, j], sums[i, j + 1], sums[i + 1, j])
            powers = sum(math.exp(-each / gamma) for each in before)
            sums[i + 1, j + 1] = distance[i, j] - gamma * math.log(powers)
    return sums[n, m]


def divergence(of, to, at, moved, temperature, variance):
    """Equations 3, 4, 8 and 9: mean over frames j of KL(P(.|j), Q(.|j)) over frames i."""
    total = 0.0
    for j in range(len(of)):
        p = np.array([math.exp(-((at[j] - each) ** 2) / (2 * variance)) for each in moved])
        q = np.array([math.exp(of[j] @ to[i] / temperature) for i in range(len(to))])
        p, q = p / p.sum(), q / q.sum()
        total += sum(p[i] * math.log(p[i] / q[i]) for i in range(len(p)) if p[i] > 0)
    return total / len(of)


def by_hand(
    z, times, mask, videos, pairs, lambda_1, lambda_2, temperature=0.1, variance=10.0, gamma=0.1
):
    """Equation 12, over pairs in both orders."""
    total = 0.0
    for a, b in pairs.tolist():
        x, y = (z[row][mask[row]].numpy() for row in (a, b))
        x, y = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (x, y))
        s, t = (times[row][mask[row]].numpy() for row in (a, b))
        same = videos[a] == videos[b]
        distance = np.linalg.norm(x[:, None] - y[None], axis=-1)
        path = cost_and_path(distance)
        x_in_y = [t[min(j for i, j in path if i == frame)] for frame in range(len(x))]
        y_in_x = [s[min(i for i, j in path if j == frame)] for frame in range(len(y))]
        settings = (temperature, variance)
        y_looks = divergence(y, x, t, s if same else x_in_y, *settings)
        x_looks = divergence(x, y, s, t if same else y_in_x, *settings)
        both = (x_looks + y_looks) / 2
        frames = (len(x) + len(y)) / 2
        total += both if same else lambda_1 * both + lambda_2 * soft(distance, gamma) / frames
    return total / len(pairs)


@pytest.mark.parametrize(
    "settings", [{}, {"temperature": 1.0, "variance": 2.0, "gamma": 0.5}, {"variance": 100.0}]
)
@pytest.mark.parametrize("pairs", [PAIRS, ACROSS, PAIRS[:2]])
@pytest.mark.parametrize("seed", [0, 1])
def test_it_is_the_papers_equations(pairs, settings, seed):
    z, times, mask = drawn(seed=seed)
    weights: dict[str, Any] = {"propagation_weight": 0.7, "soft_dtw_weight": 0.3}
    loss = lrprop(z, times, mask, videos=VIDEOS, pairs=pairs, **weights, **settings)
    expected = by_hand(z, times, mask, VIDEOS, pairs, 0.7, 0.3, **settings)
    assert loss.item() == pytest.approx(expected, rel=1e-9)


def test_of_frames_that_match_several_the_first_counts():
    frames = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    z = torch.stack([frames[[0, 1, 1, 1]], frames[[0, 0, 1, 1]]])
    times = torch.tensor([[0.0, 3, 6, 9], [0, 2, 4, 6]], dtype=torch.float64)
    mask = torch.tensor([[True, True, False, False], [True, True, True, True]])
    # Row 1's frames 0 and 1 match row 0's frame 0, and 2 and 3 its frame 1.
    loss = lrprop(
        z, times, mask, videos=VIDEOS[1:3], propagation_weight=1.0, soft_dtw_weight=0.0, variance=2
    )
    unit = [frames.numpy()[[0, 1]], frames.numpy()[[0, 0, 1, 1]]]
    expected = divergence(unit[1], unit[0], [0, 2, 4, 6], [0, 4], 0.1, 2.0)
    expected += divergence(unit[0], unit[1], [0, 3], [0, 0, 3, 3], 0.1, 2.0)
    assert loss.item() == pytest.approx(expected / 2, rel=1e-9)


def test_without_division_soft_dtw_is_a_sum():
    z, times, mask = drawn((5, 5, 5, 5))
    weights: dict[str, Any] = {"propagation_weight": 0.0, "soft_dtw_weight": 1.0}
    one, whole = (
        lrprop(z, times, mask, videos=VIDEOS, pairs=ACROSS, per_frame=each, **weights)
        for each in (True, False)
    )
    assert whole.item() == pytest.approx(5 * one.item(), rel=1e-12)


def test_views_of_one_video_make_it_half_of_scl_less_a_constant():
    z, times, mask = drawn()
    z.requires_grad_()
    (gradient,) = torch.autograd.grad(lrprop(z, times, mask, videos=VIDEOS), z)
    (of_scl,) = torch.autograd.grad(scl(z, times, mask), z)
    assert torch.allclose(gradient, of_scl / 2)


def test_its_gradient_is_that_of_finite_differences_along_a_fixed_path():
    z, times, mask = drawn()
    z.requires_grad_()
    weights: dict[str, Any] = {
        "propagation_weight": 0.5,
        "soft_dtw_weight": 0.5,
        "temperature": 0.5,
    }
    assert torch.autograd.gradcheck(
        lambda each: lrprop(each, times, mask, videos=VIDEOS, pairs=PAIRS, **weights), (z,)
    )


@pytest.mark.parametrize(
    ("pairs", "weights"),
    [
        (PAIRS[:2], (0.0, 0.0)),
        (ACROSS, (1.0, 0.0)),
        (ACROSS, (0.0, 1.0)),
    ],
    ids=["same video", "propagation", "soft-DTW"],
)
def test_every_term_has_a_gradient_at_every_frame_of_both_rows(pairs, weights):
    z, times, mask = drawn()
    z.requires_grad_()
    lrprop(
        z,
        times,
        mask,
        videos=VIDEOS,
        pairs=pairs,
        propagation_weight=weights[0],
        soft_dtw_weight=weights[1],
    ).backward()
    assert z.grad is not None
    assert (z.grad[mask].abs().sum(-1) > 0).all()


def test_weights_of_nothing_leave_nothing_of_two_videos():
    z, times, mask = drawn()
    weights: dict[str, Any] = {"propagation_weight": 0.0, "soft_dtw_weight": 0.0}
    assert lrprop(z, times, mask, videos=VIDEOS, pairs=ACROSS, **weights).item() == 0


def test_equal_frames_have_a_finite_gradient():
    z = torch.ones(2, 5, 3, requires_grad=True)
    times = torch.arange(5.0).expand(2, 5)
    lrprop(z, times, torch.ones(2, 5, dtype=torch.bool), videos=VIDEOS[1:3]).backward()
    assert z.grad is not None and torch.isfinite(z.grad).all()


def test_padding_has_no_part_in_loss_or_gradient():
    z, times, mask = drawn()
    spoiled, late = z.clone(), times.clone()
    spoiled[~mask], late[~mask] = 1e3, 1e3
    spoiled.requires_grad_()
    loss = lrprop(spoiled, late, mask, videos=VIDEOS, pairs=PAIRS)
    loss.backward()
    expected = lrprop(z, times, mask, videos=VIDEOS, pairs=PAIRS).item()
    assert loss.item() == pytest.approx(expected, rel=1e-12)
    assert spoiled.grad is not None and torch.isfinite(spoiled.grad).all()
    assert (spoiled.grad[~mask] == 0).all()
    wider = pad(z, (0, 0, 0, 3)), pad(times, (0, 3)), pad(mask, (0, 3))
    wide = lrprop(*wider, videos=VIDEOS, pairs=PAIRS).item()
    assert wide == pytest.approx(expected, rel=1e-12)


def test_the_order_of_rows_and_pairs_does_not_matter():
    z, times, mask = drawn()
    loss = lrprop(z, times, mask, videos=VIDEOS, pairs=PAIRS).item()
    for pairs in (PAIRS.flip(0), PAIRS.flip(1)):
        assert lrprop(z, times, mask, videos=VIDEOS, pairs=pairs).item() == pytest.approx(loss)
    flipped = lrprop(z.flip(0), times.flip(0), mask.flip(0), videos=VIDEOS.flip(0), pairs=3 - PAIRS)
    assert flipped.item() == pytest.approx(loss)


def test_only_time_differences_within_a_video_count():
    z, times, mask = drawn()
    loss = lrprop(z, times, mask, videos=VIDEOS, pairs=PAIRS).item()
    shifted = times + 100 * (VIDEOS + 1)[:, None]
    assert lrprop(z, shifted, mask, videos=VIDEOS, pairs=PAIRS).item() == pytest.approx(loss)


def test_videos_that_agree_cost_less_than_shuffled_ones():
    angle = torch.linspace(0, 3, 40, dtype=torch.float64)
    z = torch.stack([angle.cos(), angle.sin()], -1).expand(2, 40, 2)
    times = torch.arange(40, dtype=torch.float64).expand(2, 40)
    mask = torch.ones(2, 40, dtype=torch.bool)
    shuffled = z.clone()
    shuffled[1] = z[1, torch.randperm(40, generator=torch.Generator().manual_seed(0))]
    for weights in ((1.0, 0.0), (0.0, 1.0)):
        settings: dict[str, Any] = {"propagation_weight": weights[0], "soft_dtw_weight": weights[1]}
        agree, disagree = (
            lrprop(each, times, mask, videos=VIDEOS[1:3], **settings) for each in (z, shuffled)
        )
        assert agree < disagree


def test_single_precision_and_half_agree_with_double():
    z, times, mask = drawn((30, 20, 25, 40), 16)
    settings: dict[str, Any] = {"videos": VIDEOS, "pairs": PAIRS, "propagation_weight": 1.0}
    expected = lrprop(z, times, mask, **settings)
    single = lrprop(z.float(), times.float(), mask, **settings)
    with torch.autocast("cpu", torch.bfloat16):
        inside = lrprop(z.float(), times.float(), mask, **settings)
    assert expected.dtype == torch.float64 and single.dtype == torch.float32
    assert single.item() == inside.item() == pytest.approx(expected.item(), rel=1e-4)
    assert lrprop(z.bfloat16(), times.float(), mask, **settings).dtype == torch.float32


def test_one_frame_a_row_is_matched_with_the_other():
    z = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])
    mask = torch.ones(2, 1, dtype=torch.bool)
    loss = lrprop(z, torch.zeros(2, 1), mask, videos=VIDEOS[1:3], soft_dtw_weight=1.0)
    assert loss.item() == pytest.approx(math.sqrt(2), rel=1e-6)


def test_table_5_names_settings():
    assert len(TABLE_5) == 14
    z, times, mask = drawn()
    settings: dict[str, Any] = {
        key: value for key, value in TABLE_5["pullup"].items() if key != "frames"
    }
    loss = lrprop(z, times, mask, videos=VIDEOS, pairs=PAIRS, **settings)
    expected = by_hand(z, times, mask, VIDEOS, PAIRS, 0.01, 0.8)
    assert loss.item() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("change", "extras", "message"),
    [
        (lambda z, t, m: (z[0], t, m), {}, "embeddings must be shaped"),
        (lambda z, t, m: (z, t[:, 1:], m), {}, "must be shaped"),
        (lambda z, t, m: (z, t, torch.zeros_like(m)), {}, "all padding"),
        (lambda z, t, m: (z, t, m), {"videos": VIDEOS[:2]}, "each of the 4 rows"),
        (lambda z, t, m: (z, t, m), {"gamma": 0.0}, "gamma must be"),
        (lambda z, t, m: (z[:3], t[:3], m[:3]), {"videos": VIDEOS[:3], "pairs": None}, "in twos"),
    ],
)
def test_what_is_wrong_is_told(change, extras, message):
    arguments: dict[str, Any] = {"videos": VIDEOS, "pairs": PAIRS} | extras
    # Tests check annotations, which would speak first.
    with pytest.raises(InputError, match=message):
        inspect.unwrap(lrprop)(*change(*drawn()), **arguments)
