"""Scores for which something is learnt from labels: phase classification and progression.

They are those of `inphase.metrics.phase_classification` and `phase_progression`, taken apart by
video. Where videos are left out in turn, what was predicted for all of them is scored together.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Float64, Integer

from inphase.errors import InputError
from inphase.evaluation.activities import Fold
from inphase.evaluation.protocols import Protocol
from inphase.evaluation.statistic import Statistic, divided
from inphase.metrics.frame_classifiers import predict
from inphase.metrics.key_events import times_to_events

Values = Sequence[Float[np.ndarray, "_ _"]]
Labels = Sequence[Integer[np.ndarray, "_"]]


def classification(
    values: Values,
    labels: Labels,
    folds: Sequence[Fold],
    scored: Sequence[int],
    protocol: Protocol,
    seed: int,
) -> dict[str, Statistic]:
    """Phase classification from each share of the train videos."""
    known = [each >= 0 for each in labels]
    frames = [each[keep].astype(np.float64) for each, keep in zip(values, known, strict=True)]
    truth = [each[keep] for each, keep in zip(labels, known, strict=True)]
    _check(folds)
    made = {}
    name = "classification" if protocol.classification_score == "accuracy" else "F1"
    classes = 1 + max(int(each.max()) for each in truth if len(each))
    combine = _accuracy if protocol.classification_score == "accuracy" else _weighted_f1
    for fraction in protocol.fractions:
        counts = np.zeros((len(scored), 3, classes))
        for train, held_out in folds:
            chosen = _share(train, fraction, protocol.fraction_choice, seed)
            x = np.concatenate([frames[k] for k in chosen])
            y = np.concatenate([truth[k] for k in chosen])
            asked = [k for k in held_out if len(truth[k])]
            if not len(y) or not asked:
                continue
            found = predict(x, y, np.concatenate([frames[k] for k in asked]), protocol.classifier)
            ends = np.cumsum([len(truth[k]) for k in asked])[:-1]
            for k, each in zip(asked, np.split(found, ends), strict=True):
                counts[scored.index(k)] = _counts(each, truth[k], classes)
        made[f"{name}@{fraction:g}"] = Statistic(counts, combine)
    return made


def _share(train: list[int], fraction: float, choice: str, seed: int) -> list[int]:
    order = np.array(train)
    if choice == "random":
        order = np.random.default_rng(seed).permutation(order)
    return order[: max(1, int(fraction * len(train)))].tolist()


def _counts(
    found: Integer[np.ndarray, " n"], truth: Integer[np.ndarray, " n"], classes: int
) -> Float64[np.ndarray, "3 k"]:
    """Of each class: frames found rightly, found, and there."""
    rows = (truth[found == truth], found, truth)
    return np.stack([np.bincount(row, minlength=classes) for row in rows]).astype(np.float64)


def _accuracy(counts: Float64[np.ndarray, "b 3 k"]) -> Float64[np.ndarray, " b"]:
    return divided(counts[:, 0].sum(axis=1), counts[:, 2].sum(axis=1))


def _weighted_f1(counts: Float64[np.ndarray, "b 3 k"]) -> Float64[np.ndarray, " b"]:
    right, found, there = counts[:, 0], counts[:, 1], counts[:, 2]
    f1 = 2 * right / np.maximum(found + there, 1)
    return divided((f1 * there).sum(axis=1), there.sum(axis=1))


def progression(
    values: Values,
    labels: Labels,
    folds: Sequence[Fold],
    scored: Sequence[int],
    protocol: Protocol,
    phases: int,
) -> dict[str, Statistic]:
    """Phase progression: R2 of lines from frames to the signed time to each key event."""
    _check(folds)
    events = phases - 1 + protocol.last_phase
    if events < 1:
        raise InputError("There is a single phase, so no key event to regress to.")
    classes = phases + protocol.last_phase
    times = [times_to_events(each, classes, protocol.missing) for each in labels]
    sums = np.zeros((len(scored), 4, events))
    for train, held_out in folds:
        train = [k for k in train if (labels[k] >= 0).any()]
        x = np.concatenate([values[k] for k in train]).astype(np.float64)
        slopes, offsets = _lines(x, np.concatenate([times[k] for k in train]))
        for k in held_out:
            if (labels[k] >= 0).any():
                error = times[k] - values[k] @ slopes - offsets
                sums[scored.index(k)] = _moments(error, times[k])
    return {"progression": Statistic(sums, _r2)}


def _lines(
    x: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, "n e"]
) -> tuple[Float64[np.ndarray, "d e"], Float64[np.ndarray, " e"]]:
    """Least squares with intercept, the shortest of equally good; events known together at once."""
    slopes, offsets = np.full((x.shape[1], y.shape[1]), np.nan), np.full(y.shape[1], np.nan)
    known = ~np.isnan(y)
    for pattern in np.unique(known, axis=1).T:
        if pattern.any():
            alike = (known == pattern[:, None]).all(axis=0)
            slopes[:, alike], offsets[alike] = _fit(x, y[:, alike], pattern)
    return slopes, offsets


def _fit(
    x: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, "n e"], known: Bool[np.ndarray, " n"]
) -> tuple[Float64[np.ndarray, "d e"], Float64[np.ndarray, " e"]]:
    x, y = x[known], y[known]
    center, offset = x.mean(axis=0), y.mean(axis=0)
    slopes = np.linalg.lstsq(x - center, y - offset, rcond=None)[0]
    return slopes, offset - center @ slopes


def _moments(
    error: Float64[np.ndarray, "t e"], times: Float64[np.ndarray, "t e"]
) -> Float64[np.ndarray, "4 e"]:
    """Of each event: frames, squared error, sum and sum of squares of the times."""
    known = ~np.isnan(error)
    error, times = np.where(known, error, 0), np.where(known, times, 0)
    rows = (known, np.square(error), times, np.square(times))
    return np.stack([row.sum(axis=0) for row in rows]).astype(np.float64)


def _r2(sums: Float64[np.ndarray, "b 4 e"]) -> Float64[np.ndarray, " b"]:
    """Mean over the events that take more than one value."""
    count, error, total, squares = (sums[:, k] for k in range(4))
    spread = squares - divided(np.square(total), count)
    varies = spread > 1e-9 * np.maximum(count, 1)
    r2 = np.where(varies, 1 - divided(error, np.where(varies, spread, 0)), 0)
    return divided(r2.sum(axis=1), varies.sum(axis=1).astype(np.float64))


def _check(folds: Sequence[Fold]) -> None:
    if not all(train for train, _ in folds):
        raise InputError("There is no video to learn from: give labels of two videos or more.")
