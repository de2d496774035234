"""GTA, against its tables filled cell by cell and its cycles followed frame by frame."""

import inspect
import math
from typing import Any

import numpy as np
import pytest
import torch

from inphase.errors import InputError
from inphase.losses.gta import gta

PAIRS = [(0, 1), (2, 3)]


def drawn(lengths=(7, 5, 6, 9), dim=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    rows, time = len(lengths), max(lengths)
    z = torch.randn(rows, time, dim, generator=generator, dtype=torch.float64) * 3
    times = torch.rand(rows, time, generator=generator, dtype=torch.float64).cumsum(-1) * 5
    mask = torch.arange(time) < torch.tensor(lengths)[:, None]
    return z, times, mask


def frames(z, mask, row):
    return z[row][mask[row]].numpy()


def softmax(values):
    high = [math.exp(value - max(values)) for value in values]
    return [each / sum(high) for each in high]


def table_by_hand(x, y, temperature, gamma):
    """Contrastive cost of x seen from each frame of y, and its sums by expected ways."""
    cosine = [[float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for b in y] for a in x]
    table = np.full((len(x) + 1, len(y) + 1), np.finfo(np.float32).max, dtype=np.float64)
    table[0, 0] = 0.0
    for i in range(1, len(x) + 1):
        for j in range(1, len(y) + 1):
            shares = softmax([cosine[k][j - 1] / temperature for k in range(len(x))])
            ways = [table[i, j - 1], table[i - 1, j - 1], table[i - 1, j]]
            chances = softmax([-way / gamma for way in ways])
            onward = sum(chance * way for chance, way in zip(chances, ways, strict=True))
            table[i, j] = -math.log(shares[i - 1]) + onward
    return table[1:, 1:]


def cycles_by_hand(there, back):
    """Probability to end in frame i of x (column) after a cycle from frame k of x (row)."""
    n, m = there.shape
    there = np.array([softmax(list(-there[:, j])) for j in range(m)]).T
    back = np.array([softmax(list(-back[:, k])) for k in range(n)]).T
    return [[sum(there[i, j] * back[j, k] for j in range(m)) for i in range(n)] for k in range(n)]


def by_hand(
    z,
    mask,
    pairs=PAIRS,
    gamma=0.1,
    temperature=0.1,
    alignment=0.1,
    consistency=1.0,
    smoothing=0.1,
    variant="paper",
    mean=False,
):
    total = 0.0
    for one, other in pairs:
        x, y = frames(z, mask, one), frames(z, mask, other)
        there = table_by_hand(x, y, temperature, gamma)
        back = table_by_hand(y, x, temperature, gamma)
        cost = there[-1, -1] + back[-1, -1]
        total += alignment * (cost / max(len(x), len(y)) if mean else cost)
        cycles = cycles_by_hand(there, back)
        for k in range(len(x)):
            chances = cycles[k] if variant == "paper" else softmax(cycles[k])
            for i in range(len(x)):
                target = (1 - smoothing) * (i == k) + smoothing / len(x)
                total -= consistency * target * math.log(chances[i]) / len(x)
    return total / len(pairs)


@pytest.mark.parametrize("variant", ["paper", "code"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"smoothing": 0},
        {"gamma": 1.0, "temperature": 0.5},
        {"alignment": 0},
        {"consistency": 0, "alignment": 2},
    ],
)
def test_it_is_what_the_paper_says(settings, variant):
    z, times, mask = drawn()
    value = gta(z, times, mask, variant=variant, **settings)
    assert value.item() == pytest.approx(by_hand(z, mask, variant=variant, **settings), rel=1e-9)


def test_any_pairs_can_be_compared():
    z, times, mask = drawn()
    pairs = [(0, 3), (3, 1), (2, 0)]
    value = gta(z, times, mask, pairs=torch.tensor(pairs))
    assert value.item() == pytest.approx(by_hand(z, mask, pairs), rel=1e-9)


def test_the_mean_is_of_the_alignment_by_the_frames_of_the_longer_video():
    z, times, mask = drawn()
    value = gta(z, times, mask, reduction="mean")
    assert value.item() == pytest.approx(by_hand(z, mask, mean=True), rel=1e-9)


@pytest.mark.parametrize("settings", [{}, {"smoothing": 0}, {"variant": "code"}])
def test_its_gradient_is_that_of_finite_differences(settings):
    z, times, mask = drawn(lengths=(5, 4))
    z.requires_grad_()
    given: dict[str, Any] = {"temperature": 0.5, "gamma": 0.5} | settings
    assert torch.autograd.gradcheck(lambda each: gta(each, times, mask, **given), (z,))


@pytest.mark.parametrize(
    "settings",
    [
        {"consistency": 0},
        {"alignment": 0, "smoothing": 0},
        {"alignment": 0, "smoothing": 0.99},
        {"alignment": 0, "variant": "code"},
    ],
    ids=["alignment", "cycles", "smoothing", "cycles of the code"],
)
def test_each_term_has_a_gradient_on_both_rows(settings):
    z, times, mask = drawn()
    z.requires_grad_()
    gta(z, times, mask, **settings).backward()
    assert z.grad is not None
    assert (z.grad[mask].abs().sum(-1) > 0).all()


