"""Which frames of two views of one scene show the same moments, whatever their frame rates."""

import numpy as np
from jaxtyping import Float64, Int64

Seconds = Float64[np.ndarray, " _"]
Frames = Int64[np.ndarray, " _"]


def in_common(times: Seconds, others: Seconds) -> Frames:
    """Number the frames of one view that are shown while the other view runs.

    Args:
        times: When each frame of the view is shown, in seconds of a clock that both views share.
        others: The same of the other view.
    """
    return np.flatnonzero((times >= others[0]) & (times <= others[-1]))


def nearest(times: Seconds, moments: Seconds) -> Frames:
    """Name the frame of a view nearest to each moment, the earlier one of two that are as near.

    Args:
        times: When each frame of the view is shown, in seconds, rising.
        moments: In seconds of the same clock.
    """
    later = np.searchsorted(times, moments).clip(max=len(times) - 1)
    earlier = (later - 1).clip(min=0)
    return np.where(moments - times[earlier] <= times[later] - moments, earlier, later)
