"""Enclosed-area error: the area between the curve of an alignment and the true one."""

import numpy as np
from jaxtyping import Float, Int

from inphase.errors import InputError
from inphase.metrics.alignment_error import alignment_error


def enclosed_area_error(
    path: Int[np.ndarray, "k 2"],
    reference: Float[np.ndarray, "n"],
    own: Float[np.ndarray, "m"],
) -> float:
    r"""Area between the curves of an alignment and of the truth, as a share of all there is.

    With $e_i$ the error in own frames (`alignment_error`) of the n' reference frames that have
    one, and m own frames,

    $$\mathrm{EAE} = \frac{1}{n' m} \sum_i e_i .$$

    Range 0 (perfect) to below 1, lower is better. Since it is relative to the own video's length,
    videos of unlike length compare. Pitfalls: the straight line already has a small area where
    timings are alike; and frames of moments that the own video never shows are left out, so it
    says nothing of wrong matches there.

    Source: Donahue and Elhamifar, GTCC, CVPR 2024 (code), for nearest frames as path and the
    truth of `canonical_time`. There the true frame is a whole one, here it may lie between two.

    Args:
        path: Links (reference frame, own frame), as those of DTW, or each frame with its nearest.
        reference: Canonical time of every reference frame; NaN in background.
        own: The same of the own video.

    Raises:
        InputError: If the path leaves either video, or no reference frame has an error.
    """
    error = alignment_error(path, reference, own).mean_frames
    if np.isnan(error):
        raise InputError("The two videos show no moment in common that the path could miss.")
    return error / len(own)
