"""Exactly known time: when each phase of a rendered video starts, pauses and ends."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from inphase.errors import InputError


@dataclass(frozen=True)
class Piece:
    """A stretch of a video in which canonical time runs evenly from `start` to `stop`.

    Attributes:
        seconds: How long the stretch lasts.
        phase: Index of the phase; -1 is background, where nothing of the activity happens.
        start: Canonical time at its beginning; in background the canonical time of the held scene.
        stop: Canonical time at its end; equal to `start` in a pause and in background.
    """

    seconds: float
    phase: int
    start: float
    stop: float


@dataclass(frozen=True)
class Truth:
    """What every frame of a rendered video shows.

    Attributes:
        times: Presentation time of every frame, seconds.
        phase_time: Canonical time: phase p runs from p to p + 1; NaN in background.
        labels: Index of the phase; -1 in background.
        phases: Names of the phases.
    """

    times: Float64[np.ndarray, "t"]
    phase_time: Float64[np.ndarray, "t"]
    labels: Int[np.ndarray, "t"]
    phases: tuple[str, ...]

    def segments(self) -> list[tuple[float, float, str]]:
        """Return the phases as (start, end, name), seconds, half-open, background left out.

        A phase that is shown twice in a row gives two segments. The last frame lasts as long as
        the one before it.
        """
        ends = np.append(self.times[1:], 2 * self.times[-1] - self.times[-2])
        back = np.diff(self.phase_time, prepend=np.nan) < 0
        first = np.flatnonzero((np.diff(self.labels, prepend=-2) != 0) | back)
        last = np.append(first[1:], len(self.times)) - 1
        return [
            (float(self.times[a]), float(ends[b]), self.phases[self.labels[a]])
            for a, b in zip(first, last, strict=True)
            if self.labels[a] >= 0
        ]


def truth(pieces: tuple[Piece, ...], phases: tuple[str, ...], fps: float) -> Truth:
    """Return the truth of a video that shows `pieces` at `fps` frames per second.

    Raises:
        InputError: If the pieces are shorter than two frames.
    """
    total = sum(piece.seconds for piece in pieces)
    count = round(total * fps)
    if count < 2:
        raise InputError(f"the plan lasts {total:.2f} s, but a video needs two frames or more")
    times = np.arange(count) / fps
    piece, share = _where(pieces, times)
    start = np.array([p.start for p in pieces])[piece]
    stop = np.array([p.stop for p in pieces])[piece]
    labels = np.array([p.phase for p in pieces])[piece]
    phase_time = np.where(labels >= 0, start + share * (stop - start), np.nan)
    return Truth(times, phase_time, labels, phases)


def idle_share(pieces: tuple[Piece, ...], fps: float) -> Float64[np.ndarray, "t 2"]:
    """Return for every frame the canonical time of the scene and the share of its idle stretch.

    The share is 0 outside background.
    """
    count = round(sum(piece.seconds for piece in pieces) * fps)
    piece, share = _where(pieces, np.arange(count) / fps)
    start = np.array([p.start for p in pieces])[piece]
    stop = np.array([p.stop for p in pieces])[piece]
    idle = np.array([p.phase < 0 for p in pieces])[piece]
    return np.stack([start + share * (stop - start), np.where(idle, share, 0.0)], axis=1)


def _where(
    pieces: tuple[Piece, ...], times: Float64[np.ndarray, "t"]
) -> tuple[Int[np.ndarray, "t"], Float64[np.ndarray, "t"]]:
    """Return the piece at each time and the share of it that has passed."""
    ends = np.cumsum([p.seconds for p in pieces])
    piece = np.minimum(np.searchsorted(ends, times + 1e-9, side="right"), len(pieces) - 1)
    seconds = np.array([p.seconds for p in pieces])[piece]
    share = (times - (ends[piece] - seconds)) / np.maximum(seconds, 1e-9)
    return piece, np.clip(share, 0.0, 1.0)


def schedule(
    rng: np.random.Generator,
    seconds: tuple[float, ...],
    *,
    variation: float,
    pauses: float = 0.0,
    background: float = 0.0,
    missing: int = 0,
    repeated: int = 0,
    fps: float = 15.0,
) -> tuple[Piece, ...]:
    """Draw how long every phase of one video lasts, and what else happens.

    Args:
        rng: Source of randomness.
        seconds: Mean length of each phase.
        variation: Coefficient of variation of each phase's length over videos. Lengths are
            log-normal and independent; none is shorter than three frames.
        pauses: Chance that a phase holds still once, for 0.3 to 1.2 s.
        background: Longest idle time before and after the activity, seconds; drawn uniformly.
        missing: Number of inner phases left out, as by a cut.
        repeated: Number of phases shown twice, as by a replay.
        fps: Frames per second.
    """
    sigma = np.sqrt(np.log1p(variation**2))
    count = len(seconds)
    left_out = set(rng.permutation(np.arange(1, count - 1))[:missing].tolist())
    again = set(rng.permutation([p for p in range(count) if p not in left_out])[:repeated].tolist())
    pieces: list[Piece] = []
    for phase in range(count):
        for _ in range(0 if phase in left_out else 2 if phase in again else 1):
            length = seconds[phase] * float(np.exp(sigma * rng.standard_normal() - sigma**2 / 2))
            pieces += _phase(rng, phase, max(length, 3 / fps), pauses)
    if background > 0:
        head, tail = rng.uniform(0.2, 1.0, 2) * background
        pieces = [
            Piece(float(head), -1, 0.0, 0.0),
            *pieces,
            Piece(float(tail), -1, float(count), float(count)),
        ]
    return tuple(pieces)


def _phase(rng: np.random.Generator, phase: int, length: float, pauses: float) -> list[Piece]:
    if rng.random() >= pauses:
        return [Piece(length, phase, float(phase), phase + 1.0)]
    share = float(rng.uniform(0.2, 0.8))
    held = phase + share
    return [
        Piece(share * length, phase, float(phase), held),
        Piece(float(rng.uniform(0.3, 1.2)), phase, held, held),
        Piece((1 - share) * length, phase, held, phase + 1.0),
    ]
