"""From frames to what a clip network sees: one crop and one flip a clip, turned, normalised.

Bytes are cut first and become numbers once, in NumPy, whose loops need no threads of their own:
clips are made beside a network that is in want of every core.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from inphase.errors import InputError

# C3D's frames and crops: 112 x 112 pixels out of 128 x 171 (Tran et al., ICCV 2015).
CROP, HEIGHT, WIDTH = 112, 128, 171


@dataclass(frozen=True)
class Crop:
    """A square part of a frame, in pixels, perhaps with left and right swapped."""

    top: int
    left: int
    size: int
    flip: bool = False


def frame_size(size: int) -> tuple[int, int]:
    """Height and width of frames that crops are cut from: 128 x 171 for 112 x 112.

    Args:
        size: Height and width of the crop.
    """
    height = round(size * HEIGHT / CROP)
    return height, round(height * WIDTH / HEIGHT)


def draw_crop(
    height: int, width: int, size: int, generator: np.random.Generator, *, flip: bool = True
) -> Crop:
    """Draw a place for a crop, all equally likely, and a flip with probability one half.

    Args:
        height: Of the frames.
        width: Of the frames.
        size: Height and width of the crop.
        generator: The source of randomness; as much is drawn without a flip.
        flip: Whether to flip at all; it swaps directions of motion.

    Raises:
        InputError: If the crop is larger than the frames.
    """
    _check(height, width, size)
    top = int(generator.integers(height - size + 1))
    left = int(generator.integers(width - size + 1))
    flipped = bool(generator.random() < 0.5)
    return Crop(top, left, size, flip and flipped)


def centre_crop(height: int, width: int, size: int) -> Crop:
    """Put a crop in the middle, to whole pixels, as for testing.

    Args:
        height: Of the frames.
        width: Of the frames.
        size: Height and width of the crop.

    Raises:
        InputError: If the crop is larger than the frames.
    """
    _check(height, width, size)
    return Crop((height - size) // 2, (width - size) // 2, size)


def cut(
    frames: UInt8[np.ndarray, "*n h w 3"], crop: Crop, turns: int = 0
) -> UInt8[np.ndarray, "*n s s 3"]:
    """Cut a crop out of every frame, without a copy; flip it, then turn it.

    Args:
        frames: RGB.
        crop: Which part.
        turns: Quarter turns, counter-clockwise.
    """
    rows = slice(crop.top, crop.top + crop.size)
    found = frames[..., rows, crop.left : crop.left + crop.size, :]
    if crop.flip:
        found = found[..., ::-1, :]
    return np.rot90(found, turns, axes=(-3, -2))


def to_clips(
    pixels: Sequence[UInt8[np.ndarray, "t s s 3"]],
    mean: Sequence[float],
    deviation: Sequence[float],
) -> Float[Tensor, "n 3 t s s"]:
    """Normalise clips for a network: (value / 255 - mean) / deviation, colour by colour.

    Args:
        pixels: Of each clip, as cut.
        mean: Of each colour, 0..1.
        deviation: Of each colour, 0..1.
    """
    time, size = pixels[0].shape[:2]
    clips = np.empty((len(pixels), 3, time, size, size), np.float32)
    for clip, cropped in zip(clips, pixels, strict=True):
        clip[...] = cropped.transpose(3, 0, 1, 2)
    of_colours = np.array([mean, deviation], np.float32)[:, :, None, None, None]
    clips -= 255 * of_colours[0]
    clips /= 255 * of_colours[1]
    return torch.from_numpy(clips)


def to_clip(
    frames: UInt8[np.ndarray, "t h w 3"],
    crop: Crop,
    mean: Sequence[float],
    deviation: Sequence[float],
    turns: int = 0,
) -> Float[Tensor, "3 t s s"]:
    """Make one clip; see `cut` and `to_clips`."""
    return to_clips([cut(frames, crop, turns)], mean, deviation)[0]


def _check(height: int, width: int, size: int) -> None:
    if not 1 <= size <= min(height, width):
        raise InputError(
            f"a crop of {size} x {size} pixels cannot be cut out of frames of {height} x {width}: "
            "ask for a smaller crop or larger frames"
        )
