"""What the warping functions ask of their tensors: checked once, at the door."""

import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np
import torch
from jaxtyping import Bool, Int64, Shaped
from torch import Tensor

from inphase.errors import InputError

_P = ParamSpec("_P")
_T = TypeVar("_T")

Lengths = Shaped[Tensor, "..."] | Shaped[np.ndarray, "..."] | Sequence[int] | None


def in_full_precision(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Keep `torch.autocast` out of a function, given its tensor first: products need all digits."""

    @wraps(function)
    def outside_autocast(*arguments: _P.args, **options: _P.kwargs) -> _T:
        first = arguments[0] if arguments else None
        device_type = first.device.type if isinstance(first, Tensor) else "cpu"
        with torch.autocast(device_type, enabled=False):
            return function(*arguments, **options)

    return outside_autocast


def checked_gamma(gamma: float | int, name: str = "gamma") -> float:
    """A smoothing weight or temperature, finite and above 0.

    Raises:
        InputError: If it is not.
    """
    value = float(gamma)
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{name} must be a finite number above 0, not {gamma}")
    return value


def checked_cost(cost: Shaped[Tensor, "..."] | np.ndarray) -> None:
    """Check a batch of cost matrices (B, N, M); not their values: see `check_finite_cost`.

    Raises:
        InputError: If it is not three-dimensional and floating, or has no cells.
    """
    if cost.ndim != 3:
        raise InputError(f"costs must be shaped (batch, N, M), not {tuple(cost.shape)}")
    _check_floating(cost, "costs")
    if 0 in cost.shape:
        raise InputError(f"every pair needs at least one frame on either side, not {_shape(cost)}")


def checked_pairs(x: Shaped[Tensor, "..."], y: Shaped[Tensor, "..."]) -> None:
    """Check two batches of embeddings (B, N, D) and (B, M, D); not their values.

    Raises:
        InputError: If they are not of one batch, dimension, type and device, or are empty.
    """
    for each, name in ((x, "x"), (y, "y")):
        if each.ndim != 3:
            raise InputError(f"{name} must be shaped (batch, frames, dim), not {_shape(each)}")
        _check_floating(each, name)
        if 0 in each.shape:
            raise InputError(f"{name} needs at least one frame of one number, not {_shape(each)}")
    if x.shape[0] != y.shape[0] or x.shape[2] != y.shape[2]:
        raise InputError(
            f"x {_shape(x)} and y {_shape(y)} must have the same batch and embedding dimension"
        )
    if x.dtype != y.dtype or x.device != y.device:
        raise InputError(
            f"x ({x.dtype} on {x.device}) and y ({y.dtype} on {y.device}) must have the same "
            "type and device"
        )


def checked_lengths(
    lengths: Lengths, batch: int, longest: int, name: str = "lengths"
) -> Int64[np.ndarray, " batch"]:
    """Number of real frames of each sequence of a batch; None means that all are real.

    Raises:
        InputError: If they are not whole numbers, one per pair, from 1 to `longest`.
    """
    if lengths is None:
        return np.full(batch, longest, dtype=np.int64)
    given = lengths.detach().cpu().numpy() if isinstance(lengths, Tensor) else np.asarray(lengths)
    if given.shape != (batch,) or given.dtype.kind not in "iu":
        raise InputError(
            f"{name} must be {batch} whole numbers, one per pair, not {given.dtype} of shape "
            f"{given.shape}"
        )
    if given.min() < 1 or given.max() > longest:
        raise InputError(
            f"{name} must be from 1 to {longest}, the frames given, not {given.min()} to "
            f"{given.max()}"
        )
    return given.astype(np.int64)


def check_finite_cost(
    cost: Shaped[Tensor, "b n m"],
    x_lengths: Int64[np.ndarray, " b"],
    y_lengths: Int64[np.ndarray, " b"],
) -> None:
    """Check that no real cell is NaN or infinite; cells past the lengths may be.

    Raises:
        InputError: If one is.
    """
    # A sum is finite if all terms are, save for overflow: then look at every cell.
    if math.isfinite(cost.detach().sum().item()):
        return
    real = real_frames(x_lengths, cost.shape[1], cost.device)[:, :, None]
    real = real & real_frames(y_lengths, cost.shape[2], cost.device)[:, None]
    if not torch.isfinite(cost.detach())[real].all():
        raise InputError(
            "costs must be finite, but some are NaN or infinite; check what they were made from"
        )


def check_finite_frames(
    x: Shaped[Tensor, "b n d"], lengths: Int64[np.ndarray, " b"], name: str = "x"
) -> None:
    """Check that no real frame holds NaN or infinity; frames past the lengths may.

    Raises:
        InputError: If one does.
    """
    if math.isfinite(x.detach().sum().item()):
        return
    real = real_frames(lengths, x.shape[1], x.device)
    if not torch.isfinite(x.detach()[real]).all():
        raise InputError(f"{name} must be finite, but some embeddings are NaN or infinite")


def real_frames(
    lengths: Int64[np.ndarray, " b"], longest: int, device: torch.device | str = "cpu"
) -> Bool[Tensor, "b longest"]:
    """True where a frame is real, and False where it is padding."""
    ends = torch.from_numpy(lengths).to(device)
    return torch.arange(longest, device=device) < ends[:, None]


def _check_floating(tensor: Shaped[Tensor, "..."] | np.ndarray, name: str) -> None:
    if not isinstance(tensor, Tensor):
        raise InputError(f"{name} must be torch tensors, not {type(tensor).__name__}")
    if not tensor.is_floating_point():
        raise InputError(f"{name} must be floating point numbers, not {tensor.dtype}")


def _shape(tensor: Shaped[Tensor, "..."] | np.ndarray) -> tuple[int, ...]:
    return tuple(tensor.shape)
