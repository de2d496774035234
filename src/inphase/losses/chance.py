"""Random choices of losses: padding and device have no part in them."""

import torch
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor


def numbers(
    shape: tuple[int, ...], device: torch.device, generator: torch.Generator | None
) -> Float32[Tensor, "..."]:
    """Random numbers from 0 to below 1, the same on every device."""
    source = generator.device if generator is not None else "cpu"
    return torch.rand(shape, generator=generator, device=source).to(device)


def numbers_at(
    real: Bool[Tensor, "*shape"], generator: torch.Generator | None
) -> Float32[Tensor, "*shape"]:
    """Random numbers from 0 to below 1 where frames are real, drawn row by row; 0 in padding."""
    drawn = numbers((int(real.sum()),), real.device, generator)
    return torch.zeros(real.shape, device=real.device).masked_scatter(real, drawn)


def pick(
    allowed: Bool[Tensor, "*shape n"], number: Float[Tensor, "*shape"]
) -> Int64[Tensor, "*shape"]:
    """Place of one of what is allowed, all as likely; any place where nothing is."""
    passed_over = (number * allowed.sum(-1)).long()
    place = (allowed.cumsum(-1) <= passed_over[..., None]).sum(-1)
    return place.clamp(max=allowed.shape[-1] - 1)
