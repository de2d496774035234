"""Which cells of a batch of pairs are there: lengths and band, as bounds of each row."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int64

from inphase.warping.band import Band, bounds


class Extent(NamedTuple):
    """Cells (i, j) of pair b that a path may visit: `low[b, i] <= j < high[b, i]`.

    Rows past the length of a pair have none.
    """

    rows: Int64[np.ndarray, " b"]
    columns: Int64[np.ndarray, " b"]
    low: Int64[np.ndarray, "b n"]
    high: Int64[np.ndarray, "b n"]

    def inside(self, width: int) -> Bool[np.ndarray, "b n {width}"]:
        """True at the cells that are there."""
        column = np.arange(width)
        return (self.low[..., None] <= column) & (column < self.high[..., None])


def extent(
    rows: Int64[np.ndarray, " b"],
    columns: Int64[np.ndarray, " b"],
    height: int,
    band: Band = None,
) -> Extent:
    """Bounds of each row of a batch, for pairs of these lengths in matrices of `height` rows.

    Raises:
        InputError: If the band is not one, or no path of a pair fits it.
    """
    low = np.zeros((len(rows), height), dtype=np.int64)
    if band is None:
        high = np.where(np.arange(height) < rows[:, None], columns[:, None], 0)
        return Extent(rows, columns, low, high)
    high = np.zeros_like(low)
    for b, (n, m) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        low[b, :n], high[b, :n] = _bounds(n, m, band, type(band))
    return Extent(rows, columns, low, high)


@lru_cache(maxsize=64)
def _bounds(
    n: int, m: int, band: Band, kind: type
) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n"]]:
    # `kind` is part of the key, for 1 and 1.0 are equal but not the same band.
    return bounds(n, m, band)
