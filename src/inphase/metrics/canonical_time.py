"""Canonical time from labels: what moment of the activity each frame shows, phase by phase."""

import numpy as np
from jaxtyping import Float64, Integer

from inphase.metrics.label_runs import label_runs


def canonical_time(labels: Integer[np.ndarray, " t"]) -> Float64[np.ndarray, " t"]:
    """Moment of the activity (T,) that each frame shows, taking each phase to run evenly.

    Frame k of the L frames on end with label p is at p + k / L; NaN where the label is below 0.
    It is the truth for `alignment_error` and `enclosed_area_error` where only labels are known.

    A pitfall: inside a phase it is a guess, so errors below a part of a phase mean little.
    """
    if len(labels) == 0:
        return np.empty(0)
    _, starts, ends = label_runs(labels)
    lengths = ends - starts
    since = np.arange(len(labels)) - np.repeat(starts, lengths)
    return np.where(labels >= 0, labels + since / np.repeat(lengths, lengths), np.nan)
