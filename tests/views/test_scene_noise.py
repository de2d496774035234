"""Every view in another scene: what moves, by how much, and what stays."""

import numpy as np
import pytest
import torch

from inphase.views.scene_noise import in_other_scenes

ROWS, TIME = 6, 9


def rows(channels: int = 4, seed: int = 0):
    """Rows of different lengths, zero at padding, with their mask."""
    random = torch.Generator().manual_seed(seed)
    mask = torch.arange(TIME) < torch.tensor([9, 4, 7, 9, 2, 5])[:, None]
    features = torch.randn(ROWS, TIME, channels, generator=random, dtype=torch.float64)
    return features * mask[..., None], mask


def moved(features, mask, activities=None, strength=1.0, seed=0):
    activities = torch.zeros(len(mask), dtype=torch.int64) if activities is None else activities
    return in_other_scenes(features, mask, activities, strength, np.random.default_rng(seed))


def test_all_frames_of_a_row_move_alike_and_each_row_its_own_way():
    features, mask = rows()
    shifts = (moved(features, mask) - features).masked_fill(~mask[..., None], torch.nan)
    first = shifts[:, :1]
    torch.testing.assert_close(shifts[mask], first.expand_as(shifts)[mask])
    assert len(first.unique(dim=0)) == ROWS
    assert first.abs().min() > 0


def test_padding_stays_zero_and_what_is_there_does_not_matter():
    features, mask = rows()
    longer = torch.cat([features, torch.zeros(ROWS, 5, 4)], 1)
    longer_mask = torch.cat([mask, torch.zeros(ROWS, 5, dtype=torch.bool)], 1)
    result = moved(longer, longer_mask)
    torch.testing.assert_close(result[:, :TIME], moved(features, mask))
    assert not result[~longer_mask].any()


def test_a_shift_has_the_spread_of_the_rows_times_a_random_share():
    """The variance of s u n sigma is s^2 sigma^2 / 3, for u is even from 0 to 1."""
    features, mask = rows()
    means = np.array([each[known].mean(0) for each, known in zip(features, mask, strict=True)])
    expected = 4 * means.var(0, ddof=1) / 3
    shifts = torch.stack(
        [(moved(features, mask, strength=2.0, seed=seed) - features)[:, 0] for seed in range(4000)]
    )
    np.testing.assert_allclose(shifts.numpy().var((0, 1)), expected, rtol=0.05)


def test_what_tells_activities_apart_is_no_scene():
    features, mask = rows()
    own = features - features.sum(1, keepdim=True) / mask.sum(1)[:, None, None]
    activities = torch.tensor([0, 1, 0, 1, 2, 2])
    features = (own + 100 * activities[:, None, None]) * mask[..., None]
    torch.testing.assert_close(moved(features, mask, activities), features)
    features[0] += mask[0, :, None]
    # Of the rows' means, one of activity 0 is 1 above the other: sigma^2 = 2 (1/2)^2 / (6 - 3).
    shifts = torch.stack(
        [(moved(features, mask, activities, seed=s) - features)[1, 0] for s in range(4000)]
    )
    assert shifts.var().item() == pytest.approx(0.5 / 3 / 3, rel=0.05)


def test_a_row_alone_stays_where_it_is():
    features, mask = rows()
    torch.testing.assert_close(moved(features[:1], mask[:1]), features[:1])


def test_the_gradient_is_that_of_the_features_as_they_are():
    features, mask = rows()
    features.requires_grad_()
    moved(features, mask).sum().backward()
    assert features.grad is not None
    torch.testing.assert_close(features.grad, torch.ones_like(features))
