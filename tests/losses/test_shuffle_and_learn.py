"""Shuffle and Learn, against its definition written out in loops."""

import inspect
import math
from collections import Counter

import pytest
import torch
from torch import nn

from inphase.errors import InputError
from inphase.losses.shuffle_and_learn import _triplets, shuffle_and_learn


def drawn(lengths=(9, 5, 7), dim=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    rows, time = len(lengths), max(lengths)
    z = torch.randn(rows, time, dim, generator=generator, dtype=torch.float64)
    times = torch.arange(time, dtype=torch.float64).expand(rows, time).clone()
    mask = torch.arange(time) < torch.tensor(lengths)[:, None]
    return z, times, mask


def network(dim=3, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3 * dim, 8), nn.Tanh(), nn.Linear(8, 2)).double()


def seeded():
    return torch.Generator().manual_seed(5)


def test_it_is_the_cross_entropy_of_the_triplets_it_draws():
    z, times, mask = drawn()
    head = network()
    places, out_of_order = _triplets(mask, 8, 0.75, seeded())
    losses = []
    for row in range(3):
        for triplet in range(8):
            a, b, c = (z[row, place] for place in places[row, triplet].tolist())
            scores = head(torch.cat([a, b, c])).tolist()
            chosen = scores[int(out_of_order[row, triplet])]
            losses.append(-math.log(math.exp(chosen) / sum(math.exp(s) for s in scores)))
    loss = shuffle_and_learn(z, times, mask, head=head, generator=seeded())
    assert loss.item() == pytest.approx(sum(losses) / 24, rel=1e-10)


def test_order_is_told_by_the_middle_frame():
    _, _, mask = drawn((9, 5, 7))
    places, out_of_order = _triplets(mask, 400, 0.75, seeded())
    one, two, three = places.unbind(-1)
    between = (one < two) == (two < three)
    assert torch.equal(between, out_of_order == 0)
    assert (places < torch.tensor([9, 5, 7])[:, None, None]).all()
    assert ((one != two) & (two != three) & (one != three)).all()


def test_its_triplets_are_those_of_the_papers_and_all_as_likely():
    mask = torch.ones(1, 5, dtype=torch.bool)
    places, out_of_order = _triplets(mask, 8000, 0.5, seeded())
    count = Counter(zip(map(tuple, places[0].tolist()), out_of_order[0].tolist(), strict=True))
    ordered = {((1, 2, 3), 0), ((3, 2, 1), 0)}
    shuffled = {((1, 0, 3), 1), ((3, 0, 1), 1), ((1, 4, 3), 1), ((3, 4, 1), 1)}
    assert set(count) == ordered | shuffled
    assert all(count[each] == pytest.approx(2000, rel=0.1) for each in ordered)
    assert all(count[each] == pytest.approx(1000, rel=0.1) for each in shuffled)


def test_every_frame_is_drawn():
    mask = torch.ones(1, 9, dtype=torch.bool)
    places, _ = _triplets(mask, 400, 0.75, seeded())
    assert set(places.flatten().tolist()) == set(range(9))


@pytest.mark.parametrize(("share", "expected"), [(0.75, 6), (0.0, 0), (1.0, 8), (0.5, 4)])
def test_each_row_has_its_exact_share_out_of_order(share, expected):
    _, _, mask = drawn()
    _, out_of_order = _triplets(mask, 8, share, None)
    assert out_of_order.sum(1).tolist() == [expected] * 3


def test_its_gradient_is_that_of_finite_differences():
    z, times, mask = drawn()
    z.requires_grad_()
    head = network()
    assert torch.autograd.gradcheck(
        lambda each: shuffle_and_learn(each, times, mask, head=head, generator=seeded()), (z,)
    )


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_either_kind_of_triplet_moves_all_rows_and_the_head(share):
    z, times, mask = drawn()
    z.requires_grad_()
    head = network()
    shuffle_and_learn(z, times, mask, head=head, shuffled=share).backward()
    assert z.grad is not None
    assert (z.grad.abs().sum((1, 2)) > 0).all()
    assert all(p.grad is not None and (p.grad != 0).any() for p in head.parameters())


def test_padding_has_no_part_in_loss_or_gradient():
    z, times, mask = drawn()
    head = network()
    loss = shuffle_and_learn(z, times, mask, head=head, generator=seeded()).item()
    pad = nn.functional.pad
    z, times, mask = pad(z, (0, 0, 0, 3)), pad(times, (0, 3)), pad(mask, (0, 3))
    z[~mask] = 1e3
    z.requires_grad_()
    spoiled = shuffle_and_learn(z, times, mask, head=head, generator=seeded())
    spoiled.backward()
    assert spoiled.item() == pytest.approx(loss, rel=1e-12)
    assert z.grad is not None and (z.grad[~mask] == 0).all()


def test_times_do_not_count():
    z, times, mask = drawn()
    head = network()
    loss = shuffle_and_learn(z, times, mask, head=head, generator=seeded()).item()
    shifted = shuffle_and_learn(z, times * 3 + 7, mask, head=head, generator=seeded()).item()
    assert shifted == loss


def test_the_order_of_rows_does_not_matter():
    z, times, mask = drawn((9, 9, 9))
    head = network()
    loss = shuffle_and_learn(z, times, mask, head=head, triplets=4000, generator=seeded())
    turned = shuffle_and_learn(z.flip(0), times, mask, head=head, triplets=4000, generator=seeded())
    assert turned.item() == pytest.approx(loss.item(), rel=0.02)


def test_a_head_learns_order_from_embeddings_that_follow_time():
    time = torch.linspace(-1, 1, 30)
    z = torch.stack([time, time], 0)[..., None]
    mask = torch.ones(2, 30, dtype=torch.bool)
    torch.manual_seed(0)
    head = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 2))
    optimiser = torch.optim.Adam(head.parameters(), 0.02)
    for _ in range(200):
        optimiser.zero_grad()
        loss = shuffle_and_learn(z, time.expand(2, -1), mask, head=head, triplets=32)
        loss.backward()
        optimiser.step()
    # Always saying "out of order" costs the entropy of 0.75.
    assert loss.item() < 0.3


def test_half_precision_is_computed_in_full():
    z, times, mask = drawn()
    head = network().float()
    half = z.bfloat16()
    loss = shuffle_and_learn(half, times, mask, head=head, generator=seeded())
    full = shuffle_and_learn(half.float(), times, mask, head=head, generator=seeded())
    assert loss.dtype == torch.float32
    assert loss.item() == full.item()


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (lambda z, t, m: (z, t[:, 1:], m), {}, "must be shaped"),
        (lambda z, t, m: (z, t, torch.zeros_like(m)), {}, "all padding"),
        (lambda z, t, m: (z[:, :1], t[:, :1], m[:, :1]), {}, "at least 5 frames"),
        (lambda z, t, m: (z[:, :4], t[:, :4], m[:, :4]), {}, "at least 5 frames"),
        (lambda z, t, m: (z, t, m), {"triplets": 0}, "1 triplet or more"),
        (lambda z, t, m: (z, t, m), {"shuffled": 1.5}, "from 0 to 1"),
        (lambda z, t, m: (z, t, m), {"head": lambda frames: frames}, "two scores for each of 24"),
    ],
)
def test_what_cannot_be_used_is_told(change, settings, message):
    # Tests check annotations, which would speak first.
    unchecked = inspect.unwrap(shuffle_and_learn)
    with pytest.raises(InputError, match=message):
        unchecked(*change(*drawn()), **({"head": network()} | settings))
