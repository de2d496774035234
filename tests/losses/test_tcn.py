"""Time-contrastive networks, against their definitions written out in loops."""

import inspect
import math

import numpy as np
import pytest
import torch
from torch.nn.functional import pad

from inphase.errors import InputError
from inphase.losses.tcn import tcn
from inphase.losses.tcn_moments import in_one_view, in_two_views

FORMS = [
    {"form": form, "views": views, "negatives": negatives}
    for form, negatives in (("n_pairs", "random"), ("triplet", "random"), ("triplet", "semi_hard"))
    for views in ("single", "multi")
]


def drawn(lengths=(8, 6, 7, 8), dim=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    rows, time = len(lengths), max(lengths)
    z = torch.randn(rows, time, dim, generator=generator, dtype=torch.float64)
    times = torch.rand(rows, time, generator=generator, dtype=torch.float64).cumsum(-1) * 8
    mask = torch.arange(time) < torch.tensor(lengths)[:, None]
    return z, times, mask


def seeded(seed=5):
    return torch.Generator().manual_seed(seed)


def loss_of(z, times, mask, **settings):
    return tcn(z, times, mask, generator=seeded(), **settings)


def n_pairs_by_hand(z, times, mask, sides, positive, gap, r):
    """Mean over sides of the mean over anchors; a side is the row of anchors and of the others."""
    z, times, lengths = z.numpy(), times.numpy(), mask.sum(1).tolist()
    totals = []
    for side, (one, other) in enumerate(sides):
        values = []
        for i in range(lengths[one]):
            p = int(positive[side, i])
            far = [
                k for k in range(lengths[other])
                if abs(times[one, i] - times[other, k]) > gap and k != p
            ]  # fmt: skip
            anchor, chosen = z[one, i], z[other, p]
            match = math.exp(anchor @ chosen)
            rest = sum(math.exp(anchor @ z[other, k]) for k in far)
            size = (anchor**2).sum() + (chosen**2).sum()
            values.append(-math.log(match / (match + rest)) + 0.25 * r * size)
        totals.append(np.mean(values))
    return float(np.mean(totals))


SINGLE = [(row, row) for row in range(4)]
MULTI = [(0, 1), (2, 3), (1, 0), (3, 2)]


@pytest.mark.parametrize(("gap", "r"), [(None, 0.002), (9.0, 0.5), (0.0, 0.0)])
def test_n_pairs_of_one_view_are_their_equation(gap, r):
    z, times, mask = drawn()
    beyond = 5.0 if gap is None else gap
    positive = in_one_view(times, mask, 5.0, beyond, seeded()).positive
    expected = n_pairs_by_hand(z, times, mask, SINGLE, positive, beyond, r)
    loss = loss_of(z, times, mask, gap=gap, regulariser=r)
    assert loss.item() == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("gap", "r"), [(None, 0.002), (9.0, 0.5)])
def test_n_pairs_of_two_views_are_their_equation(gap, r):
    z, times, mask = drawn()
    beyond = gap or 0.0
    positive = np.zeros((4, 8), int)
    for side, (one, other) in enumerate(MULTI):
        for i in range(8):
            apart = (times[one, i] - times[other][mask[other]]).abs()
            positive[side, i] = int(apart.argmin())
    expected = n_pairs_by_hand(z, times, mask, MULTI, positive, beyond, r)
    loss = loss_of(z, times, mask, views="multi", gap=gap, regulariser=r)
    assert loss.item() == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("views", ["single", "multi"])
@pytest.mark.parametrize(("window", "gap", "margin"), [(5.0, None, 0.2), (3.0, 4.0, 1.5)])
def test_semi_hard_triplets_are_their_definition(views, window, gap, margin):
    z, times, mask = drawn()
    beyond = 2 * window if gap is None else gap
    sides = SINGLE if views == "single" else MULTI
    if views == "single":
        positive = in_one_view(times, mask, window, beyond, seeded()).positive
    else:
        positive = in_two_views(times, mask, torch.tensor([[0, 1], [2, 3]]), 0, True).positive
    u = (z / z.norm(dim=-1, keepdim=True)).numpy()
    lengths, totals = mask.sum(1).tolist(), []
    for side, (one, other) in enumerate(sides):
        values = []
        for i in range(lengths[one]):
            p = int(positive[side, i])
            near = ((u[one, i] - u[other, p]) ** 2).sum()
            apart = [
                ((u[one, i] - u[one, k]) ** 2).sum() for k in range(lengths[one])
                if abs(times[one, i] - times[one, k]) > beyond and (one, k) != (other, p)
            ]  # fmt: skip
            farther = [each for each in apart if each > near]
            hard = min(farther) if farther else max(apart, default=math.inf)
            values.append(max(0.0, near - hard + margin))
        totals.append(np.mean(values))
    loss = loss_of(
        z, times, mask, form="triplet", views=views, window=window, gap=gap, margin=margin,
        negatives="semi_hard",
    )  # fmt: skip
    assert loss.item() == pytest.approx(float(np.mean(totals)), rel=1e-10)


