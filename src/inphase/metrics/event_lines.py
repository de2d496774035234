"""Lines from frames to the signed times to key events: least squares, and how well they fit."""

import numpy as np
from jaxtyping import Bool, Float, Float64


class EventLines:
    """Least squares with intercept for each event, from the frames at which it is known.

    Args:
        x: Frames.
        y: Signed time to each event; NaN where it is not known.
    """

    def __init__(self, x: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, "n e"]):
        self._events = y.shape[1]
        # Events that are known at the same frames are one problem with several right-hand sides.
        self._lines = []
        known = ~np.isnan(y)
        for pattern in {each.tobytes(): each for each in known.T}.values():
            if pattern.any():
                alike = (known == pattern[:, None]).all(axis=0)
                self._lines.append((alike, *_fitted(x, y[:, alike], pattern)))

    def times(self, x: Float[np.ndarray, "m d"]) -> Float64[np.ndarray, "m e"]:
        """Predict the signed time to each event; NaN for events that no frame told of."""
        found = np.full((len(x), self._events), np.nan)
        for alike, center, offset, slopes in self._lines:
            found[:, alike] = offset + (x - center) @ slopes
        return found


def moments(
    error: Float64[np.ndarray, "t e"], times: Float64[np.ndarray, "t e"]
) -> Float64[np.ndarray, "4 e"]:
    """Of each event: frames, squared error, sum and sum of squares of the times.

    They add up over videos. Frames at which the error is NaN have no part.
    """
    known = ~np.isnan(error)
    error, times = np.where(known, error, 0), np.where(known, times, 0)
    rows = (known, np.square(error), times, np.square(times))
    return np.stack([row.sum(axis=0) for row in rows]).astype(np.float64)


def mean_r2(sums: Float64[np.ndarray, "b 4 e"]) -> Float64[np.ndarray, " b"]:
    """Mean $R^2$ over the events of more than one value, from `moments`; NaN if none is."""
    count, error, total, squares = (sums[:, k] for k in range(4))
    spread = squares - np.square(total) / np.maximum(count, 1)
    varies = spread > 1e-9 * np.maximum(count, 1)
    r2 = np.where(varies, 1 - error / np.where(varies, spread, 1), 0)
    events = varies.sum(axis=1)
    return np.where(events > 0, r2.sum(axis=1) / np.maximum(events, 1), np.nan)


def _fitted(
    x: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, "n e"], known: Bool[np.ndarray, " n"]
) -> tuple[Float64[np.ndarray, " d"], Float64[np.ndarray, " e"], Float64[np.ndarray, "d e"]]:
    if not known.all():
        x, y = x[known], y[known]
    center, offset = x.mean(axis=0), y.mean(axis=0)
    return center, offset, _slopes(x - center, y - offset)


def _slopes(
    x: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, "n e"]
) -> Float64[np.ndarray, "d e"]:
    """Least squares: of equally good solutions the shortest, as in scikit-learn."""
    products = x.T @ x
    sizes = np.linalg.eigvalsh(products)
    # The normal equations cost a fifth. They lose twice the digits, most of which solving again for
    # what is left gives back.
    if sizes[0] > 1e-7 * sizes[-1]:
        slopes = np.linalg.solve(products, x.T @ y)
        return slopes + np.linalg.solve(products, x.T @ (y - x @ slopes))
    return np.linalg.lstsq(x, y, rcond=None)[0]
