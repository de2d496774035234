"""Rand index: does clustering the frames of a video find its phases?"""

import warnings
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float64, Integer

from inphase.metrics.inputs import (
    checked_embeddings,
    checked_frames,
    extra,
    labelled_only,
    mean_of_defined,
)


def rand_index(
    embeddings: Sequence[Float[np.ndarray, "..."]],
    labels: Sequence[Integer[np.ndarray, "..."]],
    *,
    seed: int = 0,
) -> float:
    r"""Share of pairs of frames on which K-means and the labels agree.

    The frames of each video are clustered into as many clusters as it has phases. Of the N frames
    of a video, $a$ pairs share both label and cluster, $b$ pairs share neither:

    $$\mathrm{RI} = \frac{a + b}{N(N-1)/2}.$$

    Mean over videos. Frames with a label below 0 are left out before clustering; so are videos of
    a single phase, in which there is nothing to find.

    Range 0 to 1, higher is better. Pitfalls: it is not corrected for chance: clusters at random
    score .5 for two even phases and .625 for four; and cutting a video into even parts, as a
    clock does, scores well.

    Source: the journal version of CARL, equation 7, which does not say the number of clusters;
    K-means is scikit-learn's, the best of 10 starts.

    Args:
        embeddings: Frames of each video (T, D), compared as given.
        labels: Phase of each frame (T,).
        seed: Of the starts of K-means.

    Raises:
        InputError: If the input does not fit together, no video has two phases, or scikit-learn
            is missing.
    """
    frames = checked_embeddings(embeddings, least=1)
    frames, phases = labelled_only(frames, checked_frames(labels, embeddings))
    return mean_of_defined(
        (_of_video(*video, seed) for video in zip(frames, phases, strict=True)),
        "No video has frames of two phases with labels of 0 or more to cluster.",
    )


def _of_video(
    frames: Float64[np.ndarray, "t d"], phases: Integer[np.ndarray, " t"], seed: int
) -> float | None:
    clusters = len(np.unique(phases))
    if clusters < 2:
        return None
    model = extra("sklearn.cluster").KMeans(clusters, n_init=10, random_state=seed)
    with warnings.catch_warnings():
        # A still video has fewer different frames than phases: its empty clusters do no harm.
        warnings.simplefilter("ignore", extra("sklearn.exceptions").ConvergenceWarning)
        found = model.fit_predict(frames)
    return float(extra("sklearn.metrics").rand_score(phases, found))
