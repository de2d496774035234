"""Few-shot classification: phase classification from the labels of a handful of videos."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Integer

from inphase.errors import InputError
from inphase.metrics.frame_classifiers import check_choices, labelled_together, score_of_videos
from inphase.metrics.inputs import checked_split, extra, labelled_only


@dataclass(frozen=True, eq=False)
class FewShotScore:
    """Mean of the scores of all episodes, and how surely.

    Attributes:
        mean: Mean score, 0 to 1.
        margin: The confidence interval is from mean - margin to mean + margin.
        episodes: Score of each episode.
    """

    mean: float
    margin: float
    episodes: Float64[np.ndarray, "e"]


def few_shot_classification(
    train: Sequence[Float[np.ndarray, "..."]],
    train_labels: Sequence[Integer[np.ndarray, "..."]],
    val: Sequence[Float[np.ndarray, "..."]],
    val_labels: Sequence[Integer[np.ndarray, "..."]],
    *,
    k: int,
    episodes: int = 50,
    classifier: str = "svc",
    score: str = "accuracy",
    confidence: float = 0.95,
    seed: int = 42,
) -> FewShotScore:
    r"""Repeat phase classification from the labels of k train videos, chosen anew each time.

    Each episode takes the first k videos of a random permutation of the train videos that have a
    labelled frame, fits the classifier to those and scores it on all val videos. With standard
    error $s$ over E episodes, the margin is $s\, t_{E-1}$, Student's t at the given confidence.

    Range 0 to 1, higher is better. Pitfalls: the interval says how the choice of labelled videos
    matters, not what other val videos would score; k videos may lack a phase, which then cannot
    be got right.

    Source: Dwibedi et al., TCC, CVPR 2019 (code): k = 1 to 10, 50 episodes, SVC, seed 42, 95 %.
    Its generator runs on through all k, so of its episodes only those of its first k are ours.

    Args:
        train: Frames of each train video (T, D), as given.
        train_labels: Phase of each frame (T,).
        val: Frames of each val video (T, D).
        val_labels: Phase of each frame (T,).
        k: Number of labelled videos.
        episodes: How often they are chosen.
        classifier: As in `phase_classification`.
        score: As in `phase_classification`.
        confidence: Of the interval, between 0 and 1.
        seed: Of the choice.

    Raises:
        InputError: If the input does not fit together, val has no labelled frame, k is not 1 to
            the number of train videos with labels, there are fewer than two episodes, or an extra
            is missing.
    """
    check_choices(classifier, score)
    if episodes < 2:
        raise InputError(f"An interval needs two episodes or more, not {episodes}.")
    if not 0 < confidence < 1:
        raise InputError(f"confidence must be between 0 and 1, not {confidence}.")
    frames, phases, held_out, truth = checked_split(train, train_labels, val, val_labels)
    frames, phases = labelled_only(frames, phases)
    usable = [video for video, phase in enumerate(phases) if len(phase)]
    if not 1 <= k <= len(usable):
        raise InputError(
            f"k must be 1 to {len(usable)}, the number of train videos with labels, not {k}."
        )
    asked = labelled_together(held_out, truth)
    chosen = choices_of_videos(usable, k, episodes, seed)
    scores = np.array(
        [score_of_videos(frames, phases, each, *asked, classifier, score) for each in chosen]
    )
    return FewShotScore(float(scores.mean()), margin_of_mean(scores, confidence), scores)


def choices_of_videos(usable: Sequence[int], k: int, episodes: int, seed: int) -> list[list[int]]:
    """The k videos that each episode learns from."""
    random = np.random.RandomState(seed)  # As the published code does.
    return [random.permutation(usable)[:k].tolist() for _ in range(episodes)]


def margin_of_mean(scores: Float64[np.ndarray, "e"], confidence: float = 0.95) -> float:
    """Student's t interval of the mean of independent scores: how far either end is from it."""
    t = extra("scipy.stats").t.ppf((1 + confidence) / 2, len(scores) - 1)
    return float(t * scores.std(ddof=1) / np.sqrt(len(scores)))
