"""What the metrics have in common: checked input, pairs of videos, distances."""

from collections.abc import Iterable, Sequence
from importlib import import_module
from itertools import permutations
from types import ModuleType

import numpy as np
from jaxtyping import Float, Float64, Integer, Num

from inphase.errors import InputError

Pairs = Sequence[tuple[int, int]]
Frames = list[Float64[np.ndarray, "_ _"]]
# Of any precision, as they were given: made float64 where they are put together.
Given = list[Float[np.ndarray, "_ _"]]
Labels = list[Integer[np.ndarray, "_"]]


def extra(module: str) -> ModuleType:
    """Import a module of SciPy or scikit-learn, which the extra `metrics` brings.

    Raises:
        InputError: If it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise InputError(
            f"This metric needs {module}, which is not installed: "
            'pip install "inphase[metrics]" brings it.'
        ) from error


def checked_embeddings(
    embeddings: Sequence[Float[np.ndarray, "..."]], stride: int = 1, *, least: int = 2
) -> Frames:
    """Take every `stride`-th frame of each video, after checks, in float64.

    Raises:
        InputError: If there are fewer than `least` videos, shapes differ in D, a video has no
            frame, a value is NaN or infinite, or `stride` is below 1.
    """
    if stride < 1:
        raise InputError(f"stride must be at least 1 (every frame), not {stride}.")
    _check_embeddings(embeddings, least)
    return [values[::stride].astype(np.float64) for values in embeddings]


def _check_embeddings(embeddings: Sequence[Float[np.ndarray, "..."]], least: int) -> None:
    if len(embeddings) < least:
        raise InputError(
            "There are no videos to score."
            if least == 1
            else f"Videos are compared in pairs: give two or more, not {len(embeddings)}."
            if least == 2
            else f"This compares {least} videos at a time: give as many, not {len(embeddings)}."
        )
    for number, values in enumerate(embeddings):
        if values.ndim != 2 or 0 in values.shape:
            raise InputError(
                f"Video {number} has embeddings of shape {values.shape}, but (T, D) is needed, "
                "with at least one frame."
            )
        if values.shape[1] != embeddings[0].shape[1]:
            raise InputError(
                f"Video {number} has {values.shape[1]}-dimensional embeddings and video 0 "
                f"{embeddings[0].shape[1]}-dimensional ones; embed all with one model."
            )
        if not np.isfinite(values).all():
            raise InputError(f"The embeddings of video {number} hold NaN or infinity.")


def checked_frames(
    per_frame: Sequence[Num[np.ndarray, "..."]],
    embeddings: Sequence[Float[np.ndarray, "..."]],
    stride: int = 1,
    what: str = "labels",
) -> list[Num[np.ndarray, "_"]]:
    """Take every `stride`-th label (or other number per frame), one per embedded frame.

    Raises:
        InputError: If videos or frames are not the same in number as the embeddings.
    """
    if len(per_frame) != len(embeddings):
        raise InputError(
            f"There are {what} of {len(per_frame)} videos and embeddings of {len(embeddings)}; "
            "give one array each per video."
        )
    for number, (numbers, values) in enumerate(zip(per_frame, embeddings, strict=True)):
        if numbers.shape != values.shape[:1]:
            raise InputError(
                f"Video {number} has {what} of shape {numbers.shape} for {len(values)} frames; "
                "give one per frame."
            )
    return [numbers[::stride] for numbers in per_frame]


def checked_split(
    train: Sequence[Float[np.ndarray, "..."]],
    train_labels: Sequence[Integer[np.ndarray, "..."]],
    val: Sequence[Float[np.ndarray, "..."]],
    val_labels: Sequence[Integer[np.ndarray, "..."]],
) -> tuple[Given, Labels, Given, Labels]:
    """All frames and labels of both sides of a split, after checks.

    Raises:
        InputError: If a side has no video, labels do not fit, or the sides differ in D.
    """
    frames, held_out = list(train), list(val)
    for each in (frames, held_out):
        _check_embeddings(each, least=1)
    if frames[0].shape[1] != held_out[0].shape[1]:
        raise InputError(
            f"The train videos have {frames[0].shape[1]}-dimensional embeddings and the val videos "
            f"{held_out[0].shape[1]}-dimensional ones; embed all with one model."
        )
    return (
        frames,
        checked_frames(train_labels, train, what="train labels"),
        held_out,
        checked_frames(val_labels, val, what="val labels"),
    )


def labelled_only(frames: Given, labels: Labels) -> tuple[Given, Labels]:
    """The frames of each video that have a label of 0 or more, and their labels."""
    kept = [slice(None) if (label >= 0).all() else label >= 0 for label in labels]
    return (
        [values[chosen] for values, chosen in zip(frames, kept, strict=True)],
        [label[chosen] for label, chosen in zip(labels, kept, strict=True)],
    )


def checked_pairs(pairs: Pairs | None, videos: int) -> Pairs:
    """All ordered pairs of different videos, unless pairs are given.

    Raises:
        InputError: If `pairs` is empty or names a video that is not there.
    """
    if pairs is None:
        return list(permutations(range(videos), 2))
    if len(pairs) == 0:
        raise InputError("No pairs of videos were given; leave `pairs` out to take all.")
    for first, second in pairs:
        if not (0 <= first < videos and 0 <= second < videos):
            raise InputError(
                f"The pair ({first}, {second}) names a video that is not among the {videos} given."
            )
    return pairs


def squared_distances(
    first: Float64[np.ndarray, "n d"], second: Float64[np.ndarray, "m d"]
) -> Float64[np.ndarray, "n m"]:
    r"""Squared Euclidean distances $\sum_d (x_{id} - y_{jd})^2$.

    Summed difference by difference and not by way of a matrix product, whose rounding would break
    ties between frames that are the same: a frozen video would seem to have an order.
    """
    total = np.zeros((len(first), len(second)))
    for x, y in zip(first.T, second.T, strict=True):
        difference = np.subtract.outer(x, y)
        difference *= difference
        total += difference
    return total


def mean_of_defined(scores: Iterable[float | None], reason: str) -> float:
    """Mean of the scores that are defined.

    Raises:
        InputError: If none is; the message is `reason`.
    """
    defined = [score for score in scores if score is not None]
    if not defined:
        raise InputError(reason)
    return float(np.mean(defined))
