from fractions import Fraction

import numpy as np
import pytest

from inphase.data.video import Video
from inphase.show.retime import (
    CLOCKS,
    aligned_frames,
    clock_of,
    frames_to_show,
    own_frames,
    percentage_frames,
    play,
)


def test_every_frame_of_a_constant_rate_reference_has_one_tick(numbered):
    reference = numbered("film", 100, rate=25)
    clock = clock_of(reference)
    assert clock.rate == 25
    assert own_frames(clock, reference).tolist() == list(range(100))


def test_times_rounded_to_milliseconds_do_not_upset_the_clock(numbered):
    # 29.97 frames a second in whole milliseconds: the median gap says 30.3.
    reference = numbered("ntsc", 120, times=np.round(np.arange(120) * 1001 / 30) / 1000)
    clock = clock_of(reference)
    assert float(clock.rate) == pytest.approx(29.97, rel=2e-3)
    assert own_frames(clock, reference).tolist() == list(range(120))


def test_a_frame_that_stays_longer_takes_more_ticks(numbered):
    times = np.concatenate([np.arange(10) / 10, [1.5], 1.6 + np.arange(10) / 10])
    reference = numbered("gap", 21, times=times)
    clock = clock_of(reference)
    assert clock.rate == 10
    shown = own_frames(clock, reference).tolist()
    assert shown == [*range(9), *[9] * 6, *range(10, 21)]


def test_the_matched_frame_is_shown_whatever_the_own_rate(numbered, matched):
    reference, other = numbered("reference", 20, rate=25), numbered("other", 40, rate=60)
    own = np.sort(np.random.default_rng(0).integers(0, 40, 20))
    own[0], own[-1] = 0, 39
    alignment = matched(reference, other, own)
    # Every own frame needs a link; here only one each, which `to_other` must return as it is.
    shown = aligned_frames(clock_of(reference), reference, other, alignment)
    assert shown.tolist() == own.tolist()


def test_of_many_matched_frames_the_one_at_their_mean_time_is_shown(numbered, matched):
    reference, other = numbered("reference", 4), numbered("other", 8)
    alignment = matched(reference, other, [[0], [1, 2, 3], [4], [5, 6, 7]])
    shown = aligned_frames(clock_of(reference), reference, other, alignment)
    assert shown.tolist() == [0, 2, 4, 6]


def test_an_interval_is_shown_from_its_own_first_frame(numbered, matched):
    whole = numbered("whole", 60, rate=25)
    reference = Video(whole.path, start=0.4, end=1.2, name="first")
    other = Video(whole.path, start=1.2, end=2.4, name="second")
    own = np.linspace(0, 29, 20).astype(int)
    clock = clock_of(reference)
    assert clock.count == 20
    shown = aligned_frames(clock, reference, other, matched(reference, other, own))
    assert shown.tolist() == own.tolist()
    assert own_frames(clock, other).tolist() == list(range(30))


def test_percentage_stretches_evenly(numbered):
    reference, other = numbered("reference", 10), numbered("other", 20)
    shown = percentage_frames(clock_of(reference), other)
    assert shown.tolist() == [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]
    shown = percentage_frames(clock_of(other), reference)
    assert shown.tolist() == np.repeat(np.arange(10), 2).tolist()


def test_own_time_holds_the_last_frame_when_finished(numbered):
    reference, other = numbered("reference", 20, rate=20), numbered("other", 5, rate=10)
    clock = clock_of(reference)
    assert own_frames(clock, other).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert own_frames(clock, other, 12).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 4, 4]


def test_no_clock_ever_goes_back(numbered, matched):
    reference, other = numbered("reference", 31, rate=21.3), numbered("other", 77, rate=29.97)
    own = np.sort(np.random.default_rng(1).integers(0, 77, 31))
    alignment = matched(reference, other, own)
    for name in CLOCKS:
        shown = frames_to_show(name, clock_of(reference), reference, other, alignment)
        assert (np.diff(shown) >= 0).all(), name
        assert 0 <= shown[0] <= shown[-1] < 77, name


def test_a_single_frame_is_a_film_of_one_tick(numbered):
    still = numbered("still", 1)
    clock = clock_of(still)
    assert clock.count == 1 and clock.rate > Fraction(0)
    assert own_frames(clock, still).tolist() == [0]


def test_play_repeats_and_skips_in_one_pass(numbered, read_number):
    video = numbered("film", 30)
    wanted = np.array([0, 0, 3, 4, 4, 17, 29, 29])
    assert [read_number(frame) for frame in play(video, wanted, chunk=4)] == wanted.tolist()
