"""The classifiers that phase classification fits to labelled frames."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float64, Integer

from inphase.errors import InputError
from inphase.metrics.inputs import Frames, Labels, extra, labelled_only

CLASSIFIERS = ("svc", "logistic", "linear")
SCORES = ("accuracy", "weighted_f1")


def check_choices(classifier: str, score: str) -> None:
    """Refuse a classifier or a score that is not there."""
    for name, value, known in (("classifier", classifier, CLASSIFIERS), ("score", score, SCORES)):
        if value not in known:
            raise InputError(f"{name} must be one of {', '.join(known)}, not '{value}'.")


def score_of_videos(
    frames: Frames,
    labels: Labels,
    chosen: Sequence[int],
    held_out: Float64[np.ndarray, "m d"],
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
    x: Float64[np.ndarray, "n d"],
    y: Integer[np.ndarray, " n"],
    held_out: Float64[np.ndarray, "m d"],
    classifier: str,
) -> Integer[np.ndarray, " m"]:
    """Labels of frames held out; where only one label was seen, that one for all."""
    build = _BUILDERS[classifier]
    classes = len(np.unique(y))
    if classes == 1:
        return np.full(len(held_out), y[0])
    return build(classes).fit(x, y).predict(held_out)


def labelled_together(
    frames: Frames, labels: Labels
) -> tuple[Float64[np.ndarray, "m d"], Integer[np.ndarray, " m"]]:
    """All labelled frames of the videos held out, and their labels.

    Raises:
        InputError: If there is none.
    """
    frames, labels = labelled_only(frames, labels)
    held_out, truth = np.concatenate(frames), np.concatenate(labels)
    if len(truth) == 0:
        raise InputError("No frame of the val videos has a label of 0 or more to score.")
    return held_out, truth


def _svc(classes: int):
    return extra("sklearn.svm").SVC()


def _linear(classes: int):
    return extra("sklearn.svm").SVC(kernel="linear")


def _logistic(classes: int):
    # CARL asks for one weight vector per class even of two, each with its penalty; scikit-learn
    # now has one for both, on which the same penalty is half as strong.
    strength = 2.0 if classes == 2 else 1.0
    return extra("sklearn.linear_model").LogisticRegression(C=strength, max_iter=100_000)


_BUILDERS: dict[str, Callable] = {"svc": _svc, "logistic": _logistic, "linear": _linear}
