r"""Dynamic time warping: the cheapest monotone path through a cost matrix.

Rows are the query, which is always matched whole; columns are the reference, of which frames at
either end may be left out if that is asked for.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int, Int64, Real, Shaped

from inphase.errors import InputError
from inphase.warping.band import Band, bounds
from inphase.warping.cost_rows import CostRows, FromEmbeddings, Given
from inphase.warping.routes import Route, pick

Lengths = Sequence[int] | Shaped[np.ndarray, "..."] | None

# Cells of a batch that take longer than threads do to start.
_WORTH_THREADS = 2**18


@dataclass(frozen=True, eq=False)
class WarpingPath:
    """A monotone path through an (N, M) cost matrix.

    Attributes:
        path: Cells (row, column) from the first row to the last; each step adds 1 to one or both.
            From (0, 0) to (N-1, M-1) unless ends are open.
        cost: Sum of the costs of the cells on the path.
    """

    path: Int[np.ndarray, "k 2"]
    cost: float


def dtw(
    cost: Real[np.ndarray, "..."],
    *,
    band: Band = None,
    open_begin: bool = False,
    open_end: bool = False,
    subsequence: bool = False,
) -> WarpingPath:
    r"""Find the path from the first to the last cell with the smallest sum of costs.

    With $D_{ij}$ the cost of the cheapest path from (0, 0) to (i, j),

    $$D_{ij} = c_{ij} + \min(D_{i-1,j-1},\ D_{i-1,j},\ D_{i,j-1}).$$

    An open begin lets the path begin in any column of the first row (all sums in a row before it
    are 0), an open end lets it end in any column of the last row; both together find the rows as
    a subsequence of the columns.

    The answer is exact. Sums are kept in float64 whatever the type of `cost`. Of paths that cost
    the same, the one is taken that, walked back from the end, prefers the diagonal step (which at
    an open begin is to begin), then the step along the rows, then the step along the columns; of
    ends that cost the same, the first. Every route gives the same path, to the last bit.

    Memory beyond `cost` is two bits per cell, for the steps; a byte without numba.

    Source: Sakoe and Chiba, IEEE Trans. ASSP 1978, symmetric form without slope weights; open
    ends: Müller, Information Retrieval for Music and Motion, 2007, section 4.4.

    Args:
        cost: Cost (N, M) of matching frame i of one video with frame j of the other, in any unit.
            Negative costs are allowed.
        band: How far from the slope the path may go: an int, in frames, or a float in (0, 1], as
            a share of the longer side; see `inphase.warping.band.bounds`.
        open_begin: Whether the path may begin in any column.
        open_end: Whether the path may end in any column.
        subsequence: Both of these.

    Returns:
        The path (K, 2) and its cost; max(N, M) <= K <= N + M - 1 unless ends are open.

    Raises:
        InputError: If `cost` is not a matrix, has no cells, or holds NaN or infinity, or if no
            path fits the band.
    """
    cost = np.asarray(cost)
    _check(cost)
    return _path(Given(cost), band, open_begin or subsequence, open_end or subsequence)


def dtw_from_embeddings(
    x: Real[np.ndarray, "..."],
    y: Real[np.ndarray, "..."],
    *,
    distance: str = "squared_euclidean",
    band: Band = None,
    open_begin: bool = False,
    open_end: bool = False,
    subsequence: bool = False,
) -> WarpingPath:
    r"""Find the cheapest path between the frames of two videos: `dtw` without the cost matrix.

    The cost is $\|x_i - y_j\|^2$ or $1 - \cos(x_i, y_j)$ (1 where a frame is 0), computed a block
    of rows at a time by a matrix product in the type of the embeddings (float32 for float16) and
    rounded, about the last digit of the product, to a power of two: $2^{-20}$ to $2^{-19}$ of the
    largest squared norms, for float32, after the mean frame is taken away; $10^{-6}$ for the
    cosine. So equal frames cost the same, and the rule for ties holds for them. The path is the
    exact one for these costs, with sums in float64.

    Memory is two bits per cell, for the steps, beside a few megabytes for a block: 100 MB for a
    pair of hour-long videos (20,000 x 20,000 frames). Without numba it is a byte per cell.

    Args:
        x: Embeddings (N, D) of the query.
        y: Embeddings (M, D) of the reference.
        distance: "squared_euclidean" or "cosine".
        band: As in `dtw`; costs outside it are hardly computed.
        open_begin: As in `dtw`.
        open_end: As in `dtw`.
        subsequence: As in `dtw`.

    Raises:
        InputError: If either has no frames or is not (T, D), if D differs, if they hold NaN or
            infinity, if the distance is unknown, or if no path fits the band.
    """
    x, y = _checked_embeddings(x, y)
    if distance not in ("squared_euclidean", "cosine"):
        raise InputError(f"distance must be squared_euclidean or cosine, not {distance!r}.")
    costs = FromEmbeddings(x, y, distance)
    return _path(costs, band, open_begin or subsequence, open_end or subsequence)


def dtw_cost(
    costs: Real[np.ndarray, "..."],
    x_lengths: Lengths = None,
    y_lengths: Lengths = None,
    *,
    band: Band = None,
    open_begin: bool = False,
    open_end: bool = False,
    subsequence: bool = False,
) -> Float64[np.ndarray, " b"]:
    """Cost of the cheapest path of each of a batch of pairs, without the paths.

    Args:
        costs: Costs (B, N, M).
        x_lengths: Real rows of each pair (B,); costs past them are never read. All if None.
        y_lengths: Real columns of each pair (B,).
        band: As in `dtw`; follows the slope of each pair's real rows and columns.
        open_begin: As in `dtw`.
        open_end: As in `dtw`.
        subsequence: As in `dtw`.

    Raises:
        InputError: As `dtw`, or if lengths are not one per pair, from 1 to N or M.
    """
    costs = np.asarray(costs)
    if costs.ndim != 3:
        raise InputError(f"dtw_cost needs costs (B, N, M), not an array of shape {costs.shape}.")
    n = _checked_lengths(x_lengths, costs.shape[0], costs.shape[1], "x_lengths")
    m = _checked_lengths(y_lengths, costs.shape[0], costs.shape[2], "y_lengths")
    opened = open_begin or subsequence, open_end or subsequence
    pairs = [cost[:rows, :columns] for cost, rows, columns in zip(costs, n, m, strict=True)]
    for pair in pairs:
        _check(pair)
    route = pick("cpu")

    def total(pair: Real[np.ndarray, "n m"]) -> float:
        return _end(_accumulate(Given(pair), band, opened[0], route, keep=False)[0], opened[1])[1]

    if route == "numba" and len(pairs) > 1 and costs.size > _WORTH_THREADS:
        with ThreadPoolExecutor(min(len(pairs), os.cpu_count() or 1)) as pool:
            totals = list(pool.map(total, pairs))
    else:
        totals = list(map(total, pairs))
    return np.array(totals, dtype=np.float64)


def _path(costs: CostRows, band: Band, open_begin: bool, open_end: bool) -> WarpingPath:
    sums, walk_back = _accumulate(costs, band, open_begin, pick("cpu"), keep=True)
    column, total = _end(sums, open_end)
    return WarpingPath(walk_back(costs.shape[0] - 1, column), total)


def _accumulate(
    costs: CostRows, band: Band, open_begin: bool, route: Route, keep: bool
) -> tuple[Float64[np.ndarray, " m"], Callable]:
    if route == "numba":  # Imported only where it serves.
        from inphase.warping.dtw_numba import accumulate
    else:
        from inphase.warping.dtw_reference import accumulate
    n, m = costs.shape
    low, high = bounds(n, m, band)
    first = np.full(m + 1, np.inf)
    first[: high[0] if open_begin else 1] = 0
    return accumulate(costs, low, high, first, keep)


def _end(sums: Float64[np.ndarray, " m"], open_end: bool) -> tuple[int, float]:
    column = int(sums.argmin()) if open_end else len(sums) - 1
    total = float(sums[column])
    if not np.isfinite(total):
        raise InputError("the costs are so large that their sum overflows; scale them down.")
    return column, total


def _check(cost: Real[np.ndarray, "..."]) -> None:
    if cost.ndim != 2:
        raise InputError(
            f"dtw needs a cost matrix (N, M), not an array of shape {cost.shape}; "
            "give it one pair of videos at a time."
        )
    if cost.size == 0:
        raise InputError(f"dtw needs at least one frame on either side, not costs {cost.shape}.")
    # The extremes tell without a mask as large as the matrix: NaN spreads through both.
    if not (np.isfinite(cost.min()) and np.isfinite(cost.max())):
        raise InputError(
            "dtw needs finite costs, but some are NaN or infinite; "
            "check the embeddings that they were computed from."
        )


def _checked_embeddings(
    x: Real[np.ndarray, "..."], y: Real[np.ndarray, "..."]
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "m d"]]:
    """Both in one type that products are computed in, after checks of their shapes."""
    x, y = np.asarray(x), np.asarray(y)
    for each, name in ((x, "x"), (y, "y")):
        if each.ndim != 2 or 0 in each.shape:
            raise InputError(
                f"{name} must be embeddings (T, D) of at least one frame, not {each.shape}."
            )
    if x.shape[1] != y.shape[1]:
        raise InputError(
            f"x is {x.shape[1]}-dimensional and y {y.shape[1]}-dimensional; "
            "embed both with one model."
        )
    dtype = np.result_type(x, y, np.float32)
    return x.astype(dtype, copy=False), y.astype(dtype, copy=False)


def _checked_lengths(
    lengths: Lengths, batch: int, longest: int, name: str
) -> Int64[np.ndarray, " b"]:
    if lengths is None:
        return np.full(batch, longest, dtype=np.int64)
    given = np.asarray(lengths)
    if given.shape != (batch,) or given.dtype.kind not in "iu":
        raise InputError(
            f"{name} must be {batch} whole numbers, one per pair, not {given.dtype} of shape "
            f"{given.shape}."
        )
    if batch and not (given.min() >= 1 and given.max() <= longest):
        raise InputError(f"{name} must be from 1 to {longest}, not {given.min()} to {given.max()}.")
    return given.astype(np.int64)
