"""Temporal cycle consistency, against its equations written out in loops."""

import inspect
import math

import numpy as np
import pytest
import torch

from inphase.errors import InputError
from inphase.losses.tcc import tcc
from inphase.losses.tcc_chains import every_pair, random_chains

LOSSES = ("regression_mse_var", "regression_mse", "regression_huber", "classification")


def drawn(lengths=(5, 4, 6), dim=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    rows, time = len(lengths), max(lengths)
    z = torch.randn(rows, time, dim, generator=generator, dtype=torch.float64)
    times = torch.rand(rows, time, generator=generator, dtype=torch.float64).cumsum(-1) * 5
    mask = torch.arange(time) < torch.tensor(lengths)[:, None]
    return z, times, mask


def softmax(scores):
    powers = [math.exp(each) for each in scores]
    return [each / sum(powers) for each in powers]


def step(query, frames, similarity, temperature):
    """Chances of the frames of a row to match the query."""
    if similarity == "cosine":
        norms = [np.linalg.norm(query) * np.linalg.norm(frame) for frame in frames]
        return softmax([query @ v / n / temperature for v, n in zip(frames, norms, strict=True)])
    scale = len(query) * temperature
    return softmax([-((query - frame) ** 2).sum() / scale for frame in frames])


def judged(chance, i, position, loss, weight=0.001, delta=0.1, smoothing=0.1):
    """The loss of one cycle that began at frame i and came back with these chances."""
    if loss == "classification":
        target = [(1 - smoothing) * (k == i) + smoothing / len(chance) for k in range(len(chance))]
        return -sum(t * math.log(c) for t, c in zip(target, chance, strict=True))
    mean = sum(c * p for c, p in zip(chance, position, strict=True))
    error = position[i] - mean
    if loss == "regression_mse":
        return error**2
    if loss == "regression_huber":
        small = abs(error) <= delta
        return error**2 / 2 if small else delta * (abs(error) - delta / 2)
    variance = sum(c * (p - mean) ** 2 for c, p in zip(chance, position, strict=True))
    return error**2 / variance + weight * math.log(math.sqrt(variance))


def by_hand(z, times, mask, pairs, loss, similarity="squared_l2", lengths=None, **settings):
    """Section 3 of the paper, frame by frame, over ordered pairs."""
    temperature = settings.pop("temperature", 0.1)
    videos = [each[real].numpy() for each, real in zip(z, mask, strict=True)]
    if similarity == "cosine":
        videos = [video / np.linalg.norm(video, axis=1, keepdims=True) for video in videos]
    totals = []
    for one, other in pairs:
        u, v = videos[one], videos[other]
        s = times[one][mask[one]].numpy()
        position = s / (s[-1] + 1 if lengths is None else float(lengths[one]))
        values = []
        for i in range(len(u)):
            alpha = step(u[i], v, similarity, temperature)
            nearest = sum(a * frame for a, frame in zip(alpha, v, strict=True))
            beta = step(nearest, u, similarity, temperature)
            values.append(judged(beta, i, position, loss, **settings))
        totals.append(np.mean(values))
    return float(np.mean(totals))


def both_ways(pairs):
    return pairs + [(j, i) for i, j in pairs]


ALL = both_ways([(0, 1), (0, 2), (1, 2)])


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("similarity", ["squared_l2", "cosine"])
def test_it_is_the_papers_equations(loss, similarity):
    z, times, mask = drawn()
    value = tcc(z, times, mask, loss=loss, similarity=similarity).item()
    assert value == pytest.approx(by_hand(z, times, mask, ALL, loss, similarity), rel=1e-9)


@pytest.mark.parametrize(
    ("loss", "setting", "by_hands"),
    [
        (
            "regression_mse_var",
            {"variance_weight": 0.5, "temperature": 1.0},
            {"weight": 0.5, "temperature": 1.0},
        ),
        ("regression_huber", {"delta": 0.02}, {"delta": 0.02}),
        ("classification", {"label_smoothing": 0.4}, {"smoothing": 0.4}),
        ("regression_mse", {"temperature": 1.0}, {"temperature": 1.0}),
    ],
)
def test_its_settings_are_those_of_the_equations(loss, setting, by_hands):
    z, times, mask = drawn()
    value = tcc(z, times, mask, loss=loss, **setting).item()
    assert value == pytest.approx(by_hand(z, times, mask, ALL, loss, **by_hands), rel=1e-9)


def test_lengths_are_what_positions_are_shares_of():
    z, times, mask = drawn()
    lengths = torch.tensor([50.0, 30.0, 80.0], dtype=torch.float64)
    value = tcc(z, times, mask, loss="regression_mse", lengths=lengths).item()
    expected = by_hand(z, times, mask, ALL, "regression_mse", lengths=lengths)
    assert value == pytest.approx(expected, rel=1e-9)


def test_pairs_say_which_rows_are_compared():
    z, times, mask = drawn()
    pairs = [(2, 0), (0, 1)]
    value = tcc(z, times, mask, pairs=torch.tensor(pairs)).item()
    expected = by_hand(z, times, mask, both_ways(pairs), "regression_mse_var")
    assert value == pytest.approx(expected, rel=1e-9)
    turned = tcc(z, times, mask, pairs=torch.tensor(pairs).flip(0, 1)).item()
    assert turned == pytest.approx(value, rel=1e-10)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("similarity", ["squared_l2", "cosine"])
def test_its_gradient_is_that_of_finite_differences(loss, similarity):
    z, times, mask = drawn((3, 2, 4))
    z.requires_grad_()
    settings = {"loss": loss, "similarity": similarity, "temperature": 1.0}
    assert torch.autograd.gradcheck(lambda each: tcc(each, times, mask, **settings), (z,))


def test_stochastic_cycles_have_the_gradient_of_finite_differences():
    z, times, mask = drawn((3, 2, 4))
    z.requires_grad_()

    def loss(each):
        generator = torch.Generator().manual_seed(0)
        settings = {"cycles": "stochastic", "cycle_length": 3, "temperature": 1.0}
        return tcc(each, times, mask, generator=generator, **settings)

    assert torch.autograd.gradcheck(loss, (z,))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("cycles", ["deterministic", "stochastic"])
def test_both_rows_have_a_gradient_from_each_loss(loss, cycles):
    z, times, mask = drawn((5, 6))
    z.requires_grad_()
    generator = torch.Generator().manual_seed(0)
    tcc(z, times, mask, loss=loss, cycles=cycles, fraction=5, generator=generator).backward()
    assert z.grad is not None
    assert (z.grad[mask].abs().sum(-1) > 0).all()


def test_the_term_of_the_variance_has_a_gradient_of_its_own():
    z, times, mask = drawn()
    z.requires_grad_()
    (error,) = torch.autograd.grad(tcc(z, times, mask, variance_weight=0.0), z)
    (both,) = torch.autograd.grad(tcc(z, times, mask, variance_weight=1.0), z)
    assert (error[mask].abs().sum(-1) > 0).all()
    assert ((both - error)[mask].abs().sum(-1) > 0).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_padding_has_no_part_in_loss_or_gradient(loss):
    z, times, mask = drawn()
    spoiled, late = z.clone(), times.clone()
    spoiled[~mask], late[~mask] = 1e3, 1e3
    spoiled.requires_grad_()
    value = tcc(spoiled, late, mask, loss=loss)
    value.backward()
    assert value.item() == pytest.approx(tcc(z, times, mask, loss=loss).item(), rel=1e-12)
    assert spoiled.grad is not None and torch.isfinite(spoiled.grad).all()
    assert (spoiled.grad[~mask] == 0).all()


@pytest.mark.parametrize("length", [2, 3])
def test_stochastic_cycles_have_nothing_of_padding(length):
    z, times, mask = drawn()
    wider = [torch.nn.functional.pad(z, (0, 0, 0, 2), value=1e3)]
    wider += [torch.nn.functional.pad(each, (0, 2)) for each in (times, mask)]
    values = [
        tcc(*each, cycles="stochastic", cycle_length=length,
            generator=torch.Generator().manual_seed(3)).item()
        for each in ((z, times, mask), wider)
    ]  # fmt: skip
    assert values[0] == pytest.approx(values[1], rel=1e-12)


def test_only_time_differences_count_where_lengths_are_given():
    z, times, mask = drawn()
    lengths = torch.tensor([50.0, 30.0, 80.0], dtype=torch.float64)
    shifted = tcc(z, times + 7, mask, lengths=lengths).item()
    assert shifted == pytest.approx(tcc(z, times, mask, lengths=lengths).item(), rel=1e-8)


def test_the_order_of_rows_does_not_matter():
    z, times, mask = drawn()
    turned = tcc(z.flip(0), times.flip(0), mask.flip(0)).item()
    assert turned == pytest.approx(tcc(z, times, mask).item(), rel=1e-10)


@pytest.mark.parametrize("loss", LOSSES)
def test_many_stochastic_cycles_of_two_rows_are_the_deterministic_ones(loss):
    z, times, mask = drawn((6, 6))
    generator = torch.Generator().manual_seed(0)
    settings = {"loss": loss, "temperature": 1.0}
    drawn_often = tcc(
        z, times, mask, cycles="stochastic", fraction=3000, generator=generator, **settings
    )
    assert drawn_often.item() == pytest.approx(tcc(z, times, mask, **settings).item(), rel=0.02)


def test_a_long_cycle_goes_by_soft_neighbours_through_each_row():
    z, times, mask = drawn((4, 3, 5))
    settings = {"cycles": "stochastic", "cycle_length": 3, "loss": "classification"}
    value = tcc(
        z, times, mask, temperature=1.0, fraction=3000,
        generator=torch.Generator().manual_seed(0), **settings,
    )  # fmt: skip
    videos = [each[real].numpy() for each, real in zip(z, mask, strict=True)]
    values = []
    for first, *others in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
        cycles = []
        for i, query in enumerate(videos[first]):
            for row in others:
                chance = step(query, videos[row], "squared_l2", 1.0)
                query = sum(c * frame for c, frame in zip(chance, videos[row], strict=True))
            back = step(query, videos[first], "squared_l2", 1.0)
            cycles.append(judged(back, i, None, "classification"))
        values.append(np.mean(cycles))
    assert value.item() == pytest.approx(np.mean(values), rel=0.02)


def test_chains_stay_among_rows_that_pairs_join_and_meet_none_twice():
    mask = torch.ones(7, 20, dtype=torch.bool)
    pairs = torch.tensor([[0, 2], [2, 5], [1, 3], [4, 6]])
    generator = torch.Generator().manual_seed(0)
    chains = random_chains(mask, pairs, 2, 2.0, generator)
    assert chains.shape == (280, 2)
    groups = [{0, 2, 5}, {1, 3}, {4, 6}]
    assert all(any(set(chain) <= group for group in groups) for chain in chains.tolist())
    assert (chains[:, 0] != chains[:, 1]).all()
    assert set(chains.flatten().tolist()) == set(range(7))
    long = random_chains(mask, pairs, 3, 1.0, generator)
    assert {tuple(sorted(chain)) for chain in long.tolist()} == {(0, 2, 5)}


def test_every_two_rows_are_compared_without_pairs():
    mask = torch.ones(4, 2, dtype=torch.bool)
    assert every_pair(mask, None).tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]