def test_random_triplets_are_on_average_those_of_all_positives_and_negatives():
    z, times, mask = drawn((8,))
    u = (z / z.norm(dim=-1, keepdim=True))[0].numpy()
    apart = (times[0, :, None] - times[0]).abs().numpy()
    values = []
    for i in range(8):
        near = [k for k in range(8) if k != i and apart[i, k] <= 5]
        near = near or [int(np.argmin(np.where(np.arange(8) == i, np.inf, apart[i])))]
        far = [k for k in range(8) if apart[i, k] > 10]
        hinges = [
            max(0.0, ((u[i] - u[p]) ** 2).sum() - ((u[i] - u[n]) ** 2).sum() + 0.2)
            for p in near for n in far if n != p
        ]  # fmt: skip
        values.append(np.mean(hinges))
    many = [each.expand(4000, *each.shape[1:]) for each in (z, times, mask)]
    loss = loss_of(*many, form="triplet")
    assert loss.item() == pytest.approx(np.mean(values), rel=0.02)


def test_positives_are_frames_of_the_window_all_as_likely():
    times = torch.tensor([[0.0, 4.0, 8.0, 9.0, 60.0, 90.0]]).expand(3000, -1)
    mask = torch.tensor([[True] * 5 + [False]]).expand(3000, -1)
    positive = in_one_view(times, mask, 5.0, 5.0, seeded()).positive[:, :5]
    allowed = [{1}, {0, 2, 3}, {1, 3}, {1, 2}, {3}]
    for i, choices in enumerate(allowed):
        count = torch.bincount(positive[:, i], minlength=6)
        assert set(count.nonzero().flatten().tolist()) == choices
        assert all(count[k] == pytest.approx(3000 / len(choices), rel=0.1) for k in choices)


def test_positives_of_two_views_are_nearest_in_time():
    times = torch.tensor([[0.0, 10.0, 20.0], [4.0, 11.0, 19.0]])
    mask = torch.tensor([[True, True, True], [True, True, False]])
    positive = in_two_views(times, mask, torch.tensor([[0, 1]]), 0.0, False).positive
    assert positive[0].tolist() == [0, 1, 1]
    assert positive[1, :2].tolist() == [0, 1]


def test_frames_within_the_gap_are_no_negatives():
    z, times, mask = drawn((8,))
    times[:] = torch.arange(8)
    one = torch.autograd.functional.jacobian(
        lambda each: loss_of(each, times, mask, window=1.0, gap=3.0, regulariser=0.0), z
    )
    moments = in_one_view(times, mask, 1.0, 3.0, seeded())
    apart = (times[0, :, None] - times[0]).abs()
    assert torch.equal(moments.negatives[0], apart > 3)
    assert (one.abs().sum(-1) > 0).all()


@pytest.mark.parametrize("settings", FORMS)
def test_a_frame_without_a_negative_counts_nothing(settings):
    z, _, mask = drawn((3, 3))
    times = torch.tensor([0.0, 20.0, 40.0]).expand(2, 3)
    loss = loss_of(z, times, mask, gap=30.0, margin=9.0, regulariser=0.0, **settings)
    triplet, multi = settings["form"] == "triplet", settings["views"] == "multi"
    u = z / z.norm(dim=-1, keepdim=True) if triplet else z
    total = 0.0
    # The frame in the middle is 20 from either end: no negative, and the nearest to both.
    for row, i in ((0, 0), (0, 2), (1, 0), (1, 2)):
        positive = u[1 - row, i] if multi else u[row, 1]
        negative = u[1 - row if multi and not triplet else row, 2 - i]
        if triplet:
            apart = [(u[row, i] - each).square().sum() for each in (positive, negative)]
            total += max(0.0, float(apart[0] - apart[1]) + 9.0)
        else:
            total += math.log1p(math.exp(u[row, i] @ (negative - positive)))
    assert loss.item() == pytest.approx(total / 6, rel=1e-10)


@pytest.mark.parametrize("settings", FORMS)
def test_its_gradient_is_that_of_finite_differences(settings):
    z, times, mask = drawn((5, 4, 5, 5))
    times = times * 3
    z.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda each: loss_of(each, times, mask, margin=5.0, **settings), (z,)
    )


@pytest.mark.parametrize("settings", FORMS)
def test_every_frame_has_a_gradient(settings):
    z, times, mask = drawn()
    z.requires_grad_()
    loss_of(z, times * 5, mask, margin=5.0, regulariser=0.0, **settings).backward()
    assert z.grad is not None
    assert torch.equal(z.grad.abs().sum(-1) > 0, mask)


