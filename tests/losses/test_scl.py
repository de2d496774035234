"""The sequence contrastive loss, against its equations written out in loops."""

import inspect
import math

import numpy as np
import pytest
import torch

from inphase.errors import InputError
from inphase.losses import scl


def drawn(videos=2, lengths=((5, 7), (6, 4)), dim=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    time = max(max(pair) for pair in lengths)
    z = torch.randn(2 * videos, time, dim, generator=generator, dtype=torch.float64)
    times = torch.rand(2 * videos, time, generator=generator, dtype=torch.float64).cumsum(-1) * 5
    mask = torch.zeros(2 * videos, time, dtype=torch.bool)
    for video, pair in enumerate(lengths):
        for view, length in enumerate(pair):
            mask[2 * video + view, :length] = True
    return z, times, mask


def by_hand(z, times, mask, temperature, variance):
    """Equations 1 and 2 of CARL, frame by frame."""
    total = 0.0
    for video in range(0, len(z), 2):
        for one, other in ((video, video + 1), (video + 1, video)):
            a, b = (z[row][mask[row]].numpy() for row in (one, other))
            s, t = (times[row][mask[row]].numpy() for row in (one, other))
            loss = 0.0
            for i in range(len(a)):
                cosine = [
                    float(a[i] @ b[k] / np.linalg.norm(a[i]) / np.linalg.norm(b[k]))
                    for k in range(len(b))
                ]
                gauss = [math.exp(-((s[i] - t[k]) ** 2) / (2 * variance)) for k in range(len(b))]
                denominator = sum(math.exp(each / temperature) for each in cosine)
                loss -= sum(
                    gauss[j]
                    / sum(gauss)
                    * math.log(math.exp(cosine[j] / temperature) / denominator)
                    for j in range(len(b))
                )
            total += loss / len(a)
    return total / (len(z) / 2)


@pytest.mark.parametrize(("temperature", "variance"), [(0.1, 10.0), (1.0, 1.0), (0.3, 100.0)])
def test_it_is_the_papers_equations(temperature, variance):
    z, times, mask = drawn()
    loss = scl(z, times, mask, temperature=temperature, variance=variance)
    assert loss.item() == pytest.approx(by_hand(z, times, mask, temperature, variance), rel=1e-10)


def test_its_gradient_is_that_of_finite_differences():
    z, times, mask = drawn()
    z.requires_grad_()
    assert torch.autograd.gradcheck(lambda each: scl(each, times, mask), (z,))


def test_each_view_has_a_gradient_from_each_direction():
    z, times, mask = drawn()
    z.requires_grad_()
    scl(z, times, mask).backward()
    assert z.grad is not None
    assert (z.grad[mask].abs().sum(-1) > 0).all()


def test_padding_has_no_part_in_loss_or_gradient():
    z, times, mask = drawn()
    spoiled, late = z.clone(), times.clone()
    spoiled[~mask], late[~mask] = 1e3, 1e3
    spoiled.requires_grad_()
    loss = scl(spoiled, late, mask)
    loss.backward()
    assert loss.item() == pytest.approx(scl(z, times, mask).item(), rel=1e-12)
    assert spoiled.grad is not None and torch.isfinite(spoiled.grad).all()
    assert (spoiled.grad[~mask] == 0).all()


def test_only_time_differences_count():
    z, times, mask = drawn()
    assert scl(z, times + 100, mask).item() == pytest.approx(scl(z, times, mask).item(), rel=1e-9)


def test_the_order_of_views_and_of_videos_does_not_matter():
    z, times, mask = drawn()
    loss = scl(z, times, mask).item()
    for order in ([1, 0, 3, 2], [2, 3, 0, 1]):
        assert scl(z[order], times[order], mask[order]).item() == pytest.approx(loss)


def test_pairs_say_which_rows_are_views_of_one_video():
    z, times, mask = drawn()
    apart = [0, 2, 1, 3]
    paired = scl(z[apart], times[apart], mask[apart], pairs=torch.tensor([[0, 2], [1, 3]]))
    assert paired.item() == pytest.approx(scl(z, times, mask).item())


def test_embeddings_that_follow_time_cost_less_than_shuffled_ones():
    angle = torch.linspace(0, 3, 40, dtype=torch.float64)
    z = torch.stack([angle.cos(), angle.sin()], -1).expand(2, 40, 2)
    times = torch.arange(40, dtype=torch.float64).expand(2, 40)
    mask = torch.ones(2, 40, dtype=torch.bool)
    shuffled = z[:, torch.randperm(40, generator=torch.Generator().manual_seed(0))]
    assert scl(z, times, mask) < scl(shuffled, times, mask)


def test_one_frame_a_view_costs_nothing():
    assert scl(torch.ones(2, 1, 3), torch.zeros(2, 1), torch.ones(2, 1).bool()).item() == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda z, t, m: (z[:3], t[:3], m[:3]), "come in twos"),
        (lambda z, t, m: (z, t, torch.zeros_like(m)), "all padding"),
    ],
)
def test_bad_shapes_are_told(change, message):
    with pytest.raises(InputError, match=message):
        scl(*change(*drawn()))


