"""Phase progression: does a line through the embeddings tell how far off each key event is?"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float64, Integer

from inphase.errors import InputError
from inphase.metrics.event_lines import EventLines, mean_r2, moments
from inphase.metrics.inputs import Given, Labels, checked_split
from inphase.metrics.key_events import MISSING, times_to_events


def phase_progression(
    train: Sequence[Float[np.ndarray, "..."]],
    train_labels: Sequence[Integer[np.ndarray, "..."]],
    val: Sequence[Float[np.ndarray, "..."]],
    val_labels: Sequence[Integer[np.ndarray, "..."]],
    *,
    missing: str = "last",
    phases: int | None = None,
    last_phase: bool = False,
) -> float:
    r"""Mean $R^2$ of linear regressions from frames to the signed time to each key event.

    Of K phases, key event $i = 0 \dots K-2$ of a video of T frames is at $t_i$, the last frame of
    phase $i$, and frame $t$ is to be regressed to

    $$y_i(t) = \frac{t - t_i}{T}.$$

    For each event, ordinary least squares with intercept is fitted to all frames of all train
    videos; with $\hat y$ its predictions for all frames of all val videos,
    $R^2_i = 1 - \sum (y_i - \hat y_i)^2 / \sum (y_i - \bar y_i)^2$. The score is the mean over
    events.

    Range below 0 (worse than the mean) to 1, higher is better, not clipped. Frames with a label
    below 0 have a time too and count; videos without any label of 0 or more are left out, and so
    are events that take one value in all val frames.

    Pitfalls: it is not progress inside a phase, as its name says; a clock scores .9 and more
    where phases keep their timing; phases are taken to come once and in order of their labels;
    with few train frames for the embeddings' dimensions the score can be far below 0.

    Source: Dwibedi et al., TCC, CVPR 2019 (code), which CARL and LAV took over.

    Args:
        train: Frames of each train video (T, D), as given.
        train_labels: Phase of each frame (T,).
        val: Frames of each val video (T, D).
        val_labels: Phase of each frame (T,).
        missing: Where a phase ends that a video lacks: "last", "previous", "before" or
            "left_out"; see `key_events`.
        phases: Number of phases K; the largest label + 1 if None.
        last_phase: Whether the end of the last phase counts as an event too, as in AE2.

    Raises:
        InputError: If the input does not fit together, `missing` is unknown, or no event can be
            scored.
    """
    if missing not in MISSING:
        raise InputError(f"missing must be one of {', '.join(MISSING)}, not '{missing}'.")
    frames, labels, held_out, truth = checked_split(train, train_labels, val, val_labels)
    largest = max(int(label.max()) for label in [*labels, *truth])
    phases = largest + 1 if phases is None else phases
    if phases <= largest:
        raise InputError(f"phases must be above the largest label, {largest}, not {phases}.")
    if phases < 2 and not last_phase:
        raise InputError(
            "There is a single phase, so no key event to regress to; give labels of two or more."
        )
    x, y = _together(frames, labels, phases + last_phase, missing, "train")
    x_val, y_val = _together(held_out, truth, phases + last_phase, missing, "val")
    error = y_val - EventLines(x, y).times(x_val)
    score = float(mean_r2(moments(error, y_val)[None])[0])
    if np.isnan(score):
        raise InputError(
            "No key event is known, at more than one value, in train and val videos to regress to."
        )
    return score


def _together(
    frames: Given, labels: Labels, phases: int, missing: str, side: str
) -> tuple[Float64[np.ndarray, "n d"], Float64[np.ndarray, "n e"]]:
    kept = [video for video, label in enumerate(labels) if (label >= 0).any()]
    if not kept:
        raise InputError(f"No {side} video has a frame with a label of 0 or more.")
    times = [times_to_events(labels[video], phases, missing) for video in kept]
    x = np.concatenate([frames[video] for video in kept], dtype=np.float64)
    return x, np.concatenate(times)
