"""Frame-level SimCLR, against its equation written out in loops."""

import inspect
import math

import numpy as np
import pytest
import torch

from inphase.errors import InputError
from inphase.losses.simclr import simclr


def drawn(lengths=(5, 7, 6, 4), dim=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    rows, time = len(lengths), max(lengths)
    z = torch.randn(rows, time, dim, generator=generator, dtype=torch.float64)
    times = torch.rand(rows, time, generator=generator, dtype=torch.float64).cumsum(-1) * 5
    mask = torch.arange(time) < torch.tensor(lengths)[:, None]
    return z, times, mask


def by_hand(z, times, mask, pairs, negatives, window, temperature):
    """The NT-Xent loss, frame by frame."""
    z, times, mask = z.numpy(), times.numpy(), mask.numpy()
    real = [(r, t) for r in range(len(z)) for t in range(z.shape[1]) if mask[r, t]]

    def likeness(first, second):
        a, b = z[first], z[second]
        return math.exp(a @ b / np.linalg.norm(a) / np.linalg.norm(b) / temperature)

    values = []
    for pair in pairs:
        for row, other in (pair, pair[::-1]):
            rows = {"batch": range(len(z)), "video": (row, other), "view": (other,)}[negatives]
            losses = []
            for i in np.flatnonzero(mask[row]):
                far = [abs(times[other, j] - times[row, i]) for j in np.flatnonzero(mask[other])]
                if min(far) > window:
                    continue
                rest = [each for each in real if each[0] in rows and each != (row, i)]
                denominator = sum(likeness((row, i), each) for each in rest)
                positive = likeness((row, i), (other, int(np.argmin(far))))
                losses.append(-math.log(positive / denominator))
            values.append(np.mean(losses) if losses else 0.0)
    return float(np.mean(values))


@pytest.mark.parametrize("negatives", ["batch", "video", "view"])
@pytest.mark.parametrize(("window", "temperature"), [(1.0, 0.1), (5.0, 1.0)])
def test_it_is_the_equation(negatives, window, temperature):
    z, times, mask = drawn()
    settings = {"negatives": negatives, "window": window, "temperature": temperature}
    expected = by_hand(z, times, mask, [(0, 1), (2, 3)], **settings)
    assert simclr(z, times, mask, **settings).item() == pytest.approx(expected, rel=1e-10)


def test_pairs_say_which_rows_are_views_of_one_video():
    z, times, mask = drawn()
    pairs = [(2, 0), (0, 1), (3, 1)]
    loss = simclr(z, times, mask, pairs=torch.tensor(pairs))
    expected = by_hand(z, times, mask, pairs, "batch", 5.0, 0.1)
    assert loss.item() == pytest.approx(expected, rel=1e-10)
    turned = simclr(z, times, mask, pairs=torch.tensor(pairs).flip(0, 1))
    assert turned.item() == pytest.approx(loss.item(), rel=1e-10)


@pytest.mark.parametrize("negatives", ["batch", "video", "view"])
def test_its_gradient_is_that_of_finite_differences(negatives):
    z, times, mask = drawn((3, 4, 2, 3))
    z.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda each: simclr(each, times, mask, negatives=negatives, temperature=0.5), (z,)
    )


@pytest.mark.parametrize(("negatives", "moved"), [("batch", 4), ("video", 2), ("view", 2)])
def test_frames_compared_have_a_gradient(negatives, moved):
    z, times, mask = drawn()
    z.requires_grad_()
    simclr(z, times, mask, pairs=torch.tensor([[0, 1]]), negatives=negatives).backward()
    assert z.grad is not None
    rows = torch.arange(4)[:, None] < moved
    assert torch.equal(z.grad.abs().sum(-1) > 0, mask & rows)


def test_padding_has_no_part_in_loss_or_gradient():
    z, times, mask = drawn()
    spoiled, late = z.clone(), times.clone()
    spoiled[~mask], late[~mask] = 1e3, 0.0
    spoiled.requires_grad_()
    loss = simclr(spoiled, late, mask)
    loss.backward()
    assert loss.item() == pytest.approx(simclr(z, times, mask).item(), rel=1e-12)
    assert spoiled.grad is not None and torch.isfinite(spoiled.grad).all()
    assert (spoiled.grad[~mask] == 0).all()


def test_only_time_differences_count():
    z, times, mask = drawn()
    shifted = simclr(z, times + 100, mask).item()
    assert shifted == pytest.approx(simclr(z, times, mask).item(), rel=1e-9)


def test_the_order_of_rows_does_not_matter():
    z, times, mask = drawn()
    turned = simclr(z.flip(0), times.flip(0), mask.flip(0)).item()
    assert turned == pytest.approx(simclr(z, times, mask).item(), rel=1e-10)


def test_clips_without_a_moment_in_common_count_nothing():
    z, times, mask = drawn()
    times[1] += 1000
    alone = simclr(z, times, mask, pairs=torch.tensor([[0, 1]]))
    assert alone.item() == 0
    both = simclr(z, times, mask)
    other = simclr(z, times, mask, pairs=torch.tensor([[2, 3]]))
    assert both.item() == pytest.approx(other.item() / 2, rel=1e-10)


def test_alike_views_cost_less_than_shuffled_ones():
    angle = torch.linspace(0, 3, 40, dtype=torch.float64)
    z = torch.stack([angle.cos(), angle.sin()], -1).expand(2, 40, 2)
    times = torch.arange(40, dtype=torch.float64).expand(2, 40)
    mask = torch.ones(2, 40, dtype=torch.bool)
    shuffled = torch.stack([z[0], z[1, torch.randperm(40)]])
    assert simclr(z, times, mask) < simclr(shuffled, times, mask)


def test_half_precision_is_computed_in_full():
    z, times, mask = drawn()
    half = z.bfloat16()
    loss = simclr(half, times, mask)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(simclr(half.double(), times, mask).item(), rel=1e-4)


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (lambda z, t, m: (z, t[:, 1:], m), {}, "must be shaped"),
        (lambda z, t, m: (z, t, torch.zeros_like(m)), {}, "all padding"),
        (lambda z, t, m: (z[:3], t[:3], m[:3]), {}, "rows come in twos"),
        (lambda z, t, m: (z, t, m), {"temperature": 0.0}, "temperature"),
        (lambda z, t, m: (z, t, m), {"window": -1}, "window"),
        (lambda z, t, m: (z, t, m), {"negatives": "none"}, "negatives is one of"),
    ],
)
def test_what_cannot_be_used_is_told(change, settings, message):
    # Tests check annotations, which would speak first.
    unchecked = inspect.unwrap(simclr)
    with pytest.raises(InputError, match=message):
        unchecked(*change(*drawn()), **settings)
