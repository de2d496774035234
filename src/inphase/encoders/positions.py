"""What a model may know of a frame's position: absolute codes and rotary attention."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

# Rotary wavelengths reach from 6 frames to this many; an activity's phases lie in between.
_LONGEST_WAVE = 628.0


def sine_cosine(positions: Float[Tensor, "b t"], width: int) -> Float[Tensor, "b t width"]:
    r"""Encode positions as sines and cosines of falling frequency.

    $c_{2k}(p) = \sin(p / 10000^{2k / D})$ and $c_{2k+1}(p) = \cos(p / 10000^{2k / D})$.

    Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.5. (CARL's
    released code uses 2k + 1 in the exponent of the cosine.)

    Args:
        positions: Positions in frames, need not be whole.
        width: Channels, even.
    """
    exponents = torch.arange(0, width, 2, device=positions.device) / width
    angles = positions[..., None] * torch.exp(-math.log(10000.0) * exponents)
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2)


def rotate(x: Float[Tensor, "b heads t d"]) -> Float[Tensor, "b heads t d"]:
    """Turn queries or keys by their frame number, so that their products see distances alone.

    Source: Su et al., "RoFormer", 2021, equation 15; with wavelengths of 6 to 628 frames instead
    of 6 to 63,000, since every channel should matter within one activity.

    Args:
        x: Queries or keys, d even.
    """
    half = x.shape[-1] // 2
    steps = torch.arange(half, device=x.device) / half
    frequencies = torch.exp(-math.log(_LONGEST_WAVE / (2 * math.pi)) * steps)
    angles = torch.arange(x.shape[-2], device=x.device)[:, None] * frequencies
    cosine, sine = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    even, odd = x[..., ::2], x[..., 1::2]
    return torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), -1).flatten(-2)