@pytest.mark.parametrize("views", ["single", "multi"])
def test_the_regulariser_has_a_gradient_of_its_own(views):
    z, times, mask = drawn()
    z.requires_grad_()
    (without,) = torch.autograd.grad(loss_of(z, times, mask, views=views, regulariser=0), z)
    (both,) = torch.autograd.grad(loss_of(z, times, mask, views=views, regulariser=2), z)
    own = both - without
    # It shrinks each frame, as anchor and as often as it is a positive.
    shrink = (own * z).sum(-1) / z.square().sum(-1)
    assert torch.allclose(own, shrink[..., None] * z)
    assert (shrink[mask] > 0).all()


@pytest.mark.parametrize("settings", FORMS)
def test_padding_has_no_part_in_loss_or_gradient(settings):
    z, times, mask = drawn()
    loss = loss_of(z, times, mask, **settings).item()
    z, times, mask = pad(z, (0, 0, 0, 3)), pad(times, (0, 3)), pad(mask, (0, 3))
    z[~mask], times[~mask] = 1e3, 7.0
    z.requires_grad_()
    spoiled = loss_of(z, times, mask, **settings)
    spoiled.backward()
    assert spoiled.item() == pytest.approx(loss, rel=1e-12)
    assert z.grad is not None and torch.isfinite(z.grad).all()
    assert (z.grad[~mask] == 0).all()


@pytest.mark.parametrize("settings", FORMS)
def test_only_time_differences_count(settings):
    z, times, mask = drawn()
    shifted = loss_of(z, times + 100, mask, **settings).item()
    assert shifted == pytest.approx(loss_of(z, times, mask, **settings).item(), rel=1e-9)


@pytest.mark.parametrize(("form", "views"), [("n_pairs", "multi"), ("triplet", "multi")])
def test_the_order_of_rows_does_not_matter(form, views):
    z, times, mask = drawn()
    settings = {"form": form, "views": views, "negatives": "semi_hard"}
    loss = loss_of(z, times, mask, **settings).item()
    turned = loss_of(z.flip(0), times.flip(0), mask.flip(0), **settings).item()
    assert turned == pytest.approx(loss, rel=1e-10)
    pairs = torch.tensor([[3, 2], [1, 0]])
    assert loss_of(z, times, mask, pairs=pairs, **settings).item() == pytest.approx(loss)


def test_rows_of_one_view_are_averaged():
    z, times, mask = drawn()
    window = 1e-9  # The positive is the nearest frame: nothing is drawn.
    each = [
        loss_of(z[r : r + 1], times[r : r + 1], mask[r : r + 1], window=window).item()
        for r in range(4)
    ]
    assert loss_of(z, times, mask, window=window).item() == pytest.approx(np.mean(each))


@pytest.mark.parametrize("settings", FORMS)
def test_embeddings_that_follow_time_cost_less_than_shuffled_ones(settings):
    angle = torch.linspace(0, 3, 40, dtype=torch.float64)
    z = 3 * torch.stack([angle.cos(), angle.sin()], -1).expand(2, 40, 2)
    times = torch.arange(40, dtype=torch.float64).expand(2, 40)
    mask = torch.ones(2, 40, dtype=torch.bool)
    shuffled = torch.stack(
        [each[torch.randperm(40, generator=seeded(r))] for r, each in enumerate(z)]
    )
    assert loss_of(z, times, mask, **settings) < loss_of(shuffled, times, mask, **settings)


def test_half_precision_is_computed_in_full():
    z, times, mask = drawn()
    half = z.bfloat16()
    loss = loss_of(half, times, mask)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(loss_of(half.double(), times, mask).item(), rel=1e-4)


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (lambda z, t, m: (z, t[:, 1:], m), {}, "must be shaped"),
        (lambda z, t, m: (z, t, torch.zeros_like(m)), {}, "all padding"),
        (lambda z, t, m: (z[:, :1], t[:, :1], m[:, :1]), {}, "at least 2 frames"),
        (lambda z, t, m: (z[:3], t[:3], m[:3]), {"views": "multi"}, "rows come in twos"),
        (lambda z, t, m: (z, t, m), {"gap": 100}, "far enough from another"),
        (lambda z, t, m: (z, t, m), {"gap": 100, "form": "triplet"}, "far enough from another"),
        (lambda z, t, m: (z, t, m), {"window": -1}, "window must be"),
        (lambda z, t, m: (z, t, m), {"margin": -1}, "margin must be"),
        (lambda z, t, m: (z, t, m), {"form": "pairs"}, "form is one of"),
        (lambda z, t, m: (z, t, m), {"views": "two"}, "views is one of"),
        (lambda z, t, m: (z, t, m), {"negatives": "hard"}, "negatives is one of"),
    ],
)
def test_what_cannot_be_used_is_told(change, settings, message):
    # Tests check annotations, which would speak first.
    unchecked = inspect.unwrap(tcn)
    with pytest.raises(InputError, match=message):
        unchecked(*change(*drawn()), **settings)
