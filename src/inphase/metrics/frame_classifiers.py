"""The classifiers that phase classification fits to labelled frames."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Integer

from inphase.errors import InputError
from inphase.metrics.inputs import Given, Labels, extra, labelled_only
from inphase.metrics.logistic_regression import LogisticRegression

CLASSIFIERS = ("svc", "logistic", "linear")
SCORES = ("accuracy", "weighted_f1")


def check_choices(classifier: str, score: str) -> None:
    """Refuse a classifier or a score that is not there."""
    for name, value, known in (("classifier", classifier, CLASSIFIERS), ("score", score, SCORES)):
        if value not in known:
            raise InputError(f"{name} must be one of {', '.join(known)}, not '{value}'.")


def share_of_videos(videos: int, fraction: float | int, choice: str, seed: int) -> list[int]:
    """Which videos have their labels used: a share of them, but at least one.

    Args:
        videos: How many there are.
        fraction: Share of them, rounded down.
        choice: The first "in_order", or "random".
        seed: Of the random choice.
    """
    order = np.arange(videos)
    if choice == "random":
        order = np.random.default_rng(seed).permutation(order)
    return order[: max(1, int(fraction * videos))].tolist()


def score_of_videos(
    frames: Given,
    labels: Labels,
    chosen: Sequence[int],
    held_out: Float[np.ndarray, "m d"],
    truth: Integer[np.ndarray, " m"],
    classifier: str,
    score: str,
) -> float:
    """Fit a classifier to the labelled frames of chosen videos and score it on frames held out.

    Raises:
        InputError: If the chosen videos have no labelled frame.
    """
    x = np.concatenate([frames[video] for video in chosen])
    y = np.concatenate([labels[video] for video in chosen])
    if len(y) == 0:
        raise InputError(
            f"None of the {len(chosen)} train videos chosen has a frame with a label of 0 or more; "
            "take a larger share or label more videos."
        )
    predicted = predict(x, y, held_out, classifier)
    if score == "accuracy":
        return float((predicted == truth).mean())
    f1_score = extra("sklearn.metrics").f1_score
    return float(f1_score(truth, predicted, average="weighted", zero_division=0.0))


def predict(
    x: Float[np.ndarray, "n d"],
    y: Integer[np.ndarray, " n"],
    held_out: Float[np.ndarray, "m d"],
    classifier: str,
) -> Integer[np.ndarray, " m"]:
    """Labels of frames held out; where only one label was seen, that one for all."""
    build = _BUILDERS[classifier]
    if (y == y[0]).all():
        return np.full(len(held_out), y[0])
    return build().fit(x, y).predict(held_out)


def labelled_together(
    frames: Given, labels: Labels
) -> tuple[Float[np.ndarray, "m d"], Integer[np.ndarray, " m"]]:
    """All labelled frames of the videos held out, and their labels.

    Raises:
        InputError: If there is none.
    """
    frames, labels = labelled_only(frames, labels)
    held_out, truth = np.concatenate(frames), np.concatenate(labels)
    if len(truth) == 0:
        raise InputError("No frame of the val videos has a label of 0 or more to score.")
    return held_out, truth


def _svc():
    return extra("sklearn.svm").SVC()


def _linear():
    return extra("sklearn.svm").SVC(kernel="linear")


_BUILDERS: dict[str, Callable] = {
    "svc": _svc,
    "logistic": LogisticRegression,
    "linear": _linear,
}
