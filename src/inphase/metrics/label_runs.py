"""Runs of frames with one label: what phases look like in a video."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Integer


class Runs(NamedTuple):
    """Label of each run of a video, the frame it begins with, and the first one after it."""

    labels: Integer[np.ndarray, " s"]
    starts: Integer[np.ndarray, " s"]
    ends: Integer[np.ndarray, " s"]


def label_runs(labels: Integer[np.ndarray, " t"]) -> Runs:
    """Split the T > 0 frames of a video into runs of one label."""
    starts = np.concatenate([[0], np.flatnonzero(labels[1:] != labels[:-1]) + 1])
    return Runs(labels[starts], starts, np.append(starts[1:], len(labels)))
