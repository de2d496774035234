"""Scores for which something is learnt from labels: classification, few-shot, and progression.

They are those of `inphase.metrics.phase_classification`, `few_shot_classification` and
`phase_progression`, taken apart by video. Where videos are left out in turn, what was predicted for
all of them is scored together.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Float64, Integer

from inphase.errors import InputError
from inphase.evaluation.activities import Fold
from inphase.evaluation.protocols import Protocol
from inphase.evaluation.statistic import Combine, Statistic, divided
from inphase.metrics.event_lines import EventLines, mean_r2, moments
from inphase.metrics.few_shot_classification import choices_of_videos, margin_of_mean
from inphase.metrics.frame_classifiers import predict, share_of_videos
from inphase.metrics.key_events import times_to_events

Values = Sequence[Float[np.ndarray, "_ _"]]
Labels = Sequence[Integer[np.ndarray, "_"]]
Counts = Float64[np.ndarray, "v 3 k"]

# Few-shot choices of the published code are those of this seed.
FEW_SHOT_SEED = 42


def classification(
    values: Values,
    labels: Labels,
    folds: Sequence[Fold],
    scored: Sequence[int],
    protocol: Protocol,
    seed: int,
) -> dict[str, Statistic]:
    """Phase classification from each share of the train videos."""
    _check(folds)
    frames = _Frames(values, labels, protocol.classifier)
    name, combine = _score_of(protocol)
    made = {}
    for fraction in protocol.fractions:
        counts = np.zeros((len(scored), 3, frames.classes))
        for train, held_out in folds:
            share = share_of_videos(len(train), fraction, protocol.fraction_choice, seed)
            frames.count(counts, [train[k] for k in share], held_out, scored)
        made[f"{name}@{fraction:g}"] = Statistic(counts, combine)
    return made


def few_shot(
    values: Values,
    labels: Labels,
    folds: Sequence[Fold],
    scored: Sequence[int],
    protocol: Protocol,
    seed: int,
) -> dict[str, Statistic | str]:
    """Mean over episodes of classification from k train videos; or why not, for larger k."""
    _check(folds)
    frames = _Frames(values, labels, protocol.classifier)
    usable = [[k for k in train if len(frames.labels[k])] for train, _ in folds]
    least = min(map(len, usable))
    name, combine = _score_of(protocol)
    made: dict[str, Statistic | str] = {}
    for k in protocol.few_shot_k:
        column = f"few-shot {name}@{k}"
        if k > least:
            made[column] = f"labelled videos to learn from: {least}"
            continue
        counts = np.zeros((protocol.episodes, len(scored), 3, frames.classes))
        for train, (_, held_out) in zip(usable, folds, strict=True):
            chosen = choices_of_videos(train, k, protocol.episodes, FEW_SHOT_SEED + seed)
            # Of few videos the same are chosen again and again, and learnt from once.
            for each in set(map(tuple, chosen)):
                found = np.zeros(counts.shape[1:])
                frames.count(found, each, held_out, scored)
                counts[[tuple(videos) == each for videos in chosen]] += found
        margin = margin_of_mean(combine(counts.sum(axis=1)))
        made[column] = replace(_mean_of_episodes(counts, protocol), margin=margin)
    return made


class _Frames:
    """The labelled frames of each video, and a classifier that learns from some of them."""

    def __init__(self, values: Values, labels: Labels, classifier: str):
        known = [each >= 0 for each in labels]
        self.labels = [each[keep] for each, keep in zip(labels, known, strict=True)]
        self.classes = 1 + max(int(each.max()) for each in self.labels if len(each))
        self._values = [
            each[keep].astype(np.float64) for each, keep in zip(values, known, strict=True)
        ]
        self._classifier = classifier

    def count(
        self, counts: Counts, train: Sequence[int], held_out: Sequence[int], scored: Sequence[int]
    ) -> None:
        """Learn from some videos, and put down what is found of each one held out."""
        asked = [k for k in held_out if len(self.labels[k])]
        y = np.concatenate([self.labels[k] for k in train])
        if not len(y) or not asked:
            return
        x, shown = (np.concatenate([self._values[k] for k in each]) for each in (train, asked))
        found = predict(x, y, shown, self._classifier)
        ends = np.cumsum([len(self.labels[k]) for k in asked])[:-1]
        for k, each in zip(asked, np.split(found, ends), strict=True):
            counts[scored.index(k)] = _counts(each, self.labels[k], self.classes)


def _score_of(protocol: Protocol) -> tuple[str, Combine]:
    if protocol.classification_score == "accuracy":
        return "classification", _accuracy
    return "F1", _weighted_f1


def _mean_of_episodes(counts: Float64[np.ndarray, "e v 3 k"], protocol: Protocol) -> Statistic:
    """Accuracy is a ratio over the same frames in all episodes; the F1 of each is another."""
    if protocol.classification_score == "accuracy":
        return Statistic(counts.sum(axis=0), _accuracy)

    def combine(sums: Float64[np.ndarray, "b e 3 k"]) -> Float64[np.ndarray, " b"]:
        return np.stack([_weighted_f1(each) for each in sums.swapaxes(0, 1)]).mean(axis=0)

    return Statistic(counts.swapaxes(0, 1), combine)


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
        lines = EventLines(x, np.concatenate([times[k] for k in train]))
        for k in held_out:
            if (labels[k] >= 0).any():
                error = times[k] - lines.times(values[k])
                sums[scored.index(k)] = moments(error, times[k])
    return {"progression": Statistic(sums, mean_r2)}


def _check(folds: Sequence[Fold]) -> None:
    if not all(train for train, _ in folds):
        raise InputError("There is no video to learn from: give labels of two videos or more.")
