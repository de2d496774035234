"""The paired contrastive loss, against CARL's equations written out in loops."""

import inspect
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from inphase.errors import InputError
from inphase.losses import correspondence
from inphase.losses.paired_contrast import paired_contrast
from inphase.losses.pcl import pcl, video_cross_entropy
from inphase.losses.scl import scl

LENGTHS = torch.tensor([14.0, 14.0, 11.0, 11.0], dtype=torch.float64)
# Shares that give a good part of so few cells to each kind.
SHARES: dict[str, Any] = {"positive": 0.6, "protected": 0.4}


def drawn(frames=(6, 4, 5, 7), lengths=LENGTHS, dim=3, seed=0):
    """Views of frames drawn from videos; frame numbers are whole."""
    generator = np.random.default_rng(seed)
    shape = (len(frames), max(frames))
    z = torch.from_numpy(generator.standard_normal((*shape, dim)))
    times, mask = torch.zeros(shape, dtype=torch.float64), torch.zeros(shape, dtype=torch.bool)
    for row, count in enumerate(frames):
        chosen = np.sort(generator.permutation(int(lengths[row]))[:count])
        times[row, :count] = torch.from_numpy(chosen).double()
        mask[row, :count] = True
    return z, times, mask


def path_of(cost):
    """Equation 5, and the walk back that the text below it tells."""
    n, m = cost.shape
    sums = np.full((n + 1, m + 1), math.inf)
    sums[0, 0] = 0
    for i in range(n):
        for j in range(m):
            sums[i + 1, j + 1] = cost[i, j] + min(sums[i, j + 1], sums[i + 1, j], sums[i, j])
    path, (i, j) = set(), (n, m)
    while (i, j) != (0, 0):
        path.add((i - 1, j - 1))
        i, j = min(((i - 1, j - 1), (i - 1, j), (i, j - 1)), key=lambda cell: sums[cell])
    return path


def at_full_length(cost, rows, columns, s, t):
    """2-D linear interpolation of the costs of views to those of videos."""
    tall = np.array([np.interp(np.arange(rows), s, column) for column in cost.T]).T
    return np.array([np.interp(np.arange(columns), t, row) for row in tall])


def contrast_by_hand(z, times, mask, videos, lengths, temperature, positive, protected):
    """Equations 4 and 5: `videos` are lists of videos of one activity, each a list of views."""
    frames = [z[row][mask[row]].numpy() for row in range(len(z))]
    frames = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in frames]
    shown = [times[row][mask[row]].numpy() for row in range(len(z))]
    total, count = 0.0, 0
    for kind in videos:
        for a in kind:
            count += 1
            for b in kind:
                if a == b:
                    continue
                sizes = int(lengths[a[0]]), int(lengths[b[0]])
                costs = [
                    at_full_length(1 - frames[v] @ frames[w].T, *sizes, shown[v], shown[w])
                    for v in a
                    for w in b
                ]
                cost = np.mean(costs, axis=0)
                path = path_of(cost)
                ordered = np.sort(cost.ravel())
                least = ordered[: round(positive * len(ordered))].mean()
                most = ordered[: round(protected * len(ordered))].mean()
                for view in a:
                    for i, place in enumerate(shown[view]):
                        scores, negatives, positives = [], 0.0, []
                        for w in b:
                            for j, other in enumerate(shown[w]):
                                cell = int(place), int(other)
                                power = math.exp(frames[view][i] @ frames[w][j] / temperature)
                                if cell in path and cost[cell] <= least:
                                    positives.append(power)
                                elif cost[cell] > most:
                                    negatives += power
                        scores = [math.log(each / (each + negatives)) for each in positives]
                        total -= sum(scores) / len(shown[view])
    return total / count


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_paired_contrast_is_the_papers_equations(seed, temperature):
    z, times, mask = drawn(seed=seed)
    settings: dict[str, Any] = {"temperature": temperature, **SHARES}
    loss = paired_contrast(z, times, mask, lengths=LENGTHS, **settings)
    expected = contrast_by_hand(z, times, mask, [[[0, 1], [2, 3]]], LENGTHS, **settings)
    assert expected > 0
    assert loss.item() == pytest.approx(expected, rel=1e-9)


