"""Key events: the moments at which one phase of an activity ends and the next begins."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64, Integer

MISSING = ("last", "previous", "before", "left_out")


def key_events(
    labels: Integer[np.ndarray, " t"], phases: int, missing: str = "last"
) -> Float64[np.ndarray, " e"]:
    """Frame (phases - 1,) at which each phase but the last ends: the last frame with its label.

    A phase that the video lacks ends

    - "last": at the first frame, from the second on, that has a label above it, or the last of
      the video (TCC's code of 2021, which agrees with the older code where none is missing);
    - "previous": with the phase before it, or at frame -1 if there is none (CASA);
    - "before": at frame -1, before the video begins (LAV);
    - "left_out": never: NaN (AE2).
    """
    events = np.empty(phases - 1)
    for phase in range(phases - 1):
        shown = np.flatnonzero(labels == phase)
        before = events[phase - 1] if phase else -1.0
        events[phase] = shown[-1] if len(shown) else _INSTEAD[missing](labels, phase, before)
    return events


def _last(labels: Integer[np.ndarray, " t"], phase: int, before: float) -> float:
    later = np.flatnonzero(labels[1:] > phase) + 1
    return float(later[0] if len(later) else len(labels) - 1)


_INSTEAD: dict[str, Callable] = {
    "last": _last,
    "previous": lambda labels, phase, before: before,
    "before": lambda labels, phase, before: -1.0,
    "left_out": lambda labels, phase, before: np.nan,
}


def times_to_events(
    labels: Integer[np.ndarray, " t"], phases: int, missing: str = "last"
) -> Float64[np.ndarray, "t e"]:
    """Signed time from each key event to each frame, as a share of the video; see `key_events`."""
    count = len(labels)
    return (np.arange(count)[:, None] - key_events(labels, phases, missing)) / count
