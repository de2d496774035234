"""Every view in another scene: what moves, and by how much."""

import numpy as np
import pytest

from inphase.views.scene_noise import random_shift, spread_of_scenes


def values(videos: int = 5, channels: int = 4) -> list[np.ndarray]:
    """Features of videos of different lengths, in three views."""
    random = np.random.default_rng(0)
    return [random.normal(size=(3, 6 + video, channels)).astype("f2") for video in range(videos)]


def test_the_spread_of_one_activity_is_the_standard_deviation_of_the_means():
    given = values()
    means = np.concatenate([each.astype("f8").mean(1) for each in given])
    spread = spread_of_scenes(given, [""] * 5)
    np.testing.assert_allclose(spread, means.std(0, ddof=1), rtol=1e-12)


def test_what_tells_activities_apart_is_no_scene():
    """By hand: means 0 and 2 of squats, 10 and 13 of jumps; (1 + 1 + 1.5^2 + 1.5^2) / (4 - 2)."""
    given = [np.full((1, 3, 1), mean, "f2") for mean in (0, 10, 2, 13)]
    spread = spread_of_scenes(given, ["squat", "jump", "squat", "jump"])
    assert spread == pytest.approx([np.sqrt(6.5 / 2)])


def test_views_of_one_video_are_scenes_too_and_one_view_alone_is_none():
    one = np.array([[[1.0], [3.0]], [[5.0], [5.0]]])  # means 2 and 5
    assert spread_of_scenes([one], ["squat"]) == pytest.approx([np.sqrt(4.5)])
    assert spread_of_scenes([one[:1]], ["squat"]) == [0]


def test_a_shift_has_the_spread_times_a_random_share():
    """The variance of s u n sigma is s^2 sigma^2 / 3, for u is even from 0 to 1."""
    spread = np.array([0.0, 1.0, 3.0])
    generator = np.random.default_rng(0)
    shifts = np.array([random_shift(spread, 2.0, generator) for _ in range(20_000)])
    np.testing.assert_allclose(shifts.var(0), 4 * spread**2 / 3, rtol=0.05)
    np.testing.assert_allclose(shifts.mean(0), 0, atol=0.1)
    # One share for all channels of a view: large shifts come together.
    assert np.corrcoef(np.abs(shifts[:, 1:]).T)[0, 1] > 0.1