def test_every_other_video_of_the_activity_counts():
    lengths = torch.tensor([14.0, 14, 11, 11, 9, 9, 10, 10], dtype=torch.float64)
    z, times, mask = drawn((6, 4, 5, 7, 5, 5, 3, 6), lengths)
    settings: dict[str, Any] = {"temperature": 0.5, **SHARES}
    activities = torch.tensor([0, 0, 1, 1, 0, 0, 0, 0])
    loss = paired_contrast(z, times, mask, lengths=lengths, activities=activities, **settings)
    videos = [[[0, 1], [4, 5], [6, 7]], [[2, 3]]]
    expected = contrast_by_hand(z, times, mask, videos, lengths, **settings)
    assert loss.item() == pytest.approx(expected, rel=1e-9)
    alone = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    nothing = paired_contrast(z.requires_grad_(), times, mask, activities=alone)
    nothing.backward()
    assert nothing.item() == 0
    assert z.grad is not None and (z.grad == 0).all()


def test_a_video_that_was_drawn_twice_is_no_pair_with_itself():
    z, times, mask = drawn()
    once = paired_contrast(z, times, mask, lengths=LENGTHS, **SHARES)
    *twice, lengths = (torch.cat([each, each[:2]]) for each in (z, times, mask, LENGTHS))
    videos = torch.tensor([0, 0, 1, 1, 0, 0])
    loss = paired_contrast(*twice, lengths=lengths, videos=videos, **SHARES)
    # One video with either copy of the other: two pairs of three videos, for one of two.
    assert loss.item() == pytest.approx(once.item() * 2 * 2 / 3)
    assert paired_contrast(*twice, lengths=lengths, **SHARES).item() > loss.item()


def test_the_four_matrices_are_averaged_without_making_them():
    z, times, mask = drawn()
    unit = F.normalize(z, dim=-1)
    views = torch.tensor([[0, 1], [2, 3]])
    cells = correspondence.full_length(unit[views], times[views], mask[views], LENGTHS[::2])
    cost = 1 - cells.frames[0] @ cells.frames[1].T
    expected = np.zeros((14, 11))
    for v in (0, 1):
        for w in (2, 3):
            between = 1 - unit[v][mask[v]] @ unit[w][mask[w]].T
            s, t = (times[row][mask[row]].numpy() for row in (v, w))
            expected += at_full_length(between.numpy(), 14, 11, s, t) / 4
    assert cells.counts == [14, 11]
    assert np.allclose(cost[:14, :11].numpy(), expected)


def test_very_long_videos_have_cells_of_several_frames(monkeypatch):
    z, times, mask = drawn()
    monkeypatch.setattr(correspondence, "_MOST_CELLS", 7)
    views = torch.tensor([[0, 1], [2, 3]])
    cells = correspondence.full_length(
        F.normalize(z, dim=-1)[views], times[views], mask[views], LENGTHS[::2]
    )
    assert cells.counts == [7, 7]
    assert cells.places[0, 0, :6].tolist() == [
        min(round(each / 2), 6) for each in times[0].tolist()[:6]
    ]
    assert torch.isfinite(paired_contrast(z, times, mask, lengths=LENGTHS, **SHARES))


def test_the_whole_is_a_weighted_sum():
    z, times, mask = drawn()
    logits, activities = torch.randn(4, 3, dtype=torch.float64), torch.tensor([2, 2, 2, 2])
    loss = pcl(
        z,
        times,
        mask,
        lengths=LENGTHS,
        activities=activities,
        logits=logits,
        weight=0.7,
        video_weight=0.2,
        **SHARES,
    )
    expected = scl(z, times, mask)
    expected = expected + 0.7 * paired_contrast(z, times, mask, lengths=LENGTHS, **SHARES)
    expected = expected + 0.2 * video_cross_entropy(logits, activities)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-12)