@pytest.mark.parametrize("garbage", [1e3, float("nan")])
@pytest.mark.parametrize("variant", ["paper", "code"])
def test_padding_has_no_part_in_loss_or_gradient(variant, garbage):
    z, times, mask = drawn()
    right = []
    for a, b in PAIRS:
        time = int(mask[a : b + 1].sum(-1).max())
        pair = (each[a : b + 1, :time] for each in (z, times, mask))
        right.append(gta(*pair, variant=variant).item())
    spoiled, late = z.clone(), times.clone()
    spoiled[~mask], late[~mask] = garbage, garbage
    spoiled.requires_grad_()
    value = gta(spoiled, late, mask, variant=variant)
    value.backward()
    assert value.item() == pytest.approx(np.mean(right), rel=1e-12)
    assert spoiled.grad is not None
    assert (spoiled.grad[~mask] == 0).all()
    assert torch.isfinite(spoiled.grad).all()


def test_much_padding_does_not_hide_the_likeliest_steps():
    # Sums of padding are 0: as probabilities, they would be far above all that is real.
    z, times, mask = drawn(lengths=(60, 60), dim=16)
    far = torch.nn.functional.pad(z, (0, 0, 0, 60))
    late, more = torch.nn.functional.pad(times, (0, 60)), torch.nn.functional.pad(mask, (0, 60))
    settings: dict[str, Any] = {"temperature": 0.01, "smoothing": 0.5}
    right = gta(z, times, mask, **settings).item()
    assert gta(far, late, more, **settings).item() == pytest.approx(right, rel=1e-12)


def test_only_the_order_of_frames_and_the_direction_of_embeddings_count():
    z, times, mask = drawn()
    value = pytest.approx(gta(z, times, mask).item())
    assert gta(z, times * 3 + 100, mask).item() == value
    assert gta(z * 7, times, mask).item() == value


def test_the_order_of_pairs_does_not_matter_and_both_ways_make_it_symmetric():
    z, times, mask = drawn()
    value = pytest.approx(gta(z, times, mask).item())
    assert gta(z, times, mask, pairs=torch.tensor([[2, 3], [0, 1]])).item() == value
    turned = gta(z, times, mask, pairs=torch.tensor([[1, 0], [3, 2]])).item()
    assert turned != value  # Cycles begin in the first row of a pair.
    both = gta(z, times, mask, pairs=torch.tensor([[0, 1], [1, 0], [2, 3], [3, 2]])).item()
    assert both == pytest.approx((value.expected + turned) / 2)
    aligned = pytest.approx(gta(z, times, mask, consistency=0).item())
    swapped = torch.tensor([[1, 0], [3, 2]])
    assert gta(z, times, mask, consistency=0, pairs=swapped).item() == aligned


def test_perfect_cycles_cost_nothing_but_in_the_codes_variant():
    z = torch.eye(8, dtype=torch.float64).expand(2, 8, 8)
    times, mask = torch.arange(8.0).expand(2, 8), torch.ones(2, 8, dtype=torch.bool)
    settings: dict[str, Any] = {"alignment": 0, "smoothing": 0}
    assert gta(z, times, mask, **settings).item() == pytest.approx(0, abs=1e-3)
    twice = gta(z, times, mask, variant="code", **settings).item()
    assert twice == pytest.approx(math.log(math.e + 7) - 1, abs=1e-3)


def test_probabilities_below_all_floats_are_neither_infinite_nor_without_gradient():
    # One video runs backwards: to come home is likely below e^-700.
    z, times, mask = drawn(lengths=(60, 60), dim=64)
    z[1] = z[0].flip(0)
    z.requires_grad_()
    loss = gta(z, times, mask, temperature=0.002, alignment=0)
    (grad,) = torch.autograd.grad(loss, z)
    assert torch.isfinite(loss) and loss > 700
    assert torch.isfinite(grad).all() and (grad.abs().sum(-1) > 0).all()


def test_half_precision_is_computed_in_full():
    z, times, mask = drawn()
    z, times = z.bfloat16(), times.float()
    full = gta(z.float(), times, mask)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert gta(z, times, mask) == full
        assert gta(z.float(), times, mask) == full


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (lambda z, t, m: (z[:, :1], t[:, :1], m[:, :1]), {}, "GTA needs at least 2 frames"),
        (lambda z, t, m: (z, t[:, 1:], m), {}, "must be shaped"),
        (lambda z, t, m: (z, t, torch.zeros_like(m)), {}, "all padding"),
        (lambda z, t, m: (z[:3], t[:3], m[:3]), {}, "rows come in twos"),
        (lambda z, t, m: (z, t, m), {"gamma": 0}, "gamma"),
        (lambda z, t, m: (z, t, m), {"temperature": -1}, "temperature"),
        (lambda z, t, m: (z, t, m), {"smoothing": 1.0}, "smoothing must be from 0"),
        (lambda z, t, m: (z, t, m), {"variant": "letter"}, "is one of 'paper', 'code'"),
        (lambda z, t, m: (z, t, m), {"reduction": "no"}, "is one of 'sum', 'mean'"),
    ],
)
def test_what_cannot_be_used_is_told(change, settings, message):
    # Tests check annotations, which would speak first.
    with pytest.raises(InputError, match=message):
        inspect.unwrap(gta)(*change(*drawn()), **settings)
