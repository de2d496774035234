"""Soft-DTW on a GPU: Triton kernels that work along anti-diagonals, one program per pair.

Tensors of cells are `skewed`: cell (i, j) of a strip of `pitch` rows lies at lane i of slot
(i + j) mod M. The lanes of an anti-diagonal are then next to each other, and yet no room is lost.
`skewed` holds costs first, then over them the sums R, then over those the shares of the alignment.

A cell needs what its neighbours on the lane before computed; Triton has no cheap way to shift
lanes. So that each lane writes its result where it belongs, and after a barrier reads that of its
neighbour: from the first-level cache, mostly. One exchange per anti-diagonal is enough, since the
diagonal predecessor is what was read for the anti-diagonal before. What does not depend on the
exchange is loaded one anti-diagonal ahead.

Every number is in units of gamma / log2(e). Numerics are those of the CPU kernels: sums are kept
relative to an offset per anti-diagonal (float64), close to the sums near the path, and a cell
passes its share on to its three predecessors by the softmax of their sums, the third as the rest,
so that the alignment conserves mass whatever the rounding.
"""

from typing import no_type_check

import triton
import triton.language as tl

# A cost that no path takes, and yet far from overflow when summed along 1e6 cells.
OUTSIDE = tl.constexpr(1e30)
_FAR = tl.constexpr(5e29)
# Shares below this are taken for rounding, and the cell for one that no path visits.
_TINY = tl.constexpr(1e-30)

# Triton compiles a kernel again for arguments that are 1, or a multiple of 16, or aligned to 16
# bytes; here nothing is gained by it, and shapes change from call to call.
_SHAPE = ["first", "pitch", "height", "width"]
_CELLS = ["source", "skewed", "target", "x_squares", "y_squares", "factor", "floor", "scale"]
_ROWS = [
    "offsets",
    "above",
    "below",
    "passed",
    "feed_above",
    "feed_below",
    "lengths",
    "low",
    "high",
]
_ANY = [*_CELLS, *_ROWS, *_SHAPE]


@triton.jit
@no_type_check
def _lesser(a, b):
    return tl.minimum(a, b)


@triton.jit
@no_type_check
def _strip(lengths, low, high, pair, first, pitch, height):
    """Rows that a pair has in a strip, its first anti-diagonal, and one past its last."""
    rows = tl.minimum(tl.load(lengths + pair) - first, pitch)
    start = pair * height + first
    begin = tl.load(low + start, mask=rows > 0, other=0)
    end = tl.load(high + start + rows - 1, mask=rows > 0, other=0) + rows - 1
    return rows, begin, tl.where(rows > 0, end, begin)


@triton.jit
@no_type_check
def _cells(skewed, k, lane, pitch, width):
    """What lies at the lanes of anti-diagonal k; OUTSIDE where it has no cell."""
    there = (lane >= 0) & (lane < pitch) & (k - lane >= 0) & (k - lane < width)
    return tl.load(skewed + (k % width) * pitch + lane, mask=there, other=OUTSIDE)


@triton.jit
@no_type_check
def _keep(skewed, k, lane, pitch, width, cells):
    there = (lane < pitch) & (k - lane >= 0) & (k - lane < width)
    tl.store(skewed + (k % width) * pitch + lane, cells, mask=there)


@triton.jit
@no_type_check
def _edge(above, column, width):
    """The sum (float64) of a column in the row above the strip."""
    there = (column >= -1) & (column < width)
    return tl.load(above + column + 1, mask=there, other=OUTSIDE)


@triton.jit
@no_type_check
def _relative(edge, offset):
    return tl.where(edge > _FAR, OUTSIDE, edge - offset).to(tl.float32)


@triton.jit
@no_type_check
def _last_row(skewed, offsets, below, rows, pitch, width, lane, LANES: tl.constexpr):
    """Copy the sums of the last row of a strip to `below`."""
    for start in range(0, width, LANES):
        column = start + lane
        k = rows - 1 + column
        there = (column < width) & (k >= column)
        sums = tl.load(skewed + (k % width) * pitch + rows - 1, mask=there, other=OUTSIDE)
        known = sums < _FAR
        offset = tl.load(offsets + k, mask=known, other=0)
        tl.store(below + 1 + column, tl.where(known, offset + sums, OUTSIDE), mask=there)


