"""Controls: the same frames in another order, a part of them, or no frames at all."""

import numpy as np
import pytest

from inphase.evaluation.controls import CUT, clock, reordered, sub_clip


def test_shuffled_frames_are_the_same_frames():
    order = reordered("shuffled", 50, 0, "a")
    assert sorted(order) == list(range(50)) and (order != np.arange(50)).any()


def test_reversed_frames_run_backwards():
    assert reordered("reversed", 4, 0, "a").tolist() == [3, 2, 1, 0]


def test_a_frozen_video_shows_its_middle_frame():
    assert reordered("frozen", 5, 0, "a").tolist() == [2] * 5


def test_draws_follow_from_seed_and_name_alone():
    one = reordered("shuffled", 50, 0, "a")
    assert (one == reordered("shuffled", 50, 0, "a")).all()
    assert (one != reordered("shuffled", 50, 1, "a")).any()
    assert (one != reordered("shuffled", 50, 0, "b")).any()


def test_up_to_three_tenths_are_cut_from_either_end():
    parts = [sub_clip(1000, seed, "a") for seed in range(200)]
    starts = np.array([part.start for part in parts])
    cut = 1000 - np.array([part.stop for part in parts])
    for each in (starts, cut):
        assert 0 <= each.min() < 20 and 1000 * CUT - 20 < each.max() <= 1000 * CUT


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_something_is_left_of_the_shortest_video(frames):
    for seed in range(20):
        part = sub_clip(frames, seed, "a")
        assert 0 <= part.start < part.stop <= frames


def test_a_clock_runs_from_the_first_frame():
    times = np.array([2.0, 3.0, 6.0])
    assert clock(times, normalised=False).ravel().tolist() == [0, 1, 4]
    assert clock(times, normalised=True).ravel().tolist() == [0, 0.25, 1]
    assert clock(times[:1], normalised=True).ravel().tolist() == [0]
