import numpy as np
import pytest

from inphase.data.rendered.timing import Piece, schedule, truth
from inphase.errors import InputError

PHASES = ("up", "down")


def test_canonical_time_runs_evenly_through_each_phase():
    shown = truth((Piece(0.4, 0, 0.0, 1.0), Piece(0.2, 1, 1.0, 2.0)), PHASES, 10.0)
    np.testing.assert_allclose(shown.times, [0, 0.1, 0.2, 0.3, 0.4, 0.5])
    np.testing.assert_allclose(shown.phase_time, [0, 0.25, 0.5, 0.75, 1.0, 1.5])
    np.testing.assert_array_equal(shown.labels, [0, 0, 0, 0, 1, 1])
    assert shown.segments() == [(0.0, 0.4, "up"), (0.4, pytest.approx(0.6), "down")]


def test_background_has_no_canonical_time_and_no_segment():
    pieces = (Piece(0.2, -1, 0.0, 0.0), Piece(0.2, 0, 0.0, 1.0), Piece(0.2, -1, 1.0, 1.0))
    shown = truth(pieces, PHASES, 10.0)
    np.testing.assert_allclose(shown.phase_time, [np.nan, np.nan, 0, 0.5, np.nan, np.nan])
    np.testing.assert_array_equal(shown.labels, [-1, -1, 0, 0, -1, -1])
    assert shown.segments() == [(0.2, 0.4, "up")]


def test_time_stands_still_in_a_pause_within_one_segment():
    pieces = (Piece(0.2, 0, 0.0, 0.5), Piece(0.3, 0, 0.5, 0.5), Piece(0.2, 0, 0.5, 1.0))
    shown = truth(pieces, PHASES, 10.0)
    np.testing.assert_allclose(shown.phase_time, [0, 0.25, 0.5, 0.5, 0.5, 0.5, 0.75])
    assert len(shown.segments()) == 1


def test_a_phase_shown_twice_has_two_segments():
    shown = truth((Piece(0.2, 1, 1.0, 2.0), Piece(0.2, 1, 1.0, 2.0)), PHASES, 10.0)
    assert [label for _, _, label in shown.segments()] == ["down", "down"]


def test_segments_say_what_the_frames_say():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        pieces = schedule(
            rng, (0.5,) * 5, variation=0.8, pauses=0.5, background=1.0, missing=1, repeated=1
        )
        shown = truth(pieces, tuple("abcde"), 15.0)
        spelled = np.full(len(shown.times), -1)
        for start, end, label in shown.segments():
            spelled[(shown.times >= start) & (shown.times < end)] = shown.phases.index(label)
        np.testing.assert_array_equal(spelled, shown.labels)
        active = shown.labels >= 0
        np.testing.assert_array_equal(np.floor(shown.phase_time[active]), shown.labels[active])


@pytest.mark.parametrize("variation", [0.5, 0.8, 1.1])
def test_phase_lengths_vary_as_asked(variation: float):
    rng = np.random.default_rng(0)
    drawn = [schedule(rng, (0.8, 2.0), variation=variation, fps=1000.0) for _ in range(4000)]
    seconds = np.array([[piece.seconds for piece in pieces] for pieces in drawn])
    np.testing.assert_allclose(seconds.mean(0), [0.8, 2.0], rtol=0.08)
    np.testing.assert_allclose(seconds.std(0) / seconds.mean(0), variation, rtol=0.15)
    assert abs(np.corrcoef(seconds.T)[0, 1]) < 0.1


def test_one_inner_phase_is_missing_and_one_is_shown_twice():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        shown = [p.phase for p in schedule(rng, (0.5,) * 6, variation=0.5, missing=1, repeated=1)]
        counts = np.bincount(shown, minlength=6)
        assert sorted(counts) == [0, 1, 1, 1, 1, 2]
        assert counts[0] > 0 and counts[-1] > 0


def test_pauses_and_idle_time_are_added():
    pieces = schedule(
        np.random.default_rng(0), (0.5,) * 4, variation=0.5, pauses=1.0, background=2.0
    )
    assert [p.phase for p in pieces] == [-1, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, -1]
    assert all(0.4 <= p.seconds <= 2.0 for p in pieces if p.phase < 0)
    assert sum(p.start == p.stop for p in pieces if p.phase >= 0) == 4


def test_a_plan_shorter_than_two_frames_is_refused():
    with pytest.raises(InputError, match="two frames or more"):
        truth((Piece(0.05, 0, 0.0, 1.0),), PHASES, 10.0)
