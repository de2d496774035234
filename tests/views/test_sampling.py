"""Views of a video: range, length, order and spread, over all the lengths a video may have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inphase.views.sampling import context, every_frame, sorted_random, two_clips, uniform_chunks


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


@given(
    length=st.integers(1, 400),
    frames=st.integers(1, 100),
    alpha=st.floats(1.0, 3.0),
    seed=st.integers(0, 1000),
)
def test_the_released_code_keeps_to_the_video_and_loses_what_lies_past_its_end(
    length, frames, alpha, seed
):
    views = two_clips(length, frames, np.random.default_rng(seed), alpha=alpha, variant="code")
    for view in views:
        assert view[0] >= 0 and view[-1] < length
        assert (np.diff(view) > 0).all()
        assert 1 <= len(view) <= min(frames, length)


def test_the_released_code_loses_a_fifth_of_the_frames_and_crops_nothing():
    """E[1 - 1/r] = 1 - 2 ln 1.5 = .189 for r ~ U(1, 1.5)."""
    views = [
        view
        for seed in range(300)
        for view in two_clips(300, 80, np.random.default_rng(seed), variant="code")
    ]
    assert np.mean([1 - len(view) / 80 for view in views]) == pytest.approx(0.189, abs=0.02)
    assert np.mean([view[0] for view in views]) < 5
    assert np.mean([view[-1] for view in views]) > 290


@pytest.mark.parametrize("draw", [uniform_chunks, sorted_random, every_frame])
@given(length=st.integers(1, 300), frames=st.integers(1, 100), seed=st.integers(0, 1000))
def test_one_view_has_different_frames_in_order_and_all_of_a_short_video(
    draw, length, frames, seed
):
    (view,) = draw(length, frames, np.random.default_rng(seed))
    assert view.dtype == np.int64
    assert len(view) == min(frames, length)
    assert view[0] >= 0 and view[-1] < length
    assert (np.diff(view) > 0).all()


@given(length=st.integers(1, 300), frames=st.integers(1, 100), seed=st.integers(0, 1000))
def test_every_chunk_gives_one_frame(length, frames, seed):
    (view,) = uniform_chunks(length, frames, np.random.default_rng(seed))
    count = min(frames, length)
    for k, frame in enumerate(view.tolist()):
        assert k * length // count <= frame < (k + 1) * length // count


def test_every_frame_of_a_chunk_is_drawn_in_time():
    drawn = {int(uniform_chunks(10, 2, np.random.default_rng(s))[0][1]) for s in range(100)}
    assert drawn == {5, 6, 7, 8, 9}


def test_sorted_random_frames_fall_everywhere_alike():
    counts = np.zeros(20)
    for seed in range(1000):
        counts[sorted_random(20, 5, np.random.default_rng(seed))[0]] += 1
    assert counts.min() > 200 and counts.max() < 300


@pytest.mark.parametrize(
    "length, frames, stride, expected",
    [
        (5, 9, 1, [0, 1, 2, 3, 4]),
        (9, 5, 1, [0, 2, 4, 6, 8]),
        (9, 9, 3, [0, 3, 6]),
        (91, 3, 9, [0, 45, 90]),
    ],
)
def test_the_whole_video_evenly(length, frames, stride, expected):
    assert every_frame(length, frames, stride=stride)[0].tolist() == expected


def test_context_is_the_frames_before_and_the_first_stands_in_for_those_that_are_not_there():
    frames = context(np.array([0, 10, 40]), 50, count=3, stride=15)
    assert frames.tolist() == [[0, 0, 0], [0, 0, 10], [10, 25, 40]]
    assert context(np.array([20]), 50).tolist() == [[5, 20]]


def test_a_block_lies_around_its_frame_and_stops_at_both_ends():
    blocks = context(np.array([0, 10, 48]), 50, count=5, stride=1, ahead=2)
    assert blocks.tolist() == [[0, 0, 0, 1, 2], [8, 9, 10, 11, 12], [46, 47, 48, 49, 49]]
