"""LAV, against soft-DTW as a table filled cell by cell, and equation 8."""

import inspect
import math
from typing import Any

import numpy as np
import pytest
import torch

from inphase.errors import InputError
from inphase.losses.idm import contrastive_idm, idm, slow_feature
from inphase.losses.lav import lav

REGULARISERS = {"contrastive_idm": contrastive_idm, "idm": idm, "slow_feature": slow_feature}
PAIRS = [(0, 1), (2, 3)]


def drawn(lengths=(7, 5, 6, 9), dim=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    rows, time = len(lengths), max(lengths)
    z = torch.randn(rows, time, dim, generator=generator, dtype=torch.float64) * 3
    times = torch.rand(rows, time, generator=generator, dtype=torch.float64).cumsum(-1) * 5
    mask = torch.arange(time) < torch.tensor(lengths)[:, None]
    return z, times, mask


def units(z, mask, row):
    frames = z[row][mask[row]].numpy()
    return [each / np.linalg.norm(each) for each in frames]


def soft_dtw_by_hand(x, y, gamma):
    """Equations 2 and 3, cell by cell."""
    table = np.full((len(x) + 1, len(y) + 1), math.inf)
    table[0, 0] = 0.0
    for i in range(1, len(x) + 1):
        for j in range(1, len(y) + 1):
            ways = [table[i - 1, j], table[i, j - 1], table[i - 1, j - 1]]
            least = min(ways)
            soft = least - gamma * math.log(sum(math.exp(-(w - least) / gamma) for w in ways))
            table[i, j] = ((x[i - 1] - y[j - 1]) ** 2).sum() + soft
    return table[-1, -1]


def contrastive_idm_by_hand(x, margin, window):
    """Equation 7."""
    total = 0.0
    for i in range(len(x)):
        for j in range(len(x)):
            distance, weight = ((x[i] - x[j]) ** 2).sum(), (i - j) ** 2 + 1
            if abs(i - j) > window:
                total += weight * max(0.0, margin - distance)
            else:
                total += distance / weight
    return total


def by_hand(z, mask, pairs=PAIRS, gamma=0.1, alpha=1.0, margin=2.0, window=15.0):
    """Equation 8, averaged over pairs."""
    total = 0.0
    for one, other in pairs:
        x, y = units(z, mask, one), units(z, mask, other)
        total += soft_dtw_by_hand(x, y, gamma)
        for each in (x, y):
            total += alpha * contrastive_idm_by_hand(each, margin, window)
    return total / len(pairs)


@pytest.mark.parametrize(
    "settings",
    [{}, {"gamma": 1.0}, {"alpha": 0.5, "window": 2}, {"gamma": 0.01, "margin": 1.2, "window": 3}],
)
def test_it_is_the_papers_equation(settings):
    z, times, mask = drawn()
    value = lav(z, times, mask, **settings)
    assert value.item() == pytest.approx(by_hand(z, mask, **settings), rel=1e-10)


def test_any_pairs_can_be_compared():
    z, times, mask = drawn()
    pairs = [(0, 3), (3, 1), (2, 0)]
    value = lav(z, times, mask, pairs=torch.tensor(pairs), window=2)
    assert value.item() == pytest.approx(by_hand(z, mask, pairs, window=2), rel=1e-10)


@pytest.mark.parametrize("variant", ["paper", "code"])
@pytest.mark.parametrize("name", REGULARISERS)
def test_table_1_is_one_loop(name, variant):
    z, times, mask = drawn()
    chosen = {"variant": variant, "reduction": "mean"}
    aligned = lav(z, times, mask, regulariser="none", **chosen)
    apart = lav(z, times, mask, alignment=0, regulariser=name, **chosen)
    both = lav(z, times, mask, alignment=0.5, alpha=0.25, regulariser=name, **chosen)
    assert lav(z, times, mask, alpha=0, **chosen) == aligned
    assert both.item() == pytest.approx((aligned / 2 + apart / 4).item())
    # All rows are in one pair each, so that the pairs' mean is twice the rows'.
    assert apart.item() == pytest.approx(2 * REGULARISERS[name](z, times, mask, **chosen).item())


def test_the_codes_variant_is_divided_by_the_frames_of_the_longer_video():
    z, times, mask = drawn(lengths=(7, 5))
    dtw = soft_dtw_by_hand(units(z, mask, 0), units(z, mask, 1), 0.1)
    settings = {"variant": "code", "window": 6}
    apart = 2 * contrastive_idm(z, times, mask, **settings).item()
    value = lav(z, times, mask, alpha=0.5, **settings).item()
    assert value == pytest.approx((dtw + 0.5 * apart) / 7, rel=1e-10)


def test_the_mean_is_of_the_frames_of_the_longer_video():
    z, times, mask = drawn()
    lengths = mask.sum(-1).tolist()
    right = [
        soft_dtw_by_hand(units(z, mask, a), units(z, mask, b), 0.1) / max(lengths[a], lengths[b])
        for a, b in PAIRS
    ]
    value = lav(z, times, mask, regulariser="none", reduction="mean")
    assert value.item() == pytest.approx(np.mean(right), rel=1e-10)


@pytest.mark.parametrize("variant", ["paper", "code"])
@pytest.mark.parametrize("regulariser", [*REGULARISERS, "none"])
def test_its_gradient_is_that_of_finite_differences(regulariser, variant):
    z, times, mask = drawn(lengths=(5, 4))
    z.requires_grad_()
    settings = {"regulariser": regulariser, "variant": variant, "window": 2}
    assert torch.autograd.gradcheck(lambda each: lav(each, times, mask, **settings), (z,))


@pytest.mark.parametrize(
    "settings",
    [{"regulariser": "none"}, *({"alignment": 0, "regulariser": name} for name in REGULARISERS)],
)
def test_each_term_has_a_gradient_on_both_rows(settings):
    z, times, mask = drawn()
    z.requires_grad_()
    lav(z, times, mask, **settings).backward()
    assert z.grad is not None
    assert (z.grad[mask].abs().sum(-1) > 0).all()


def test_soft_dtw_alone_prefers_frames_that_are_all_the_same_and_the_regulariser_does_not():
    z, times, mask = drawn(lengths=(20, 20), dim=8)
    aligned, same = z.clone(), torch.ones_like(z)
    aligned[1] = aligned[0]
    alone: dict[str, Any] = {"regulariser": "none"}
    assert lav(same, times, mask, **alone) < lav(aligned, times, mask, **alone)
    assert lav(same, times, mask, window=7) > lav(aligned, times, mask, window=7)


@pytest.mark.parametrize("garbage", [1e3, float("nan")])
@pytest.mark.parametrize("variant", ["paper", "code"])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_padding_has_no_part_in_loss_or_gradient(variant, reduction, garbage):
    z, times, mask = drawn()
    settings = {"variant": variant, "reduction": reduction, "window": 2}
    right = []
    for a, b in PAIRS:
        time = int(mask[a : b + 1].sum(-1).max())
        pair = (each[a : b + 1, :time] for each in (z, times, mask))
        right.append(lav(*pair, **settings).item())
    spoiled, late = z.clone(), times.clone()
    spoiled[~mask], late[~mask] = garbage, garbage
    spoiled.requires_grad_()
    value = lav(spoiled, late, mask, **settings)
    value.backward()
    assert value.item() == pytest.approx(np.mean(right), rel=1e-12)
    assert spoiled.grad is not None
    assert (spoiled.grad[~mask] == 0).all()
    assert torch.isfinite(spoiled.grad).all()


@pytest.mark.parametrize("variant", ["paper", "code"])
def test_order_of_rows_and_pairs_size_of_embeddings_and_time_of_day_do_not_matter(variant):
    z, times, mask = drawn()
    lengths = torch.full((4,), 60.0, dtype=torch.float64)
    settings = {"lengths": lengths, "variant": variant, "window": 2}
    value = pytest.approx(lav(z, times, mask, **settings).item())
    assert lav(z.flip(0), times.flip(0), mask.flip(0), **settings).item() == value
    assert lav(z * 7, times, mask, **settings).item() == value
    assert lav(z, times + 100, mask, **settings).item() == value
    for pairs in ([[2, 3], [0, 1]], [[1, 0], [3, 2]]):
        assert lav(z, times, mask, pairs=torch.tensor(pairs), **settings).item() == value


def test_half_precision_is_computed_in_full():
    z, times, mask = drawn()
    z, times = z.bfloat16(), times.float()
    full = lav(z.float(), times, mask)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert lav(z, times, mask) == full
        assert lav(z.float(), times, mask) == full


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (lambda z, t, m: (z[:, :1], t[:, :1], m[:, :1]), {}, "LAV needs at least 2 frames"),
        (lambda z, t, m: (z, t[:, 1:], m), {}, "must be shaped"),
        (lambda z, t, m: (z, t, torch.zeros_like(m)), {}, "all padding"),
        (lambda z, t, m: (z[:3], t[:3], m[:3]), {}, "rows come in twos"),
        (lambda z, t, m: (z, t, m), {"pairs": torch.tensor([[0, 4]])}, "pairs name rows"),
        (lambda z, t, m: (z, t, m), {"gamma": 0}, "gamma"),
        (lambda z, t, m: (z, t, m), {"margin": -1}, "margin"),
        (lambda z, t, m: (z, t, m), {"regulariser": "sfa"}, "is one of 'contrastive_idm', 'idm'"),
        (lambda z, t, m: (z, t, m), {"variant": "letter"}, "is one of 'paper', 'code'"),
        (lambda z, t, m: (z, t, m), {"reduction": "no"}, "is one of 'sum', 'mean'"),
    ],
)
def test_what_cannot_be_used_is_told(change, settings, message):
    # Tests check annotations, which would speak first.
    with pytest.raises(InputError, match=message):
        inspect.unwrap(lav)(*change(*drawn()), **settings)
