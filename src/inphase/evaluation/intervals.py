"""Intervals by bootstrap over videos: what other videos of the same kind would have scored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from inphase.evaluation.statistic import Statistic

LEVEL = 0.95
# With fewer videos the bootstrap is too sure of itself.
ROUGH = 10


@dataclass(frozen=True)
class Interval:
    """From `low` to `high` with 95 % confidence."""

    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """One row of the table less another on one metric.

    Attributes:
        first: Name of the one.
        second: Name of the other.
        metric: Its name.
        difference: Score of the first less that of the second.
        interval: Of the difference, from draws of the same videos for both.
        lower_is_better: Whether the metric is an error.
    """

    first: str
    second: str
    metric: str
    difference: float
    interval: Interval
    lower_is_better: bool = False

    @property
    def winner(self) -> int:
        """0 or 1 for which is surely better, -1 if that is not sure."""
        sure = self.interval.low > 0 or self.interval.high < 0
        if not sure or np.isnan(self.difference):
            return -1
        return int((self.difference > 0) == self.lower_is_better)

    @property
    def sentence(self) -> str:
        """Say which is better and how surely."""
        low, high, by = self.interval.low, self.interval.high, self.difference
        if self.winner < 0:
            return (
                f"no sure difference between {self.first} and {self.second} on {self.metric}: "
                f"{number(by, '+')} (95 %: {number(low, '+')} to {number(high, '+')})"
            )
        if by < 0:
            low, high, by = -high, -low, -by
        names = (self.first, self.second)
        better, worse = names if self.winner == 0 else names[::-1]
        return (
            f"{better} is better than {worse} on {self.metric} by {number(by)} "
            f"(95 %: {number(low)} to {number(high)})"
        )


def number(value: float | None, sign: str = "") -> str:
    """Three digits; a dash where there is none; how far beyond 10 is of no interest."""
    if value is None or np.isnan(value):
        return "-"
    if abs(value) > 10:
        return "> 10" if value > 0 else "< -10"
    return f"{value:{sign}.3f}"


def draws(videos: int, number: int, seed: int, activity: int) -> Float64[np.ndarray, "b v"]:
    """How often each video is there in each draw of as many videos, with replacement."""
    random = np.random.default_rng((seed, activity))
    return random.multinomial(videos, np.full(videos, 1 / videos), size=number).astype(np.float64)


def redrawn(
    scores: Mapping[int, Sequence[Statistic]], number: int, seed: int
) -> Float64[np.ndarray, " b"]:
    """Scores of draws of videos: mean over models, then over activities.

    Videos are drawn within their activity. The same seed draws the same videos, so differences
    between scores of the same videos are paired. Where every activity has a single video, draws are
    all the same and say nothing: NaN.

    Args:
        scores: For each activity, by number, the statistic of each model (seed).
        number: Of draws.
        seed: Of the draws.
    """
    if all(len(models[0].sums) < 2 for models in scores.values()):
        return np.full(number, np.nan)
    means = []
    for activity, models in scores.items():
        counts = draws(len(models[0].sums), number, seed, activity)
        means.append(np.mean([each.redrawn(counts) for each in models], axis=0))
    return np.mean(means, axis=0)


def interval(values: Float64[np.ndarray, " b"]) -> Interval:
    """The middle 95 % of scores of draws; draws without a score are left out."""
    known = values[~np.isnan(values)]
    if not len(known):
        return Interval(np.nan, np.nan)
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))
