"""Which rows cycles of TCC lead through."""

import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from inphase.errors import InputError
from inphase.losses.chance import numbers, pick
from inphase.losses.inputs import Pairs, pairs_of


def every_pair(mask: Bool[Tensor, "rows time"], pairs: Pairs | None) -> Pairs:
    """Return the pairs given, or every two rows.

    Raises:
        InputError: If there are no two rows, or a pair names a row that is not there.
    """
    if pairs is not None:
        return pairs_of(mask, pairs)
    if len(mask) < 2:
        raise InputError("a cycle needs two rows, but there is one")
    return torch.triu_indices(len(mask), len(mask), 1, device=mask.device).T.contiguous()


def random_chains(
    mask: Bool[Tensor, "rows time"],
    pairs: Pairs,
    length: int,
    fraction: float | int,
    generator: torch.Generator | None,
) -> Int64[Tensor, "cycles length"]:
    """Draw rows for cycles: all different, and all joined by pairs, directly or through others.

    Raises:
        InputError: If no rows are joined to that length, or a cycle has no length.
    """
    if length < 2 or not fraction > 0:
        raise InputError(
            f"cycle_length must be 2 or more and fraction above 0, not {length} and {fraction}"
        )
    joined = _joined(len(mask), pairs)
    may_begin = joined.sum(1) >= length
    if not may_begin.any():
        raise InputError(f"a cycle of {length} rows needs {length} rows that pairs join")
    cycles = max(1, int(fraction * int(mask.sum())))
    turns = numbers((length, cycles), mask.device, generator)
    rows = [pick(may_begin.expand(cycles, -1), turns[0])]
    free = joined[rows[0]]
    for turn in turns[1:]:
        free = free.scatter(1, rows[-1][:, None], False)
        rows.append(pick(free, turn))
    return torch.stack(rows, 1)


def _joined(rows: int, pairs: Pairs) -> Bool[Tensor, "rows rows"]:
    """Which rows are joined by pairs, directly or through others; each with itself."""
    one, other = pairs.T
    joined = torch.eye(rows, device=pairs.device)
    joined[one, other] = joined[other, one] = 1.0
    for _ in range(rows.bit_length()):
        joined = (joined @ joined).clamp(max=1)
    return joined > 0
