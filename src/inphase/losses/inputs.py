"""What every loss asks of its tensors: one row a sequence, and which rows are compared."""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

from inphase.errors import InputError

# Two rows that are compared: views of one video, or two videos.
Pairs = Int64[Tensor, "pairs 2"]


def check_rows(z: Tensor, times: Tensor, mask: Tensor) -> None:
    """Check embeddings (rows, time, dim) with their times and mask.

    Raises:
        InputError: If the shapes disagree or a row has no real frame.
    """
    if z.ndim != 3 or 0 in z.shape:
        raise InputError(f"embeddings must be shaped (rows, time, dim), not {tuple(z.shape)}")
    if times.shape != z.shape[:2] or mask.shape != z.shape[:2]:
        raise InputError(
            f"times {tuple(times.shape)} and mask {tuple(mask.shape)} must be shaped "
            f"{tuple(z.shape[:2])}, as the embeddings are"
        )
    if not mask.any(-1).all():
        raise InputError("every row needs at least one real frame, but one is all padding")


def check_frames(mask: Tensor, least: int, why: str) -> None:
    """Check that every row has enough real frames.

    Raises:
        InputError: If one has fewer than `least`.
    """
    shortest = int(mask.sum(-1).min())
    if shortest < least:
        raise InputError(
            f"{why} needs at least {least} frames in every row, but one has {shortest}"
        )


def pairs_of(mask: Tensor, pairs: Pairs | None) -> Pairs:
    """Return the pairs given, or rows 0 and 1, 2 and 3, and so on.

    Raises:
        InputError: If there is no pair, or a pair names a row that is not there.
    """
    rows = len(mask)
    if pairs is None:
        if rows % 2:
            raise InputError(
                f"rows come in twos, but there are {rows}: say which are compared with pairs"
            )
        return torch.arange(rows, device=mask.device).view(-1, 2)
    if not len(pairs):
        raise InputError("there is no pair of rows to compare")
    if int(pairs.min()) < 0 or int(pairs.max()) >= rows:
        raise InputError(f"pairs name rows {int(pairs.min())} to {int(pairs.max())} of {rows}")
    return pairs


def check_numbers(numbers: Tensor, mask: Tensor, name: str) -> None:
    """Check that there is one for each row.

    Raises:
        InputError: If not.
    """
    if numbers.shape != mask.shape[:1]:
        raise InputError(
            f"{name} must be one number for each of the {len(mask)} rows, not "
            f"{tuple(numbers.shape)}"
        )


def lengths_of(
    lengths: Float[Tensor, "..."] | None, times: Tensor, mask: Tensor
) -> Float[Tensor, " rows"]:
    """Return the frames of each row's video given, or those up to its last real time.

    Raises:
        InputError: If lengths are not one for each row, or not above 0.
    """
    if lengths is None:
        return times.masked_fill(~mask, -torch.inf).amax(-1) + 1
    if lengths.shape != mask.shape[:1] or not (lengths > 0).all():
        raise InputError(
            f"lengths must be {len(mask)} numbers above 0, the frames of each row's video"
        )
    return lengths.to(times)


def check_choice(given: str, choices: tuple[str, ...], name: str) -> None:
    """Check a setting that is one of a few words.

    Raises:
        InputError: If it is another.
    """
    if given not in choices:
        known = ", ".join(f"'{choice}'" for choice in choices)
        raise InputError(f"{name} is one of {known}, not '{given}'")


def zeroed(
    z: Float[Tensor, "rows time dim"], mask: Bool[Tensor, "rows time"]
) -> Float[Tensor, "rows time dim"]:
    """Frames in float32 at least; 0 in padding, so that its garbage never meets zero as NaN."""
    return z.to(torch.promote_types(z.dtype, torch.float32)).masked_fill(~mask[..., None], 0.0)


def unit_frames(
    z: Float[Tensor, "rows time dim"], mask: Bool[Tensor, "rows time"]
) -> Float[Tensor, "rows time dim"]:
    """The same at length 1."""
    return F.normalize(zeroed(z, mask), dim=-1)