@triton.jit(do_not_specialize=_ANY)
@no_type_check
def skew(
    source,
    skewed,
    x_squares,
    y_squares,
    low,
    high,
    factor,
    floor,
    scale,
    first,
    pitch,
    height,
    width,
    SLOTS: tl.constexpr,
    LANES: tl.constexpr,
):
    """Costs of a strip, from products (B, N, M) and squared norms; OUTSIDE where no path goes."""
    pair = tl.program_id(0).to(tl.int64)
    lane = tl.program_id(1) * LANES + tl.arange(0, LANES)
    slot = tl.program_id(2) * SLOTS + tl.arange(0, SLOTS)
    row = pair * height + first + lane
    there = lane < pitch
    begin = tl.load(low + row, mask=there, other=0)
    end = tl.load(high + row, mask=there, other=0)
    x_square = tl.load(x_squares + row, mask=there, other=0)
    column = slot[:, None] - (lane % width)[None, :]
    column = tl.where(column < 0, column + width, column)
    inside = (column >= begin[None, :]) & (column < end[None, :]) & (slot < width)[:, None]
    product = tl.load(source + row[None, :] * width + column, mask=inside, other=0)
    y_square = tl.load(y_squares + pair * width + column, mask=inside, other=0)
    cost = tl.maximum(x_square[None, :] + y_square + factor * product, floor) * scale
    strip = skewed + (pair * height + first) * width
    tl.store(
        strip + slot[:, None] * pitch + lane[None, :],
        tl.where(inside, cost, OUTSIDE),
        mask=there[None, :] & (slot < width)[:, None],
    )


