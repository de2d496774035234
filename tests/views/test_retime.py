"""The frames of a temporally transformed clip: worked by hand, in range, and fairly spread."""

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inphase.errors import InputError
from inphase.views.retime import (
    TRANSFORMATIONS,
    largest_speed,
    periodic,
    random,
    speed,
    transform,
    warp,
)

ANY = {
    "name": st.sampled_from(TRANSFORMATIONS),
    "frames": st.integers(7, 40),
    "kappa": st.integers(0, 5),
    "seed": st.integers(0, 10_000),
}


def uneven(drawn: list[int], values: int) -> float:
    """Chi-square of how often each of 0..values-1 was drawn, over its degrees of freedom."""
    counts = np.bincount(drawn, minlength=values)
    assert len(counts) == values
    expected = len(drawn) / values
    return float(((counts - expected) ** 2 / expected).sum() / (values - 1))


# In range and in order


@given(**ANY, length=st.integers(1, 400))
def test_every_clip_has_its_frames_all_of_the_video(name, length, seed, kappa, frames):
    clip = transform(name, length, seed, kappa=kappa, frames=frames)
    assert clip.shape == (frames,) and clip.dtype == np.int64
    assert clip.min() >= 0 and clip.max() < length


@given(**ANY, length=st.integers(1, 400))
def test_a_seed_draws_what_its_generator_draws_first(name, length, seed, kappa, frames):
    one = transform(name, length, seed, kappa=kappa, frames=frames)
    two = transform(name, length, np.random.default_rng(seed), kappa=kappa, frames=frames)
    assert one.tolist() == two.tolist()


@pytest.mark.parametrize("name", TRANSFORMATIONS)
def test_a_generator_goes_on(name):
    generator = np.random.default_rng(0)
    drawn = {tuple(transform(name, 10_000, generator, kappa=1).tolist()) for _ in range(5)}
    assert len(drawn) == 5


@given(length=st.integers(16, 400), kappa=st.integers(0, 3), seed=st.integers(0, 10_000))
def test_speed_steps_by_two_to_the_kappa_or_as_much_as_the_video_allows(length, kappa, seed):
    clip = speed(length, seed, kappa=kappa)
    assert set(np.diff(clip)) == {2 ** min(kappa, largest_speed(length))}


@given(length=st.integers(16, 400), seed=st.integers(0, 10_000))
def test_random_leaves_out_no_frame(length, seed):
    clip = random(length, seed)
    assert sorted(clip.tolist()) == list(range(clip.min(), clip.min() + 16))


@given(length=st.integers(16, 400), kappa=st.integers(0, 3), seed=st.integers(0, 10_000))
def test_periodic_goes_up_and_down_once_at_one_speed(length, kappa, seed):
    steps = np.diff(periodic(length, seed, kappa=kappa))
    size = 2 ** min(kappa, largest_speed(length))
    turn = int((steps > 0).sum())
    assert 2 <= turn <= 12
    assert (steps[:turn] == size).all()
    assert -size <= steps[turn] <= 0  # delta less than a whole step back
    assert (steps[turn + 1 :] == -size).all()


@given(length=st.integers(16, 400), seed=st.integers(0, 10_000), most=st.integers(0, 9))
def test_warp_goes_forward_and_skips_at_most_as_many_as_said(length, seed, most):
    steps = np.diff(warp(length, seed, most=most))
    assert steps.min() >= 1 and steps.max() <= most + 1
    steps = np.diff(warp(length, seed, most=most, repeat=True))
    assert steps.min() >= 0 and steps.max() <= most


# Worked by hand from section 3.1


def test_speed_2_from_frame_5():
    expected = [5, 9, 13, 17, 21, 25, 29, 33, 37, 41, 45, 49, 53, 57, 61, 65]
    assert speed(200, 0, kappa=2, start=5).tolist() == expected


def test_periodic_at_speed_0_turns_at_the_midpoint():
    """Here s = 10, so s-bar 10, delta 0, rho max(0, -5) = 0, and the last is 5."""
    expected = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 9, 8, 7, 6, 5]
    assert periodic(50, 0, kappa=0, midpoint=10, start=0).tolist() == expected