def with_other_activities(z, times, mask, activities, temperature=0.1, variance=10.0):
    """Equation 3 of CARL for both directions: frames of other activities join the denominator."""
    total = 0.0
    rows = [z[row][mask[row]].numpy() for row in range(len(z))]
    rows = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in rows]
    for one in range(len(z)):
        other = one ^ 1
        negatives = [
            frame
            for row in range(len(z))
            if row % 2 == other % 2 and activities[row] != activities[one]
            for frame in rows[row]
        ]
        loss = 0.0
        for i, frame in enumerate(rows[one]):
            denominator = sum(math.exp(frame @ k / temperature) for k in [*rows[other], *negatives])
            gaps = [float(times[one, i] - times[other, k]) for k in range(len(rows[other]))]
            gauss = [math.exp(-(gap**2) / (2 * variance)) for gap in gaps]
            for j, weight in enumerate(gauss):
                shown = math.exp(frame @ rows[other][j] / temperature)
                loss -= weight / sum(gauss) * math.log(shown / denominator)
        total += loss / len(rows[one])
    return total / (len(z) / 2)


@pytest.mark.parametrize("activities", [(0, 0, 1, 1, 0, 0), (3, 3, 1, 1, 2, 2)])
def test_frames_of_other_activities_are_negatives(activities):
    z, times, mask = drawn(3, ((5, 7), (6, 4), (3, 2)))
    loss = scl(z, times, mask, activities=torch.tensor(activities), temperature=0.5)
    expected = with_other_activities(z, times, mask, activities, temperature=0.5)
    assert loss.item() == pytest.approx(expected, rel=1e-10)


def test_videos_of_one_activity_are_no_negatives():
    z, times, mask = drawn()
    loss = scl(z, times, mask, activities=torch.tensor([2, 2, 2, 2]))
    assert loss.item() == pytest.approx(scl(z, times, mask).item(), rel=1e-12)


def test_negatives_have_a_gradient_but_not_their_padding():
    z, times, mask = drawn()
    activities = torch.tensor([0, 0, 1, 1])
    spoiled = z.clone()
    spoiled[~mask] = 1e3
    spoiled.requires_grad_()
    scl(spoiled, times, mask, activities=activities).backward()
    assert spoiled.grad is not None
    assert torch.isfinite(spoiled.grad).all() and (spoiled.grad[~mask] == 0).all()
    z.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: scl(x, times, mask, activities=activities), (z,))


def test_activities_are_one_number_a_row():
    # Tests check annotations, which would speak first.
    with pytest.raises(InputError, match="each of the 4 rows"):
        inspect.unwrap(scl)(*drawn(), activities=torch.tensor([0, 1]))


def test_half_precision_is_computed_in_float32():
    z, times, mask = drawn()
    times = times.float()
    loss = scl(z.half(), times, mask)
    with torch.autocast("cpu", torch.bfloat16):
        inside = scl(z.half(), times, mask)
    assert loss.dtype == inside.dtype == torch.float32
    assert inside.item() == loss.item() == pytest.approx(scl(z, times, mask).item(), rel=1e-2)
