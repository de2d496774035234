"""The regularisers of one video, against LAV's equations written out in loops."""

import inspect

import numpy as np
import pytest
import torch

from inphase.errors import InputError
from inphase.losses.idm import contrastive_idm, idm, slow_feature
from inphase.losses.moments import moments

ALL = [contrastive_idm, idm, slow_feature]


def drawn(lengths=(7, 5, 9), dim=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    rows, time = len(lengths), max(lengths)
    z = torch.randn(rows, time, dim, generator=generator, dtype=torch.float64) * 3
    times = torch.rand(rows, time, generator=generator, dtype=torch.float64).cumsum(-1) * 5
    mask = torch.arange(time) < torch.tensor(lengths)[:, None]
    return z, times, mask


def sums_by_hand(row, times, length, margin, window, variant):
    """Of one row: for far and for near pairs, each moment's sum and the sum of its weights."""
    unit = [each / np.linalg.norm(each) for each in row]
    sums = {name: np.zeros(2) for name in ("cidm far", "cidm near", "idm", "far", "near")}
    for i in range(len(row)):
        for j in range(len(row)):
            distance = float(((unit[i] - unit[j]) ** 2).sum())
            if variant == "paper":
                gap, heavy = abs(i - j), (i - j) ** 2 + 1
                light = 1 / heavy
            else:
                gap = abs(times[i] - times[j])
                heavy, light = ((times[i] - times[j]) / length) ** 2 + 1, 1.0
            hinge = max(0.0, margin - distance)
            sums["idm"] += [heavy * -distance, heavy]
            if gap > window:
                sums["cidm far"] += [heavy * hinge, heavy]
                sums["far"] += [hinge, 1]
            else:
                sums["cidm near"] += [light * distance, light]
                sums["near"] += [distance, 1]
    return sums


def by_hand(loss, z, times, mask, lengths, margin=2.0, window=15.0, variant="paper", mean=False):
    parts = {
        contrastive_idm: ("cidm far", "cidm near"),
        idm: ("idm",),
        slow_feature: ("far", "near"),
    }
    rows = []
    for row in range(len(z)):
        frames, seconds = z[row][mask[row]].numpy(), times[row][mask[row]].numpy()
        length = seconds[-1] + 1 if lengths is None else float(lengths[row])
        sums = sums_by_hand(frames, seconds, length, margin, window, variant)
        found = [sums[part] for part in parts[loss]]
        rows.append(sum(total / (weight or 1) if mean else total for total, weight in found))
    return sum(rows) / len(rows)


@pytest.mark.parametrize("mean", [False, True], ids=["sum", "mean"])
@pytest.mark.parametrize("variant", ["paper", "code"])
@pytest.mark.parametrize("loss", ALL)
def test_it_is_the_papers_equation(loss, variant, mean):
    z, times, mask = drawn()
    settings = {} if loss is idm else {"margin": 1.3, "window": 2.5}
    for lengths in (None, torch.tensor([40.0, 30.0, 50.0])):
        value = loss(
            z,
            times,
            mask,
            lengths=lengths,
            variant=variant,
            reduction="mean" if mean else "sum",
            **settings,
        )
        right = by_hand(loss, z, times, mask, lengths, variant=variant, mean=mean, **settings)
        assert value.item() == pytest.approx(right, rel=1e-10)


def test_the_defaults_are_the_papers():
    z, times, mask = drawn(lengths=(30, 20))
    for loss in ALL:
        right = by_hand(loss, z, times, mask, None, margin=2.0, window=15.0)
        assert loss(z, times, mask).item() == pytest.approx(right, rel=1e-10)


def test_a_gap_of_just_the_window_is_near():
    z = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]])
    times, mask = torch.arange(3.0)[None], torch.ones(1, 3, dtype=torch.bool)
    # Near: 0-1 and 1-2 at distance 2; far: 0-2 at distance 4, past the margin, or 1 below it.
    assert slow_feature(z, times, mask, window=1).item() == pytest.approx(8)
    assert slow_feature(z, times, mask, window=1, margin=5).item() == pytest.approx(10)
    assert slow_feature(z, times, mask, window=2).item() == pytest.approx(16)


@pytest.mark.parametrize("variant", ["paper", "code"])
@pytest.mark.parametrize("loss", ALL)
def test_its_gradient_is_that_of_finite_differences(loss, variant):
    z, times, mask = drawn()
    z.requires_grad_()
    settings = {} if loss is idm else {"window": 2}
    for reduction in ("sum", "mean"):
        chosen = {"variant": variant, "reduction": reduction, **settings}
        assert torch.autograd.gradcheck(lambda each, c=chosen: loss(each, times, mask, **c), (z,))


@pytest.mark.parametrize(("far", "window"), [(True, 0), (False, 20)], ids=["far", "near"])
@pytest.mark.parametrize("loss", [contrastive_idm, slow_feature])
def test_each_term_has_a_gradient_on_every_row(loss, far, window):
    # No pair is near but a frame with itself, or none is far: one term is left.
    z, times, mask = drawn()
    z.requires_grad_()
    loss(z, times, mask, window=window).backward()
    assert z.grad is not None
    assert (z.grad[mask].abs().sum(-1) > 0).all()
    # Down its gradient, far frames part (until the margin), and near ones meet.
    unit, stepped = (torch.nn.functional.normalize(each, dim=-1) for each in (z, z - 1e-4 * z.grad))
    before, after = (torch.cdist(each, each).sum((1, 2)) for each in (unit, stepped))
    assert ((after > before) if far else (after < before)).all()