def test_periodic_with_an_early_midpoint_starts_later_so_that_none_is_negative():
    """Here s = 4, so rho = 15 - 8 = 7."""
    expected = [7, 8, 9, 10, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert periodic(50, 0, kappa=0, midpoint=4, start=0).tolist() == expected


def test_periodic_at_speed_2_comes_back_between_the_frames_it_left_by():
    """Here s = 43 = 10 * 4 + 3, so delta 3, rho 0: (10 - 1) * 4 + 3 = 39 to 5 * 4 + 3 = 23."""
    up = [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40]
    assert periodic(200, 0, kappa=2, midpoint=43, start=0).tolist() == [*up, 39, 35, 31, 27, 23]
    up = [frame + 6 for frame in up]
    assert periodic(200, 0, kappa=2, midpoint=43, start=6).tolist() == [*up, 45, 41, 37, 33, 29]


def test_periodic_with_an_early_midpoint_at_speed_1():
    """Here s = 7 = 3 * 2 + 1, so delta 1, rho = (15 - 6) * 2 - 1 = 17, and the last is 0."""
    expected = [17, 19, 21, 23, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0]
    assert periodic(200, 0, kappa=1, midpoint=7, start=0).tolist() == expected


@pytest.mark.parametrize("kappa", range(4))
def test_periodic_is_the_printed_sequence_for_every_midpoint(kappa):
    """The formula, term by term, in a video just long enough for the longest."""
    for s in range(2 * 2**kappa + 1, 13 * 2**kappa):
        bar = s // 2**kappa
        delta = s - bar * 2**kappa
        rho = max(0, (15 - 2 * bar) * 2**kappa - delta)
        expected = [rho + k * 2**kappa for k in range(bar + 1)]
        expected += [rho + (bar - k) * 2**kappa + delta for k in range(1, 15 - bar + 1)]
        clip = periodic(15 * 2**kappa + 1, 0, kappa=kappa, midpoint=s, start=0)
        assert clip.tolist() == expected
        assert min(expected) == 0  # never negative, always the video's first: hence the start


def test_warp_adds_up_the_skips():
    skips = [0, 7, 1, 0, 0, 2, 3, 0, 1, 1, 0, 4, 0, 0, 5]
    counted = [3, 4, 12, 14, 15, 16, 19, 23, 24, 26, 28, 29, 34, 35, 36, 42]
    assert warp(100, 0, skips=skips, start=3).tolist() == counted
    printed = [3, 3, 10, 11, 11, 11, 13, 16, 16, 17, 18, 18, 22, 22, 22, 27]
    assert warp(100, 0, skips=skips, start=3, repeat=True).tolist() == printed


# Where clips lie and turn


@pytest.mark.parametrize(("name", "places"), [("speed", 70), ("random", 85)])
def test_starts_are_uniform_over_where_the_clip_fits(name, places):
    starts = [int(transform(name, 100, seed, kappa=1).min()) for seed in range(7000)]
    assert uneven(starts, places) < 1.6


@pytest.mark.parametrize("kappa", [0, 2])
def test_midpoints_are_uniform_and_a_clip_starts_anywhere(kappa):
    generator = np.random.default_rng(1)
    lowest, highest, midpoints, places = 2 * 2**kappa + 1, 13 * 2**kappa - 1, [], []
    for _ in range(4000):
        clip = periodic(100, generator, kappa=kappa)
        turn = int(np.argmin(np.diff(clip) > 0))
        bar_delta = int(clip[turn + 1] - clip[turn]) + 2**kappa
        midpoints.append(turn * 2**kappa + bar_delta)
        places.append(int(clip.min()))
    assert min(midpoints) == lowest and max(midpoints) == highest
    assert uneven([s - lowest for s in midpoints], highest - lowest + 1) < 1.7
    assert min(places) == 0 and max(places) > 60
    assert np.mean(np.equal(places, 0)) < 0.05


def test_skips_are_uniform_and_independent_in_a_long_video():
    generator = np.random.default_rng(2)
    skips = np.array([np.diff(warp(121, generator)) - 1 for _ in range(2000)])
    assert uneven(skips.ravel().tolist(), 8) < 2.5
    pairs = (8 * skips[:, :-1] + skips[:, 1:]).ravel()
    assert uneven(pairs.tolist(), 64) < 1.6


def test_skips_of_a_short_video_are_those_of_the_clips_that_fit():
    """Every row of 3 skips of 0 to 3 that fits into 4 + 4 frames, each as often as any other."""
    fitting = [row for row in product(range(4), repeat=3) if sum(row) <= 4]
    generator = np.random.default_rng(3)
    drawn = Counter(
        tuple((np.diff(warp(8, generator, frames=4, most=3)) - 1).tolist()) for _ in range(9000)
    )
    assert set(drawn) == set(fitting)
    assert uneven([fitting.index(row) for row in drawn.elements()], len(fitting)) < 1.8


def test_random_is_any_order():
    firsts = [int(np.argmin(random(40, seed))) for seed in range(3000)]
    assert uneven(firsts, 16) < 2.2


# Short videos, and what cannot be


@pytest.mark.parametrize(
    ("length", "expected"),
    [(1, 0), (16, 0), (30, 0), (31, 1), (60, 1), (61, 2), (120, 2), (121, 3), (5000, 3)],
)
def test_the_largest_speed_is_the_last_whose_clip_fits(length, expected):
    assert largest_speed(length) == expected


def test_a_video_too_short_for_a_clip_repeats_its_last_frame():
    assert speed(5, 0, kappa=3, frames=8).tolist() == [0, 1, 2, 3, 4, 4, 4, 4]
    assert warp(5, 0, frames=8).tolist() == [0, 1, 2, 3, 4, 4, 4, 4]
    assert sorted(random(5, 0, frames=8).tolist()) == [0, 1, 2, 3, 4, 4, 4, 4]
    clip = periodic(5, 0, kappa=3, frames=16, midpoint=7)
    assert clip.tolist() == [1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 2, 1, 0]


def test_a_long_clip_that_just_fits_is_drawn_without_overflow():
    assert warp(1000, 0, frames=1000).tolist() == list(range(1000))
    assert warp(1010, 0, frames=1000).max() < 1010


def test_what_cannot_be_is_said():
    with pytest.raises(InputError, match="no transformation 'reverse'; choose one of speed"):
        transform("reverse", 100, 0, kappa=0)
    with pytest.raises(InputError, match="speed -1"):
        speed(100, 0, kappa=-1)
    with pytest.raises(InputError, match="from 0 frames"):
        random(0, 0)
    with pytest.raises(InputError, match="give a start of 0 to 84"):
        speed(100, 0, kappa=0, start=85)
    with pytest.raises(InputError, match="not one of 5 to 25"):
        periodic(100, 0, kappa=1, midpoint=4)
    with pytest.raises(InputError, match="6 frames has no midpoint"):
        periodic(100, 0, kappa=1, frames=6)
    with pytest.raises(InputError, match="15 skips"):
        warp(100, 0, skips=[1, 2])
    with pytest.raises(InputError, match="give 0 or more"):
        warp(100, 0, most=-1)