def test_other_activities_are_negatives_in_scl():
    z, times, mask = drawn()
    activities = torch.tensor([1, 1, 0, 0])
    loss = pcl(z, times, mask, activities=activities)
    assert loss.item() == pytest.approx(scl(z, times, mask, activities=activities).item())


def test_labels_wait_until_the_warm_up_is_over():
    z, times, mask = drawn()
    extras: dict[str, Any] = {
        "activities": torch.tensor([0, 0, 1, 1]),
        "logits": torch.zeros(4, 2).double(),
    }
    early = pcl(z, times, mask, progress=0.1, warm_up=0.2, **extras)
    assert early.item() == pytest.approx(scl(z, times, mask).item(), rel=1e-12)
    late = pcl(z, times, mask, progress=0.2, warm_up=0.2, **extras)
    assert late.item() == pytest.approx(pcl(z, times, mask, warm_up=0, **extras).item())
    assert late.item() > early.item() + math.log(2) - 1e-9


def test_video_cross_entropy_is_minus_the_log_of_the_right_share():
    logits = torch.tensor([[1.0, 2.0, -1.0], [0.0, 0.0, 3.0]], dtype=torch.float64)
    shares = [math.exp(2) / (math.exp(1) + math.exp(2) + math.exp(-1)), 1 / (2 + math.exp(3))]
    loss = video_cross_entropy(logits, torch.tensor([1, 0]))
    assert loss.item() == pytest.approx(-sum(math.log(each) for each in shares) / 2)


def test_its_gradient_is_that_of_finite_differences_with_matches_given():
    z, times, mask = drawn()
    z.requires_grad_()
    settings: dict[str, Any] = {"lengths": LENGTHS, "temperature": 0.5, **SHARES}
    assert torch.autograd.gradcheck(lambda x: paired_contrast(x, times, mask, **settings), (z,))
    assert torch.autograd.gradcheck(lambda x: pcl(x, times, mask, **settings), (z,))


def test_paired_contrast_has_a_gradient_at_both_videos_and_all_views():
    z, times, mask = drawn((12, 12, 10, 10))
    z.requires_grad_()
    paired_contrast(z, times, mask, lengths=LENGTHS, **SHARES).backward()
    assert z.grad is not None
    assert (z.grad.abs().sum((1, 2)) > 0).all()


def test_logits_have_a_gradient():
    logits = torch.zeros(4, 2, dtype=torch.float64, requires_grad=True)
    pcl(*drawn(), activities=torch.tensor([0, 0, 1, 1]), logits=logits).backward()
    assert logits.grad is not None and (logits.grad != 0).all()


def test_padding_has_no_part_in_loss_or_gradient():
    z, times, mask = drawn()
    spoiled, late = z.clone(), times.clone()
    spoiled[~mask], late[~mask] = 1e3, 1e3
    spoiled.requires_grad_()
    loss = pcl(spoiled, late, mask, **SHARES)
    loss.backward()
    expected = pcl(z, times, mask, **SHARES).item()
    assert loss.item() == pytest.approx(expected, rel=1e-12)
    assert spoiled.grad is not None and torch.isfinite(spoiled.grad).all()
    assert (spoiled.grad[~mask] == 0).all()
    wider = F.pad(z, (0, 0, 0, 3)), F.pad(times, (0, 3)), F.pad(mask, (0, 3))
    assert pcl(*wider, **SHARES).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("order", [[1, 0, 2, 3], [2, 3, 0, 1], [3, 2, 1, 0]])
def test_the_order_of_views_and_of_videos_does_not_matter(order):
    z, times, mask = drawn()
    loss = pcl(z, times, mask, lengths=LENGTHS, **SHARES).item()
    moved = pcl(z[order], times[order], mask[order], lengths=LENGTHS[order], **SHARES)
    assert moved.item() == pytest.approx(loss, rel=1e-12)


def test_pairs_say_which_rows_are_views_of_one_video():
    z, times, mask = drawn()
    order = [0, 2, 1, 3]
    pairs = torch.tensor([[0, 2], [1, 3]])
    moved = pcl(z[order], times[order], mask[order], lengths=LENGTHS[order], pairs=pairs, **SHARES)
    expected = pcl(z, times, mask, lengths=LENGTHS, **SHARES)
    assert moved.item() == pytest.approx(expected.item(), rel=1e-12)


