"""Supervised phase classification, against cross-entropy written out in loops."""

import inspect
import math

import pytest
import torch

from inphase.errors import InputError
from inphase.losses.supervised import supervised


def drawn(lengths=(5, 3), classes=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    rows, time = len(lengths), max(lengths)
    z = torch.randn(rows, time, classes, generator=generator, dtype=torch.float64)
    times = torch.arange(time, dtype=torch.float64).expand(rows, time).clone()
    mask = torch.arange(time) < torch.tensor(lengths)[:, None]
    labels = torch.randint(0, classes, (rows, time), generator=generator)
    labels[:, 1:2] = -1
    return z, times, mask, labels


def by_hand(z, mask, labels, smoothing):
    total, count = 0.0, 0
    for row in range(len(z)):
        for i in range(z.shape[1]):
            if not mask[row, i] or labels[row, i] < 0:
                continue
            scores = z[row, i].tolist()
            denominator = sum(math.exp(each) for each in scores)
            for c, score in enumerate(scores):
                target = (1 - smoothing) * (c == int(labels[row, i])) + smoothing / len(scores)
                total -= target * math.log(math.exp(score) / denominator)
            count += 1
    return total / count


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_it_is_cross_entropy_over_labelled_frames(smoothing):
    z, times, mask, labels = drawn()
    loss = supervised(z, times, mask, labels=labels, label_smoothing=smoothing)
    assert loss.item() == pytest.approx(by_hand(z, mask, labels, smoothing), rel=1e-10)


def test_its_gradient_is_that_of_finite_differences():
    z, times, mask, labels = drawn()
    z.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda each: supervised(each, times, mask, labels=labels, label_smoothing=0.1), (z,)
    )


def test_only_labelled_frames_have_a_gradient():
    z, times, mask, labels = drawn()
    z.requires_grad_()
    supervised(z, times, mask, labels=labels).backward()
    assert z.grad is not None
    moved = z.grad.abs().sum(-1) > 0
    assert torch.equal(moved, mask & (labels >= 0))


def test_a_batch_without_any_label_costs_nothing():
    z, times, mask, labels = drawn()
    z.requires_grad_()
    loss = supervised(z, times, mask, labels=torch.full_like(labels, -1))
    loss.backward()
    assert loss.item() == 0
    assert z.grad is not None and (z.grad == 0).all()


def test_padding_has_no_part_in_loss_or_gradient():
    z, times, mask, labels = drawn()
    loss = supervised(z, times, mask, labels=labels).item()
    z[~mask], labels[~mask] = 1e3, 99
    z.requires_grad_()
    spoiled = supervised(z, times, mask, labels=labels)
    spoiled.backward()
    assert spoiled.item() == pytest.approx(loss, rel=1e-12)
    assert z.grad is not None and (z.grad[~mask] == 0).all()


def test_the_order_of_rows_and_the_times_do_not_matter():
    z, times, mask, labels = drawn()
    loss = supervised(z, times, mask, labels=labels).item()
    turned = supervised(z.flip(0), times.flip(0) + 9, mask.flip(0), labels=labels.flip(0))
    assert turned.item() == pytest.approx(loss, rel=1e-12)


def test_one_frame_is_enough():
    z, times, mask, _ = drawn((1,))
    labels = torch.zeros(1, 1, dtype=torch.int64)
    assert supervised(z, times, mask, labels=labels).item() > 0


def test_half_precision_is_computed_in_full():
    z, times, mask, labels = drawn()
    half = z.half()
    loss = supervised(half, times, mask, labels=labels)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(by_hand(half.double(), mask, labels, 0.0), rel=1e-5)


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (lambda z, t, m, y: (z, t[:, 1:], m, y), {}, "must be shaped"),
        (lambda z, t, m, y: (z, t, torch.zeros_like(m), y), {}, "all padding"),
        (lambda z, t, m, y: (z, t, m, y[:, 1:]), {}, "one for each frame"),
        (lambda z, t, m, y: (z, t, m, torch.full_like(y, 4)), {}, "not among the 4 classes"),
        (lambda z, t, m, y: (z, t, m, y), {"label_smoothing": 1.0}, "label_smoothing"),
    ],
)
def test_what_cannot_be_used_is_told(change, settings, message):
    z, times, mask, labels = change(*drawn())
    # Tests check annotations, which would speak first.
    unchecked = inspect.unwrap(supervised)
    with pytest.raises(InputError, match=message):
        unchecked(z, times, mask, labels=labels, **settings)
