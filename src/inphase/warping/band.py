"""Sakoe-Chiba band: which cells a warping path may visit, around the slope of the pair."""

import math

import numpy as np
from jaxtyping import Int64

from inphase.errors import InputError

Band = int | float | None


def bounds(
    n: int, m: int, band: Band = None
) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n"]]:
    r"""Columns `low[i] <= j < high[i]` that a path through an (n, m) matrix may visit in row i.

    With a band of $w$ frames, cell $(i, j)$ is allowed if it is at most $w$ frames, measured along
    the longer side, from the straight line between the first cell and the last,

    $$|\,i\,(m-1) - j\,(n-1)\,| \le w \min(n-1,\ m-1),$$

    in whole numbers, so that a band is the same for a pair and the swapped pair. For n = m it is
    $|i - j| \le w$. Both bounds never fall as i grows, so that the allowed cells of each row, each
    column and each anti-diagonal are one run.

    Source: Sakoe and Chiba, IEEE Trans. ASSP 1978, equation 11; deviation: around the slope of
    the pair instead of |i - j|, so that unequal lengths need no wider band.

    Args:
        n: Rows, at least 1.
        m: Columns, at least 1.
        band: An int: $w$ in frames. A float in (0, 1]: $w$ as a share of the longer side,
            max(n, m), rounded up to whole frames. None: every cell.

    Raises:
        InputError: If `band` is neither, or is so narrow that no path fits; the message gives
            the narrowest band that does.
    """
    if band is None:
        return np.zeros(n, dtype=np.int64), np.full(n, m, dtype=np.int64)
    width = frames(n, m, band)
    low, high = _around_the_slope(n, m, width)
    if not _joined(low, high):
        needed = _narrowest(n, m)
        raise InputError(
            f"no path fits a band of {width} frames through {n} x {m} frames: take band={needed} "
            f"or wider ({needed / max(n, m):.2g} of the longer side)"
        )
    return low, high


def frames(n: int, m: int, band: int | float) -> int:
    """Half-width of a band in whole frames.

    Raises:
        InputError: If `band` is neither a number of frames nor a share in (0, 1].
    """
    if isinstance(band, (int, np.integer)) and not isinstance(band, bool) and band >= 0:
        return int(band)
    if isinstance(band, (float, np.floating)) and 0 < band <= 1:
        # Rounded before it is rounded up: 0.07 of 100 frames are 7, and not 7.000000000000001.
        return math.ceil(round(float(band) * max(n, m), 6))
    raise InputError(
        f"band must be a whole number of frames (0 or more), or a share of the longer side as a "
        f"float in (0, 1], not {band!r}"
    )


def diagonals(
    low: Int64[np.ndarray, " n"], high: Int64[np.ndarray, " n"]
) -> tuple[Int64[np.ndarray, " diagonals"], Int64[np.ndarray, " diagonals"]]:
    """Rows `first[k] <= i < stop[k]` that a path may visit on each anti-diagonal i + j = k.

    Args:
        low: First allowed column of each row, as `bounds` gives it.
        high: One past the last allowed column of each row.

    Returns:
        Both for k = 0 to n + m - 2, where m = high[-1]. A narrow band may leave a diagonal empty.
    """
    rows = np.arange(len(low))
    k = np.arange(len(low) + high[-1] - 1)
    first = np.searchsorted(rows + high, k, side="right")
    stop = np.searchsorted(rows + low, k, side="right")
    return first.astype(np.int64), stop.astype(np.int64)


def _around_the_slope(
    n: int, m: int, width: int
) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n"]]:
    if n == 1 or m == 1:
        return np.zeros(n, dtype=np.int64), np.full(n, m, dtype=np.int64)
    rows = np.arange(n, dtype=np.int64) * (m - 1)
    slack = min(width, max(n, m)) * min(n - 1, m - 1)
    low = -((slack - rows) // (n - 1))
    high = (rows + slack) // (n - 1) + 1
    return np.clip(low, 0, m), np.clip(high, 0, m)


def _joined(low: Int64[np.ndarray, " n"], high: Int64[np.ndarray, " n"]) -> bool:
    """Whether each row has a cell, and one that a cell of the row above leads into.

    That is enough: bounds never fall, so the last allowed cell of a row can be reached from any
    cell of the row, and the first allowed cell of the next is at most one column further.
    """
    return bool((low < high).all() and (low[1:] <= high[:-1]).all())


def _narrowest(n: int, m: int) -> int:
    """The least band in frames that a path fits; found by halving, as a wider band keeps fits."""
    no, yes = -1, max(n, m)
    while yes - no > 1:
        middle = (no + yes) // 2
        if _joined(*_around_the_slope(n, m, middle)):
            yes = middle
        else:
            no = middle
    return yes
