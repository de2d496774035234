"""Progress error: how far apart in the activity are the frames that an alignment joins?"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from inphase.metrics.dtw_paths import dtw_paths
from inphase.metrics.inputs import (
    Pairs,
    checked_embeddings,
    checked_frames,
    checked_pairs,
    mean_of_defined,
)


def progress_error(
    embeddings: Sequence[Float[np.ndarray, "..."]],
    progress: Sequence[Float[np.ndarray, "..."]],
    *,
    stride: int = 1,
    pairs: Pairs | None = None,
) -> float:
    r"""Mean absolute difference of the true progress of frames that the DTW path joins.

    $$\frac{1}{K}\sum_{(i,j)} |p_i - q_j|$$

    over the K links of the path on squared Euclidean distances, then the mean over pairs. Links
    that touch a frame with NaN progress are not counted; pairs without a counted link are left
    out.

    In units of progress (1 = the whole activity), 0 is best. Pitfalls: progress is compared as a
    plain number, so of a repeated movement embed single repetitions; and where videos run evenly a
    straight line does well, so read it beside the clock's.

    Source: none; it is the mean absolute alignment error along a path, as in
    `inphase.metrics.alignment_error`, for progress that is known at every frame.

    Args:
        embeddings: Frames of each video (T, D), compared as given.
        progress: True progress of each frame (T,), usually 0 to 1; NaN where unknown.
        stride: Use every `stride`-th frame.
        pairs: Pairs of videos to average over; all ordered pairs if None.

    Raises:
        InputError: If the input does not fit together, or no link can be counted.
    """
    frames = checked_embeddings(embeddings, stride)
    truth = checked_frames(progress, embeddings, stride, what="progress")
    errors = []
    for (first, second), path in dtw_paths(frames, checked_pairs(pairs, len(frames))):
        rows, columns = path.T
        difference = np.abs(truth[first][rows] - truth[second][columns])
        known = difference[~np.isnan(difference)]
        errors.append(float(known.mean()) if len(known) else None)
    return mean_of_defined(errors, "No link joins two frames of known progress to score.")