def test_idm_parts_all_frames():
    z, times, mask = drawn()
    z.requires_grad_()
    idm(z, times, mask).backward()
    assert z.grad is not None
    assert (z.grad[mask].abs().sum(-1) > 0).all()


def test_far_frames_past_the_margin_have_no_gradient():
    z = torch.eye(4, dtype=torch.float64)[None].requires_grad_()
    times, mask = torch.arange(4.0)[None], torch.ones(1, 4, dtype=torch.bool)
    loss = contrastive_idm(z, times.double(), mask, window=0, margin=1.9)
    loss.backward()
    assert loss.item() == 0
    assert (z.grad == 0).all()


@pytest.mark.parametrize("garbage", [1e3, float("nan")])
@pytest.mark.parametrize("variant", ["paper", "code"])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("loss", ALL)
def test_padding_has_no_part_in_loss_or_gradient(loss, variant, reduction, garbage):
    z, times, mask = drawn()
    settings = {"variant": variant, "reduction": reduction}
    right = np.mean(
        [
            loss(z[r : r + 1, :n], times[r : r + 1, :n], mask[r : r + 1, :n], **settings).item()
            for r, n in enumerate(mask.sum(-1).tolist())
        ]
    )
    spoiled, late = z.clone(), times.clone()
    spoiled[~mask], late[~mask] = garbage, garbage
    spoiled.requires_grad_()
    value = loss(spoiled, late, mask, **settings)
    value.backward()
    assert value.item() == pytest.approx(right, rel=1e-12)
    assert spoiled.grad is not None
    assert (spoiled.grad[~mask] == 0).all()
    assert (spoiled.grad[mask] != 0).any(-1).all()


@pytest.mark.parametrize("loss", ALL)
def test_neither_the_order_of_rows_nor_the_size_of_embeddings_nor_the_time_of_day_matters(loss):
    z, times, mask = drawn()
    lengths = torch.full((3,), 60.0, dtype=torch.float64)
    for variant in ("paper", "code"):
        settings = {"lengths": lengths, "variant": variant}
        value = loss(z, times, mask, **settings).item()
        assert loss(z.flip(0), times.flip(0), mask.flip(0), **settings).item() == pytest.approx(
            value
        )
        assert loss(z * 7, times, mask, **settings).item() == pytest.approx(value)
        assert loss(z, times + 100, mask, **settings).item() == pytest.approx(value)


def test_times_take_part_in_the_codes_variant_only():
    z, times, mask = drawn()
    slower = times * 3
    assert contrastive_idm(z, slower, mask) == contrastive_idm(z, times, mask)
    assert contrastive_idm(z, slower, mask, variant="code") != contrastive_idm(
        z, times, mask, variant="code"
    )


def test_the_mean_does_not_grow_with_the_frames():
    generator = torch.Generator().manual_seed(0)
    values = []
    for time in (40, 160):
        z = torch.randn(1, time, 32, generator=generator)
        times, mask = torch.arange(float(time))[None], torch.ones(1, time, dtype=torch.bool)
        values.append(contrastive_idm(z, times, mask, reduction="mean").item())
    assert values[0] == pytest.approx(values[1], rel=0.3)


def test_half_precision_is_computed_in_full():
    z, times, mask = drawn()
    z = z.bfloat16()
    full = contrastive_idm(z.float(), times.float(), mask)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert contrastive_idm(z, times.float(), mask) == full
        assert contrastive_idm(z.float(), times.float(), mask) == full


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (lambda z, t, m: (z[:, :1], t[:, :1], m[:, :1]), {}, "at least 2 frames"),
        (lambda z, t, m: (z, t[:, 1:], m), {}, "must be shaped"),
        (lambda z, t, m: (z, t, torch.zeros_like(m)), {}, "all padding"),
        (lambda z, t, m: (z, t, m), {"lengths": torch.ones(2)}, "lengths must be 3 numbers"),
        (lambda z, t, m: (z, t, m), {"margin": 0}, "margin"),
        (lambda z, t, m: (z, t, m), {"window": -1}, "window"),
        (lambda z, t, m: (z, t, m), {"window": float("nan")}, "window"),
        (lambda z, t, m: (z, t, m), {"variant": "letter"}, "is one of 'paper', 'code'"),
        (lambda z, t, m: (z, t, m), {"reduction": "none"}, "is one of 'sum', 'mean'"),
    ],
)
def test_what_cannot_be_used_is_told(change, settings, message):
    given = {"lengths": None, "margin": 2, "window": 15, "variant": "paper", "reduction": "sum"}
    # Tests check annotations, which would speak first.
    with pytest.raises(InputError, match=message):
        inspect.unwrap(moments)("idm", *change(*drawn()), **(given | settings))


@pytest.mark.parametrize("loss", ALL)
def test_one_frame_is_told_by_each(loss):
    with pytest.raises(InputError, match="at least 2 frames"):
        loss(torch.ones(1, 1, 3), torch.zeros(1, 1), torch.ones(1, 1, dtype=torch.bool))
