"""Alignment error: how far from the true moment an alignment puts every frame."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from inphase.errors import InputError


@dataclass(frozen=True)
class AlignmentError:
    """The error of every reference frame, NaN where it has none.

    Attributes:
        frames: Distance to the true own frame, in own frames.
        phases: Distance in canonical time: 1 is one phase.
        seconds: Distance in seconds of the own video; None if its times were not given.
    """

    frames: Float[np.ndarray, "n"]
    phases: Float[np.ndarray, "n"]
    seconds: Float[np.ndarray, "n"] | None = None

    @property
    def median_frames(self) -> float:
        """Median over the reference frames that count, in frames; NaN if none does."""
        return float(np.median(kept)) if len(kept := _known(self.frames)) else np.nan

    @property
    def mean_frames(self) -> float:
        """Mean over the reference frames that count, in frames; NaN if none does."""
        return float(np.mean(kept)) if len(kept := _known(self.frames)) else np.nan

    @property
    def median_seconds(self) -> float:
        """Median over the reference frames that count, in seconds; NaN if none does."""
        return float(np.median(kept)) if len(kept := _known(self._in_seconds)) else np.nan

    @property
    def mean_seconds(self) -> float:
        """Mean over the reference frames that count, in seconds; NaN if none does."""
        return float(np.mean(kept)) if len(kept := _known(self._in_seconds)) else np.nan

    @property
    def _in_seconds(self) -> Float[np.ndarray, "n"]:
        if self.seconds is None:
            raise InputError("The error in seconds needs the own video's frame times: give times.")
        return self.seconds

    @property
    def mean_phases(self) -> float:
        """Mean over the reference frames that count, in phases; NaN if none does."""
        return float(np.mean(kept)) if len(kept := _known(self.phases)) else np.nan


def alignment_error(
    path: Int[np.ndarray, "k 2"],
    reference: Float[np.ndarray, "n"],
    own: Float[np.ndarray, "m"],
    *,
    times: Float[np.ndarray, "..."] | None = None,
) -> AlignmentError:
    r"""Return the error of an alignment whose truth is known exactly.

    Canonical time $\tau$ says what moment of the activity a frame shows: phase p runs from p to
    p + 1. Let $j(i)$ be the mean of the own frames that the path links to reference frame $i$, and
    $J(i)$ all the (fractional) own frames at which the linearly interpolated own $\tau$ equals
    $\tau_i$. Then

    $$e_i = \min_{j \in J(i)} |j(i) - j| .$$

    In seconds, positions between two frames are at times between theirs. In phases the error is
    $|\tau(j(i)) - \tau_i|$; own background counts as the nearest moment of the activity.

    Range: 0 (perfect) to m - 1 frames, lower is better. Half a frame is the floor of whole-frame
    paths: even a perfect one rounds.

    Left out (NaN): reference frames in background, and those whose moment own never shows (its
    phase is missing, or it begins later or ends earlier). A reference frame of the activity that is
    linked to own background does count: its true frame is known, and leaving it out would reward
    a path for sending everything there.

    Pitfalls: errors in frames grow with the length of the own video, so compare them on the same
    videos only. The clock (path along elapsed time) is the baseline to beat: its error says how
    different the timings are. In a pause all of its frames are true, so pauses are easier than they
    look.

    Source: none; the papers have no truth to measure against.

    Args:
        path: Links (reference frame, own frame); every reference frame that has no link is left
            out.
        reference: Canonical time of every reference frame; NaN in background. A step back or a step
            of one phase or more is a cut: what lies between is not shown.
        own: The same of the own video.
        times: Times (m,) of the own frames in seconds, if the error is asked in seconds too.

    Raises:
        InputError: If the path leaves either video, or there is not one time per own frame.
    """
    n, m = len(reference), len(own)
    if len(path) and (path.min() < 0 or path[:, 0].max() >= n or path[:, 1].max() >= m):
        raise InputError(
            f"the path runs to frames {tuple(path.max(0).tolist())}, but the videos have {n} and "
            f"{m}: give the path of these two videos"
        )
    if times is not None and times.shape != (m,):
        raise InputError(f"times have shape {times.shape} for {m} own frames; give one per frame.")
    links = np.bincount(path[:, 0], minlength=n)
    total = np.bincount(path[:, 0], weights=path[:, 1], minlength=n)
    matched = np.where(links > 0, total / np.maximum(links, 1), np.nan)
    true = _true_positions(matched, reference, own)
    frames = _nearest(np.abs(matched[:, None] - true))
    seconds = None
    if times is not None:
        at, every = np.interp(matched, np.arange(m), times), np.interp(true, np.arange(m), times)
        seconds = _nearest(np.abs(at[:, None] - every))
    active = np.flatnonzero(~np.isnan(own))
    if not len(active):
        return AlignmentError(frames, np.full(n, np.nan), seconds)
    phases = np.abs(np.interp(matched, active, own[active]) - reference)
    # Between the two frames of a cut the interpolated time is of no moment that was shown.
    phases = np.where(frames == 0, 0.0, np.where(np.isnan(frames), np.nan, phases))
    return AlignmentError(frames, phases, seconds)


def _true_positions(
    matched: Float[np.ndarray, "n"], reference: Float[np.ndarray, "n"], own: Float[np.ndarray, "m"]
) -> Float[np.ndarray, "n k"]:
    """Where each reference frame's moment is shown, in own frames, whole or not; NaN pads.

    Of a pause only the position nearest to the matched one is there.
    """
    start, step = own[:-1], np.diff(own)
    first = np.flatnonzero((step >= 0) & (step < 1))
    # Frames that show the very moment, and moments passed between two frames.
    same = np.isclose(reference[:, None], own[None], rtol=0, atol=1e-9)
    at = np.where(same, np.arange(len(own)), np.nan)
    past = reference[:, None] - start[first]
    share = past / np.where(step[first] > 0, step[first], 1.0)
    within = (past >= 0) & (past <= step[first])
    # In a pause every frame between its two ends is true.
    still = np.clip(matched[:, None] - first, 0.0, 1.0)
    share = np.where(step[first] > 0, share, still)
    return np.concatenate([at, np.where(within, first + share, np.nan)], axis=1)


def _nearest(distances: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n"]:
    """Smallest of each row that is known, NaN where none is."""
    nearest = np.where(np.isnan(distances), np.inf, distances).min(axis=1, initial=np.inf)
    return np.where(np.isfinite(nearest), nearest, np.nan)


def _known(values: Float[np.ndarray, "n"]) -> Float[np.ndarray, "k"]:
    return values[~np.isnan(values)]