def test_videos_end_with_the_last_frame_shown_if_nothing_else_is_said():
    z, times, mask = drawn()
    shown = [max(times[row].max() for row in rows) + 1 for rows in ((0, 1), (2, 3))]
    lengths = torch.stack(shown).repeat_interleave(2)
    expected = paired_contrast(z, times, mask, lengths=lengths, **SHARES).item()
    assert paired_contrast(z, times, mask, **SHARES).item() == pytest.approx(expected)


def test_frames_that_match_are_drawn_together_and_others_apart():
    angle = torch.linspace(0, 3, 20, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    z = torch.stack([angle.cos(), angle.sin()], -1).expand(4, 20, 2)
    z = z + 0.1 * torch.randn(4, 20, 2, generator=generator, dtype=torch.float64)
    times = torch.arange(20, dtype=torch.float64).expand(4, 20)
    mask = torch.ones(4, 20, dtype=torch.bool)
    z.requires_grad_()
    paired_contrast(z, times, mask, positive=0.3).backward()
    assert z.grad is not None
    unit = F.normalize(z, dim=-1)
    step = F.normalize(z - 1e-3 * z.grad, dim=-1)
    cosine, after = unit[0] @ unit[2].T, step[0] @ step[2].T
    apart = (times[0][:, None] - times[2]).abs() > 10
    assert after.diagonal().mean() > cosine.diagonal().mean()
    assert after[apart].mean() < cosine[apart].mean()


def test_single_precision_and_half_agree_with_double():
    z, times, mask = drawn((12, 12, 10, 10), dim=16)
    expected = pcl(z, times, mask, **SHARES)
    single = pcl(z.float(), times.float(), mask, **SHARES)
    with torch.autocast("cpu", torch.bfloat16):
        inside = pcl(z.float(), times.float(), mask, **SHARES)
    assert expected.dtype == torch.float64 and single.dtype == torch.float32
    assert single.item() == inside.item() == pytest.approx(expected.item(), rel=1e-4)
    assert pcl(z.bfloat16(), times.float(), mask, **SHARES).dtype == torch.float32


def test_one_frame_a_view_has_no_negatives():
    ones = torch.ones(4, 1, dtype=torch.bool)
    assert pcl(torch.randn(4, 1, 3), torch.zeros(4, 1), ones).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "extras", "message"),
    [
        (lambda z, t, m: (z[0], t, m), {}, "embeddings must be shaped"),
        (lambda z, t, m: (z, t[:, 1:], m), {}, "must be shaped"),
        (lambda z, t, m: (z, t, torch.zeros_like(m)), {}, "all padding"),
        (lambda z, t, m: (z[:3], t[:3], m[:3]), {}, "in twos"),
        (lambda z, t, m: (z, t, m), {"lengths": LENGTHS[:2]}, "lengths must be 4 numbers"),
        (lambda z, t, m: (z, t, m), {"activities": torch.tensor([1, 1])}, "each of the 4 rows"),
        (lambda z, t, m: (z, t, m), {"positive": 0.0}, "positive must be a share"),
        (lambda z, t, m: (z, t, m), {"protected": 1.5}, "protected must be a share"),
        (lambda z, t, m: (z, t, m), {"logits": torch.zeros(4, 2)}, "need the activities"),
        (
            lambda z, t, m: (z, t, m),
            {"logits": torch.zeros(2, 2), "activities": torch.zeros(4, dtype=torch.long)},
            "logits must be",
        ),
    ],
)
def test_what_is_wrong_is_told(monkeypatch, change, extras, message):
    # Tests check annotations, which would speak first.
    for loss in (scl, paired_contrast, video_cross_entropy):
        monkeypatch.setitem(pcl_globals(), loss.__name__, inspect.unwrap(loss))
    with pytest.raises(InputError, match=message):
        inspect.unwrap(pcl)(*change(*drawn()), **extras)


def pcl_globals():
    return inspect.unwrap(pcl).__globals__
