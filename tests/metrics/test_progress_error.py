import numpy as np
import pytest

from inphase.errors import InputError
from inphase.metrics import progress_error


def test_the_true_progress_as_embedding_errs_by_less_than_a_frame():
    progress = [np.linspace(0, 1, n) for n in (50, 71, 200)]
    assert progress_error([one[:, None] for one in progress], progress) < 1 / 50


def test_a_straight_line_through_two_halves_errs_as_calculated():
    # Ten frames matched one to one: progress differs by .1, constantly.
    clock = np.arange(10.0)[:, None]
    progress = np.linspace(0, 0.9, 10)
    assert progress_error([clock, clock], [progress, progress + 0.1]) == pytest.approx(0.1)


def test_only_given_pairs_count():
    clock = np.arange(4.0)[:, None]
    progress = [np.full(4, value) for value in (0.0, 0.25, 1.0)]
    assert progress_error([clock] * 3, progress, pairs=[(0, 1), (1, 2)]) == pytest.approx(0.5)
    assert progress_error([clock] * 3, progress) == pytest.approx((0.25 + 0.75 + 1) / 3)


def test_frames_of_unknown_progress_are_not_counted():
    clock = np.arange(3.0)[:, None]
    progress = [np.array([0, np.nan, 1]), np.array([0.5, 0.5, np.nan])]
    assert progress_error([clock, clock], progress) == 0.5


def test_no_known_progress_is_refused():
    with pytest.raises(InputError, match="progress"):
        progress_error([np.zeros((3, 1))] * 2, [np.full(3, np.nan)] * 2)