def test_alike_videos_cost_less_than_shuffled_ones():
    angle = torch.linspace(0, 3, 40, dtype=torch.float64)
    z = 3 * torch.stack([angle.cos(), angle.sin()], -1).expand(2, 40, 2)
    times = torch.arange(40, dtype=torch.float64).expand(2, 40)
    mask = torch.ones(2, 40, dtype=torch.bool)
    far = torch.stack([z[0], 5 + z[1]])
    assert tcc(z, times, mask) < tcc(far, times, mask)


def test_a_softmax_on_one_frame_has_a_finite_loss_and_gradient():
    z, times, mask = drawn()
    z = (z * 1e4).float().requires_grad_()
    loss = tcc(z, times.float(), mask)
    loss.backward()
    assert torch.isfinite(loss)
    assert z.grad is not None and torch.isfinite(z.grad).all()


def test_half_precision_is_computed_in_full():
    z, times, mask = drawn()
    half = z.bfloat16()
    loss = tcc(half, times.float(), mask)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(tcc(half.double(), times, mask).item(), rel=1e-4)


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (lambda z, t, m: (z, t[:, 1:], m), {}, "must be shaped"),
        (lambda z, t, m: (z, t, torch.zeros_like(m)), {}, "all padding"),
        (lambda z, t, m: (z[:, :1], t[:, :1], m[:, :1]), {}, "at least 2 frames"),
        (lambda z, t, m: (z[:1], t[:1], m[:1]), {}, "needs two rows"),
        (lambda z, t, m: (z, t, m), {"pairs": torch.tensor([[0, 3]])}, "pairs name rows"),
        (lambda z, t, m: (z, t, m), {"lengths": torch.zeros(3)}, "lengths must be 3 numbers"),
        (lambda z, t, m: (z, t, m), {"lengths": torch.ones(2)}, "lengths must be 3 numbers"),
        (lambda z, t, m: (z, t, m), {"loss": "mse"}, "loss is one of"),
        (lambda z, t, m: (z, t, m), {"similarity": "dot"}, "similarity is one of"),
        (lambda z, t, m: (z, t, m), {"cycles": "random"}, "cycles is one of"),
        (lambda z, t, m: (z, t, m), {"temperature": -1}, "temperature"),
        (lambda z, t, m: (z, t, m), {"cycle_length": 3}, "pass 2 rows, not 3"),
        (lambda z, t, m: (z, t, m), {"cycles": "stochastic", "cycle_length": 1}, "2 or more"),
        (lambda z, t, m: (z, t, m), {"cycles": "stochastic", "cycle_length": 4}, "4 rows"),
        (lambda z, t, m: (z, t, m), {"loss": "regression_huber", "delta": 0}, "delta"),
        (lambda z, t, m: (z, t, m), {"loss": "classification", "label_smoothing": 1}, "smooth"),
    ],
)
def test_what_cannot_be_used_is_told(change, settings, message):
    # Tests check annotations, which would speak first.
    unchecked = inspect.unwrap(tcc)
    with pytest.raises(InputError, match=message):
        unchecked(*change(*drawn()), **settings)
