"""A score as sums over videos, so that it can be computed again for videos drawn anew."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

Combine = Callable[[Float64[np.ndarray, "..."]], Float64[np.ndarray, "..."]]


@dataclass(frozen=True, eq=False)
class Statistic:
    """What a score is made of.

    Attributes:
        sums: For each video what it adds, (V, ...); zeros where it has no say.
        combine: From such sums over videos, one set a draw (B, ...), to scores (B,); NaN where
            undefined.
        margin: Of a mean over episodes: 95 % are within it, by Student's t; None without episodes.
    """

    sums: Float64[np.ndarray, "v ..."]
    combine: Combine
    margin: float | None = None

    @property
    def value(self) -> float:
        """The score of all videos; NaN where undefined."""
        return float(self.combine(self.sums.sum(axis=0)[None])[0])

    def redrawn(self, counts: Float64[np.ndarray, "b v"]) -> Float64[np.ndarray, " b"]:
        """Scores where video v is there counts[b, v] times."""
        return self.combine(np.tensordot(counts, self.sums, axes=1))


def mean(
    values: Float[np.ndarray, " v"], weights: Float[np.ndarray, " v"] | None = None
) -> Statistic:
    """The statistic whose score is a (weighted) mean over videos; NaN is left out."""
    weights = np.ones(len(values)) if weights is None else weights
    weights = np.where(np.isnan(values), 0, weights)
    return ratio(np.stack([np.nan_to_num(values) * weights, weights], axis=1))


def ratio(sums: Float64[np.ndarray, "v 2"]) -> Statistic:
    """The statistic whose score is a sum over videos by another."""
    return Statistic(sums, _ratio)


def _ratio(sums: Float64[np.ndarray, "b 2"]) -> Float64[np.ndarray, " b"]:
    return divided(sums[:, 0], sums[:, 1])


def divided(
    above: Float64[np.ndarray, "*n"], below: Float64[np.ndarray, "*n"]
) -> Float64[np.ndarray, "*n"]:
    """The quotient, NaN where there is nothing below."""
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below != 0)
