"""Scores as sums over videos."""

import numpy as np

from inphase.evaluation.statistic import divided, mean


def test_a_mean_leaves_out_what_is_not_known():
    assert mean(np.array([1.0, np.nan, 3.0])).value == 2


def test_a_mean_can_be_weighted():
    assert mean(np.array([1.0, 4.0]), np.array([2.0, 1.0])).value == 2


def test_of_nothing_known_there_is_no_score():
    assert np.isnan(mean(np.array([np.nan])).value)


def test_videos_drawn_twice_count_twice():
    statistic = mean(np.array([0.0, 3.0, 9.0]))
    counts = np.array([[1.0, 1, 1], [0, 3, 0], [1, 0, 2]])
    assert statistic.redrawn(counts).tolist() == [4, 3, 6]


def test_nothing_divides_by_nothing():
    quotient = divided(np.array([1.0, 1.0]), np.array([2.0, 0.0]))
    assert quotient[0] == 0.5 and np.isnan(quotient[1])