@triton.jit(do_not_specialize=_ANY)
@no_type_check
def unskew(
    skewed,
    target,
    low,
    high,
    first,
    pitch,
    height,
    width,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """Shares of a strip, to where their cells are in `target` (B, N, M); 0 where no path goes."""
    pair = tl.program_id(0).to(tl.int64)
    lane = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    column = tl.program_id(2) * COLUMNS + tl.arange(0, COLUMNS)
    row = pair * height + first + lane
    there = lane < pitch
    begin = tl.load(low + row, mask=there, other=0)
    end = tl.load(high + row, mask=there, other=0)
    inside = (column[None, :] >= begin[:, None]) & (column[None, :] < end[:, None])
    slot = (lane[:, None] + column[None, :]) % width
    strip = skewed + (pair * height + first) * width
    share = tl.load(strip + slot * pitch + lane[:, None], mask=inside, other=0)
    tl.store(
        target + row[:, None] * width + column[None, :],
        share,
        mask=there[:, None] & (column < width)[None, :],
    )


@triton.jit(do_not_specialize=_ANY)
@no_type_check
def forward(
    skewed,
    offsets,
    above,
    below,
    lengths,
    low,
    high,
    first,
    pitch,
    height,
    width,
    LANES: tl.constexpr,
):
    """Sums of a strip over its costs, and `offsets` (B, pitch + M) to which they are relative.

    `above` and `below` (B, 1 + M, float64) are the sums of the rows above the strip and of its
    last, by column + 1.
    """
    pair = tl.program_id(0).to(tl.int64)
    lane = tl.arange(0, LANES)
    rows, begin, end = _strip(lengths, low, high, pair, first, pitch, height)
    skewed += (pair * height + first) * width
    offsets += pair * (pitch + width)
    above += pair * (1 + width)
    below += pair * (1 + width)

    corner = _edge(above, begin - 1, width)
    offset = tl.minimum(corner, _edge(above, begin, width))
    offset = tl.where(offset > _FAR, 0.0, offset)
    up = tl.where(lane == 0, _relative(corner, offset), OUTSIDE)
    now = tl.where(lane == 0, OUTSIDE, OUTSIDE)
    shifted = now
    least = _relative(offset, offset)
    cost = _cells(skewed, begin, lane, pitch, width)
    edge = _edge(above, begin, width)
    for k in range(begin, end):
        next_cost = _cells(skewed, k + 1, lane, pitch, width)
        next_edge = _edge(above, k + 1, width)
        offset += least
        diagonal = up - least
        left = now - least
        up = tl.where(lane == 0, _relative(edge, offset), shifted - least)
        low_sum = tl.minimum(tl.minimum(diagonal, up), left)
        powers = tl.exp2(low_sum - diagonal) + tl.exp2(low_sum - up) + tl.exp2(low_sum - left)
        now = cost + (low_sum - tl.log2(powers))
        now = tl.where(now > _FAR, OUTSIDE, now)
        _keep(skewed, k, lane, pitch, width, now)
        tl.store(offsets + k, offset)
        tl.debug_barrier()
        shifted = _cells(skewed, k, lane - 1, pitch, width)
        least = tl.reduce(now, 0, _lesser)
        least = tl.where(least > _FAR, 0.0, least)
        cost, edge = next_cost, next_edge
    _last_row(skewed, offsets, below, rows, pitch, width, lane, LANES)


@triton.jit(do_not_specialize=_ANY)
@no_type_check
def backward(
    skewed,
    passed,
    offsets,
    above,
    feed_above,
    feed_below,
    lengths,
    low,
    high,
    first,
    pitch,
    height,
    width,
    LANES: tl.constexpr,
):
    """Shares of a strip, over its sums.

    `feed_below` (B, M) is what the strip below passes to the last row of this one, by column, and
    `feed_above` what this one passes on; `passed` (B, 2, pitch) is room for exchanges.
    """
    pair = tl.program_id(0).to(tl.int64)
    lane = tl.arange(0, LANES)
    rows, begin, end = _strip(lengths, low, high, pair, first, pitch, height)
    skewed += (pair * height + first) * width
    passed += pair * 2 * pitch
    offsets += pair * (pitch + width)
    above += pair * (1 + width)
    feed_above += pair * width
    feed_below += pair * width

    k = end - 1
    own = _cells(skewed, k, lane, pitch, width)
    left = _cells(skewed, k - 1, lane, pitch, width)
    up = _cells(skewed, k - 1, lane - 1, pitch, width)
    diagonal = _cells(skewed, k - 2, lane - 1, pitch, width)
    offset = tl.load(offsets + k, mask=k >= begin, other=0)
    offset1 = tl.load(offsets + k - 1, mask=k - 1 >= begin, other=0)
    offset2 = tl.load(offsets + k - 2, mask=k - 2 >= begin, other=0)
    edge = _edge(above, k, width)
    corner = _edge(above, k - 1, width)
    # A path ends in the last cell of the pair: the one on the last anti-diagonal.
    below = tl.where(lane == tl.load(lengths + pair) - first - 1, 1.0, 0.0)
    to_left = tl.where(lane == 0, 0.0, 0.0)
    to_diagonal = to_left
    for step in range(0, end - begin):
        k = end - 1 - step
        next_left = _cells(skewed, k - 2, lane, pitch, width)
        next_diagonal = _cells(skewed, k - 3, lane - 1, pitch, width)
        next_offset = tl.load(offsets + k - 3, mask=k - 3 >= begin, other=0)
        next_corner = _edge(above, k - 2, width)
        column = k - rows + 1
        fed = tl.load(feed_below + column, mask=(column >= 0) & (column < width), other=0)

        left_sum = left + (offset1 - offset).to(tl.float32)
        up_sum = up + (offset1 - offset).to(tl.float32)
        diagonal_sum = diagonal + (offset2 - offset).to(tl.float32)
        up_sum = tl.where(lane == 0, _relative(edge, offset), up_sum)
        diagonal_sum = tl.where(lane == 0, _relative(corner, offset), diagonal_sum)
        low_sum = tl.minimum(tl.minimum(diagonal_sum, up_sum), left_sum)
        power_left, power_up = tl.exp2(low_sum - left_sum), tl.exp2(low_sum - up_sum)
        inverse = 1.0 / (tl.exp2(low_sum - diagonal_sum) + power_left + power_up)

        share = to_left + below + tl.where(lane == rows - 1, fed, 0.0)
        share = tl.where((own < _FAR) & (share > _TINY), share, 0.0)
        to_left = share * (power_left * inverse)
        to_up = share * (power_up * inverse)
        send = to_up + to_diagonal
        to_diagonal = share - to_left - to_up
        _keep(skewed, k, lane, pitch, width, share)
        tl.store(passed + (k % 2) * pitch + lane, send, mask=lane < pitch)
        tl.store(feed_above + k + lane, send, mask=(lane == 0) & (k + lane < width))
        tl.debug_barrier()
        below = tl.load(passed + (k % 2) * pitch + lane + 1, mask=lane + 1 < rows, other=0)

        own, left, up, diagonal = left, next_left, diagonal, next_diagonal
        offset, offset1, offset2 = offset1, offset2, next_offset
        edge, corner = corner, next_corner
    tl.store(feed_above + begin - 1 + lane, to_diagonal, mask=(lane == 0) & (begin > lane))
