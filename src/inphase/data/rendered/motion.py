"""Keyframed motion in canonical time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Track:
    """A value that passes smoothly through keyframes and never overshoots them.

    Cubic Hermite pieces; tangents are weighted harmonic means of the neighbouring slopes, and zero
    where the direction changes (Fritsch and Butland, SIAM J. Sci. Stat. Comput. 1984).
    """

    times: Float[np.ndarray, "k"]
    values: Float[np.ndarray, "k d"]
    tangents: Float[np.ndarray, "k d"]

    @staticmethod
    def through(
        keys: Mapping[float | int, float | int | Sequence[float | int] | np.ndarray],
    ) -> "Track":
        """Return the track through `{time: value}`; values are numbers or vectors."""
        times = np.array(sorted(keys), float)
        values = np.array([np.atleast_1d(keys[t]) for t in sorted(keys)], float)
        steps = np.diff(times)[:, None]
        slopes = np.diff(values, axis=0) / steps
        tangents = np.zeros_like(values)
        before, after = slopes[:-1], slopes[1:]
        w1, w2 = 2 * steps[1:] + steps[:-1], steps[1:] + 2 * steps[:-1]
        same = before * after > 0
        mean = w1 / np.where(same, before, 1) + w2 / np.where(same, after, 1)
        tangents[1:-1] = np.where(same, (w1 + w2) / np.where(same, mean, 1), 0)
        return Track(times, values, tangents)

    def at(self, time: float | int) -> Float[np.ndarray, "d"]:
        """Return the value at a time; held before the first and after the last keyframe."""
        time = min(max(time, self.times[0]), self.times[-1])
        k = min(int(np.searchsorted(self.times, time, side="right")) - 1, len(self.times) - 2)
        step = self.times[k + 1] - self.times[k]
        u = (time - self.times[k]) / step
        return (
            (1 + 2 * u) * (1 - u) ** 2 * self.values[k]
            + u * (1 - u) ** 2 * step * self.tangents[k]
            + u * u * (3 - 2 * u) * self.values[k + 1]
            + u * u * (u - 1) * step * self.tangents[k + 1]
        )
