"""Phase classification: can a simple classifier tell the phase of a single frame?"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Integer

from inphase.errors import InputError
from inphase.metrics.frame_classifiers import (
    check_choices,
    labelled_together,
    score_of_videos,
    share_of_videos,
)
from inphase.metrics.inputs import checked_split, labelled_only


def phase_classification(
    train: Sequence[Float[np.ndarray, "..."]],
    train_labels: Sequence[Integer[np.ndarray, "..."]],
    val: Sequence[Float[np.ndarray, "..."]],
    val_labels: Sequence[Integer[np.ndarray, "..."]],
    *,
    fraction: float | int = 1.0,
    classifier: str = "svc",
    choice: str = "in_order",
    score: str = "accuracy",
    seed: int = 0,
) -> float:
    r"""Accuracy, on the frames of val videos, of a classifier fitted to frames of train videos.

    The classifier sees the labelled frames of $\max(1, \lfloor fN \rfloor)$ of the N train videos:
    the first ones as given, or chosen at random. The score is over the frames of all val videos
    together, so long videos weigh more. Frames with a label below 0 are left out on both sides.
    If the frames to learn from have a single label, it is predicted for all.

    - "svc": scikit-learn's `SVC()`: RBF kernel, C = 1, gamma "scale", one against one. TCC, LAV.
    - "logistic": multinomial logistic regression, lbfgs, C = 1, one penalised weight vector per
      class, also where there are two. CARL's code, though its paper says SVM.
    - "linear": `SVC(kernel="linear")`, the same with a linear kernel.

    Range 0 to 1, higher is better. Pitfalls: uneven phases make even a constant look good; a
    clock, which knows elapsed time alone, does well where phases keep their timing; none of the
    classifiers scales the embeddings, so "logistic" and "linear" depend on their length.

    Source: Dwibedi et al., TCC, CVPR 2019, section 5.2; weighted F1: Xue and Grauman, AE2.

    Args:
        train: Frames of each train video (T, D), as given.
        train_labels: Phase of each frame (T,).
        val: Frames of each val video (T, D).
        val_labels: Phase of each frame (T,).
        fraction: Share of the train videos (not frames) whose labels are used, above 0 to 1.
        classifier: "svc", "logistic" or "linear".
        choice: Videos "in_order", as in the published code, or "random".
        score: "accuracy" or "weighted_f1", the mean F1 of the phases, by frames.
        seed: Of the random choice.

    Raises:
        InputError: If the input does not fit together, no frame is labelled on a side, a setting
            is unknown, or scikit-learn is missing.
    """
    check_choices(classifier, score)
    if not 0 < fraction <= 1:
        raise InputError(f"fraction must be above 0 and at most 1, not {fraction}.")
    if choice not in ("in_order", "random"):
        raise InputError(f"choice must be 'in_order' or 'random', not '{choice}'.")
    frames, phases, held_out, truth = checked_split(train, train_labels, val, val_labels)
    chosen = share_of_videos(len(frames), fraction, choice, seed)
    frames, phases = labelled_only(frames, phases)
    return score_of_videos(
        frames, phases, chosen, *labelled_together(held_out, truth), classifier, score
    )
