"""Bootstrap intervals against one written out by hand."""

import numpy as np
import pytest

from inphase.evaluation.intervals import Comparison, Interval, draws, interval, redrawn
from inphase.evaluation.statistic import mean

SCORES = np.random.default_rng(1).uniform(size=12)
OTHERS = np.random.default_rng(2).uniform(size=5)


def by_hand(number: int, *activities: np.ndarray) -> np.ndarray:
    """Means of activities' means, of videos drawn one by one."""
    random = np.random.default_rng(3)
    means = []
    for _ in range(number):
        drawn = [random.choice(each, size=len(each)) for each in activities]
        means.append(np.mean([each.mean() for each in drawn]))
    return np.array(means)


def test_the_interval_is_that_of_a_bootstrap_by_hand():
    found = interval(redrawn({0: [mean(SCORES)], 1: [mean(OTHERS)]}, 20_000, seed=0))
    low, high = np.quantile(by_hand(20_000, SCORES, OTHERS), [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.01)


def test_seeds_are_averaged_within_a_draw():
    both = redrawn({0: [mean(SCORES), mean(SCORES + 1)]}, 50, seed=0)
    assert both == pytest.approx(redrawn({0: [mean(SCORES)]}, 50, seed=0) + 0.5)


def test_the_same_seed_draws_the_same_videos_so_that_differences_are_paired():
    better = redrawn({0: [mean(SCORES + 0.01)]}, 500, seed=4)
    found = interval(better - redrawn({0: [mean(SCORES)]}, 500, seed=4))
    assert (found.low, found.high) == pytest.approx((0.01, 0.01))


def test_a_draw_has_as_many_videos_as_there_are():
    counts = draws(7, 100, seed=0, activity=0)
    assert (counts.sum(axis=1) == 7).all() and counts.max() > 1


def test_activities_are_drawn_independently():
    assert (draws(7, 10, seed=0, activity=0) != draws(7, 10, seed=0, activity=1)).any()


def test_draws_without_a_score_are_left_out():
    assert interval(np.array([np.nan, 0.5, 0.5])) == Interval(0.5, 0.5)
    assert np.isnan(interval(np.array([np.nan])).low)


@pytest.mark.parametrize(
    ("difference", "low", "high", "error", "winner"),
    [
        (0.03, 0.01, 0.05, False, 0),
        (-0.03, -0.05, -0.01, False, 1),
        (0.03, 0.01, 0.05, True, 1),
        (0.03, -0.01, 0.05, False, -1),
    ],
)
def test_better_is_what_the_interval_says_without_doubt(difference, low, high, error, winner):
    assert Comparison("A", "B", "AP@5", difference, Interval(low, high), error).winner == winner


def test_of_a_single_video_nothing_is_sure():
    single = {0: [mean(SCORES[:1])], 1: [mean(OTHERS[:1])]}
    found = interval(redrawn(single, 50, seed=0))
    assert np.isnan([found.low, found.high]).all()
    assert Comparison("A", "B", "AP@5", 0.5, found).winner == -1
    assert interval(redrawn({**single, 2: [mean(OTHERS)]}, 50, seed=0)).low > 0


def test_a_comparison_in_words():
    sure = Comparison("A", "B", "AP@5", -0.03, Interval(-0.05, -0.01))
    assert sure.sentence == ("B is better than A on AP@5 by 0.030 (95 %: 0.010 to 0.050)")
    huge = Comparison("A", "B", "progression", 2e6, Interval(3.0, 1e7))
    assert huge.sentence.endswith("by > 10 (95 %: 3.000 to > 10)")
    unsure = Comparison("A", "B", "AP@5", 0.01, Interval(-0.02, 0.04))
    assert unsure.sentence.startswith("no sure difference between A and B on AP@5")
