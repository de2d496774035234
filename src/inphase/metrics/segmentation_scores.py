"""Segmentation scores: do detected phases agree with the true ones, in extent and order?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Integer

from inphase.errors import InputError
from inphase.metrics.label_runs import Runs, label_runs

OVERLAPS = (0.10, 0.25, 0.50)


@dataclass(frozen=True)
class SegmentationScores:
    """How well detected phases agree with the true ones.

    Attributes:
        frame_accuracy: Share of frames with the true label; 0 to 1, higher is better.
        edit: Agreement of the order of the segments; 0 to 1, higher is better.
        f1_10: F1 of segments that overlap by 10 % or more; 0 to 1, higher is better.
        f1_25: The same of 25 %.
        f1_50: The same of 50 %.
        boundary_error: Distance of boundaries, in frames, or in seconds if times were given;
            0 is best. None if no video has a boundary.
    """

    frame_accuracy: float
    edit: float
    f1_10: float
    f1_25: float
    f1_50: float
    boundary_error: float | None


def segmentation_scores(
    predicted: Sequence[Integer[np.ndarray, "..."]],
    labels: Sequence[Integer[np.ndarray, "..."]],
    *,
    times: Sequence[Float[np.ndarray, "..."]] | None = None,
) -> SegmentationScores:
    r"""Score detected phases against the true ones.

    A segment is a run of frames with one label of 0 or more. A predicted label below 0 says "no
    phase": wrong as a frame, no segment. Where the true label is below 0, predictions are not
    judged, and end there.

    - Frame accuracy: over all judged frames of all videos together.
    - Edit: $1 - d / \max(S, P)$, with $d$ the Levenshtein distance of the labels of the S true
      and the P predicted segments; mean over videos.
    - F1@q: each predicted segment, in order, is held against the true segment of its label that
      it overlaps most (intersection over union); it is right if that is q or more and the true
      one was not taken before. $F_1 = 2 R / (S + P)$ with R right ones, over all videos.
    - Boundary error: a boundary is where one label gives way to another. Mean distance from each
      true boundary to the nearest predicted one, and from each predicted to the nearest true; the
      mean of the two, so that neither many nor few boundaries win; mean over videos. Where only
      one side has boundaries, it is the length of the video.

    Pitfalls: frame accuracy hardly notices over-segmentation, and edit no timing: read them
    together. Labels found without supervision must be matched with the true ones first.

    Source: Lea et al., CVPR 2017, as in Farha and Gall, MS-TCN, CVPR 2019 (code), where
    background is what a label below 0 is here. The boundary error is ours.

    Args:
        predicted: Detected phase of each frame (T,), of each video.
        labels: True phase of each frame (T,).
        times: Time of each frame (T,) in seconds, if boundaries are to be measured in seconds.

    Raises:
        InputError: If the input does not fit together, or no frame can be judged.
    """
    _check(predicted, labels, times)
    right = judged = matched = 0
    segments, edits, boundary_errors = 0, [], []
    for video, (found, true) in enumerate(zip(predicted, labels, strict=True)):
        known = true >= 0
        if not known.any():
            continue
        found = np.where(known, found, -1)
        right, judged = right + int((found == true)[known].sum()), judged + int(known.sum())
        ours, theirs = _segments(found), _segments(true)
        segments += len(ours.labels) + len(theirs.labels)
        edits.append(_edit(ours.labels, theirs.labels))
        matched = matched + _matched(ours, theirs)
        clock = np.arange(len(true), dtype=np.float64) if times is None else times[video]
        boundary_errors.append(_boundary_error(found, true, clock))
    if not judged:
        raise InputError("No frame has a true label of 0 or more, so nothing can be judged.")
    known_errors = [error for error in boundary_errors if error is not None]
    f1 = (2 * np.asarray(matched) / segments).tolist()
    return SegmentationScores(
        frame_accuracy=right / judged,
        edit=float(np.mean(edits)),
        f1_10=f1[0],
        f1_25=f1[1],
        f1_50=f1[2],
        boundary_error=float(np.mean(known_errors)) if known_errors else None,
    )


def _segments(labels: Integer[np.ndarray, " t"]) -> Runs:
    every = label_runs(labels)
    return Runs(*(each[every.labels >= 0] for each in every))


def _edit(found: Integer[np.ndarray, " p"], true: Integer[np.ndarray, " s"]) -> float:
    row = np.arange(len(true) + 1)
    for label in found:
        # The cheapest of all but insertions, and then these, from left to right.
        best = np.minimum(row[:-1] + (true != label), row[1:] + 1)
        best = np.concatenate([[row[0] + 1], best]) - np.arange(len(row))
        row = np.minimum.accumulate(best) + np.arange(len(row))
    return 1.0 - float(row[-1]) / max(len(found), len(true))


def _matched(found: Runs, true: Runs) -> Integer[np.ndarray, "3"]:
    """How many found segments are right, for each overlap asked for."""
    right = np.zeros(len(OVERLAPS), dtype=np.int64)
    taken = np.zeros((len(OVERLAPS), len(true.labels)), dtype=np.bool_)
    for label, start, end in zip(*found, strict=True):
        shared = np.minimum(end, true.ends) - np.maximum(start, true.starts)
        whole = np.maximum(end, true.ends) - np.minimum(start, true.starts)
        overlap = np.where(true.labels == label, shared / whole, -np.inf)
        best = int(overlap.argmax())
        hit = (overlap[best] >= np.array(OVERLAPS)) & ~taken[:, best]
        taken[hit, best] = True
        right += hit
    return right


def _boundary_error(
    found: Integer[np.ndarray, " t"],
    true: Integer[np.ndarray, " t"],
    clock: Float[np.ndarray, " t"],
) -> float | None:
    judged = true >= 0
    ours, theirs = clock[1:][_boundaries(found, judged)], clock[1:][_boundaries(true, judged)]
    if len(ours) == 0 and len(theirs) == 0:
        return None
    if len(ours) == 0 or len(theirs) == 0:
        # The last frame lasts as long as the one before it.
        return float(clock[-1] - clock[0] + clock[-1] - clock[-2])
    apart = np.abs(ours[:, None] - theirs)
    return float(apart.min(axis=0).mean() + apart.min(axis=1).mean()) / 2


def _boundaries(
    labels: Integer[np.ndarray, " t"], judged: Bool[np.ndarray, " t"]
) -> Bool[np.ndarray, " s"]:
    """Whether each frame but the first has another label than the one before, both judged."""
    return (labels[1:] != labels[:-1]) & judged[1:] & judged[:-1]


def _check(
    predicted: Sequence[Integer[np.ndarray, "..."]],
    labels: Sequence[Integer[np.ndarray, "..."]],
    times: Sequence[Float[np.ndarray, "..."]] | None,
) -> None:
    for what, given in (("predictions", predicted), ("times", times)):
        if given is None:
            continue
        if len(given) != len(labels):
            raise InputError(
                f"There are {what} of {len(given)} videos and labels of {len(labels)}; give one "
                "array each per video."
            )
        for video, (values, true) in enumerate(zip(given, labels, strict=True)):
            if true.ndim != 1 or values.shape != true.shape:
                raise InputError(
                    f"Video {video} has {what} of shape {values.shape} and labels of shape "
                    f"{true.shape}; give one each per frame (T,)."
                )
    if times is not None and not all(np.isfinite(each).all() for each in times):
        raise InputError("The times hold NaN or infinity.")
