"""Moments that two views of a scene share."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inphase.views.scenes import in_common, nearest

TIMES = st.lists(st.integers(0, 400), min_size=1, max_size=30, unique=True).map(
    lambda ticks: np.sort(np.array(ticks)) / 32  # which floats hold exactly
)


@given(times=TIMES, moments=TIMES)
def test_no_frame_is_nearer_than_the_nearest_and_of_two_it_is_the_earlier(times, moments):
    expected = np.abs(moments[:, None] - times).argmin(1)
    assert nearest(times, moments).tolist() == expected.tolist()


@given(times=TIMES)
def test_every_frame_is_nearest_to_itself(times):
    assert nearest(times, times).tolist() == list(range(len(times)))


@given(one=TIMES, other=TIMES)
def test_common_frames_are_those_within_the_other_view(one, other):
    expected = [k for k, time in enumerate(one) if other[0] <= time <= other[-1]]
    assert in_common(one, other).tolist() == expected


def test_views_one_after_the_other_have_nothing_in_common():
    assert len(in_common(np.array([0.0, 1.0]), np.array([2.0, 3.0]))) == 0
