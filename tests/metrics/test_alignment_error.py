import numpy as np
import pytest

from inphase.errors import InputError
from inphase.metrics.alignment_error import AlignmentError, alignment_error
from inphase.warping.dtw import dtw

NONE = np.nan


def links(*own: int) -> np.ndarray:
    """Frame i of the reference linked to one own frame."""
    return np.array(list(enumerate(own)))


def in_seconds(error: AlignmentError) -> np.ndarray:
    assert error.seconds is not None
    return error.seconds


def test_the_true_path_has_no_error():
    time = np.array([0.0, 0.4, 0.8, 1.2])
    error = alignment_error(links(0, 1, 2, 3), time, time)
    np.testing.assert_allclose(error.frames, 0, atol=1e-12)
    np.testing.assert_allclose(error.phases, 0, atol=1e-12)


def test_errors_are_counted_in_own_frames_and_in_phases():
    slow = np.arange(0, 3, 0.1)
    fast = np.arange(0, 3, 0.3)
    error = alignment_error(links(1, 3), fast[:2], slow)
    np.testing.assert_allclose(error.frames, [1, 0])
    np.testing.assert_allclose(error.phases, [0.1, 0], atol=1e-12)
    assert error.mean_frames == pytest.approx(0.5)
    assert error.median_frames == pytest.approx(0.5)
    assert error.mean_phases == pytest.approx(0.05)


def test_the_true_frame_may_lie_between_two_frames():
    error = alignment_error(links(1), np.array([0.25]), np.array([0.0, 0.2, 0.4]))
    np.testing.assert_allclose(error.frames, [0.25])


def test_several_links_of_a_frame_count_as_their_middle():
    path = np.array([[0, 0], [0, 1], [0, 2]])
    error = alignment_error(path, np.array([0.1]), np.array([0.0, 0.1, 0.2]))
    np.testing.assert_allclose(error.frames, [0])


def test_every_frame_of_a_pause_is_true():
    own = np.array([0.0, 0.5, 0.5, 0.5, 0.9])
    for matched, distance in [(0, 1), (1, 0), (2, 0), (3, 0), (4, 1)]:
        error = alignment_error(links(matched), np.array([0.5]), own)
        np.testing.assert_allclose(error.frames, [distance], atol=1e-12)


def test_of_a_repeated_phase_the_nearer_showing_is_true():
    own = np.array([0.0, 0.5, 0.9, 0.0, 0.5, 0.9])
    reference = np.array([0.5])
    for matched, distance in [(1, 0), (2, 1), (3, 1), (4, 0)]:
        error = alignment_error(links(matched), reference, own)
        np.testing.assert_allclose(error.frames, [distance], atol=1e-12)


def test_moments_that_own_never_shows_are_left_out():
    without_phase_1 = np.array([0.0, 0.5, 0.98, 2.02, 2.5])
    error = alignment_error(links(0, 2, 3), np.array([0.0, 1.5, 2.9]), without_phase_1)
    np.testing.assert_array_equal(np.isnan(error.frames), [False, True, True])
    np.testing.assert_array_equal(np.isnan(error.phases), [False, True, True])
    assert error.mean_frames == 0


def test_background_of_the_reference_is_left_out_and_background_of_own_is_not_a_way_out():
    reference = np.array([NONE, 0.5])
    own = np.array([0.0, 0.5, 1.0, NONE, NONE])
    error = alignment_error(links(0, 4), reference, own)
    np.testing.assert_allclose(error.frames, [NONE, 3])
    np.testing.assert_allclose(error.phases, [NONE, 0.5])


def test_videos_with_nothing_in_common_have_no_error_at_all():
    for own in (np.full(3, NONE), np.array([5.0, 5.5, 5.9])):
        error = alignment_error(links(0, 1), np.array([0.1, 0.2]), own)
        assert np.isnan([error.mean_frames, error.median_frames, error.mean_phases]).all()


def test_reference_frames_without_a_link_are_left_out():
    error = alignment_error(np.array([[1, 1]]), np.array([0.0, 0.5]), np.array([0.0, 0.5]))
    np.testing.assert_allclose(error.frames, [NONE, 0])


def test_errors_in_seconds_follow_the_own_videos_frame_times():
    own, times = np.array([0.0, 0.2, 0.4, 0.6]), np.array([5.0, 5.1, 5.5, 5.6])
    error = alignment_error(links(1, 3), np.array([0.3, 0.4]), own, times=times)
    # True is halfway from 5.1 to 5.5, and 5.5.
    np.testing.assert_allclose(in_seconds(error), [0.2, 0.1], atol=1e-12)
    np.testing.assert_allclose(error.frames, [0.5, 1])
    assert error.mean_seconds == pytest.approx(0.15)
    assert error.median_seconds == pytest.approx(0.15)


def test_at_a_constant_rate_seconds_are_frames_over_the_rate():
    rng = np.random.default_rng(1)
    a, b = (np.sort(rng.uniform(0, 5, 40)) for _ in range(2))
    path = dtw(np.abs(a[:, None] - b)).path
    error = alignment_error(path, a, b, times=np.arange(40) / 25)
    np.testing.assert_allclose(in_seconds(error), error.frames / 25, atol=1e-12)


def test_in_seconds_the_showing_nearer_in_time_is_true():
    # The same moment is two frames before and one after, which lasted longer.
    own, times = np.array([0.5, 0.6, 0.7, 0.5]), np.array([0.0, 0.1, 0.2, 9.0])
    error = alignment_error(links(2), np.array([0.5]), own, times=times)
    np.testing.assert_allclose(error.frames, [1])
    np.testing.assert_allclose(in_seconds(error), [0.2])


def test_background_and_unseen_moments_have_no_error_in_seconds():
    reference = np.array([NONE, 0.5, 3.5])
    own, times = np.array([0.0, 0.5, NONE]), np.array([0.0, 1.0, 2.0])
    error = alignment_error(links(0, 2, 1), reference, own, times=times)
    np.testing.assert_allclose(in_seconds(error), [NONE, 1, NONE])


def test_seconds_without_times_or_with_those_of_another_video_are_refused():
    time = np.array([0.0, 0.5])
    error = alignment_error(links(0, 1), time, time)
    assert error.seconds is None
    with pytest.raises(InputError, match="give times"):
        _ = error.mean_seconds
    with pytest.raises(InputError, match="one per frame"):
        alignment_error(links(0, 1), time, time, times=np.zeros(3))


def test_warping_the_true_times_errs_by_less_than_a_frame():
    rng = np.random.default_rng(0)
    for _ in range(10):
        a, b = (np.cumsum(rng.lognormal(-2.5, 0.8, 60)) for _ in range(2))
        a, b = a / a[-1] * 5, b / b[-1] * 5
        error = alignment_error(dtw(np.abs(a[:, None] - b)).path, a, b)
        assert error.median_frames < 0.5
        shifted = np.column_stack([np.arange(60), np.full(60, 59)])
        assert alignment_error(shifted, a, b).mean_frames > 10


def test_a_path_of_other_videos_is_refused():
    with pytest.raises(InputError, match="the path of these two videos"):
        alignment_error(links(0, 3), np.array([0.0, 1.0]), np.array([0.0, 1.0]))
