"""Two overlapping clips: lengths, overlap and order, over all the lengths a video may have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inphase.views.sampling import two_clips


@given(
    length=st.integers(1, 400),
    frames=st.integers(2, 100),
    alpha=st.floats(1.0, 3.0),
    beta=st.floats(0.01, 1.0),
    seed=st.integers(0, 1000),
)
def test_frames_are_of_the_video_in_order_and_different(length, frames, alpha, beta, seed):
    views = two_clips(length, frames, np.random.default_rng(seed), alpha=alpha, beta=beta)
    for view in views:
        assert view[0] >= 0 and view[-1] < length
        assert (np.diff(view) > 0).all()
        assert len(view) == max(1, min(frames, int(length / alpha)))


def test_a_clip_is_no_longer_than_alpha_times_its_frames():
    spans = [
        np.ptp(view) + 1
        for seed in range(200)
        for view in two_clips(500, 80, np.random.default_rng(seed))
    ]
    assert max(spans) <= 120
    assert max(spans) > 110  # and makes use of it
    assert min(spans) >= 80 and min(spans) < 90


@pytest.mark.parametrize("beta", [0.2, 0.8])
def test_clips_share_at_least_beta_of_the_shorter_one(beta):
    """With no frame left out (alpha 1) the shared frames can be counted."""
    shares = []
    for seed in range(200):
        one, two = two_clips(300, 50, np.random.default_rng(seed), alpha=1.0, beta=beta)
        shares.append(len(np.intersect1d(one, two)) / 50)
    assert min(shares) >= beta
    assert min(shares) < beta + 0.1


def test_clips_reach_every_part_of_the_video():
    starts = [
        two_clips(300, 50, np.random.default_rng(seed))[k][0] for seed in range(300) for k in (0, 1)
    ]
    assert min(starts) < 10 and max(starts) > 220


def test_a_short_video_is_cropped_too():
    drawn = [two_clips(30, 80, np.random.default_rng(seed)) for seed in range(50)]
    assert {len(one) for one, _ in drawn} == {20}
    assert {0, 3} <= {int(one[0]) for one, _ in drawn}


def test_the_same_seed_draws_the_same():
    one, two = (two_clips(100, 40, np.random.default_rng(3)) for _ in range(2))
    assert all((a == b).all() for a, b in zip(one, two, strict=True))
