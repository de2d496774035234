"""The temporal model of an architecture."""

from collections.abc import Sequence
from math import prod

from inphase.encoders.architecture import Architecture, Blocks, Convolutional, FrameLevel
from inphase.encoders.blocks import BlockEncoder
from inphase.encoders.clip_level import ClipLevelEncoder
from inphase.encoders.convolutional import ConvolutionalEncoder
from inphase.encoders.frame_level import FrameLevelEncoder
from inphase.errors import InputError

TemporalModel = FrameLevelEncoder | ConvolutionalEncoder | BlockEncoder | ClipLevelEncoder


def temporal_model(
    features: int | Sequence[int], architecture: Architecture, *, frames: int
) -> TemporalModel:
    """Make one, with random weights.

    Args:
        features: What is known of a frame: so many numbers, or a map of so many channels, rows
            and columns.
        architecture: Layers and sizes.
        frames: Frames of a training clip.

    Raises:
        InputError: If the architecture needs maps, or pixels, and these are none.
    """
    if isinstance(architecture, FrameLevel):
        size = features if isinstance(features, int) else prod(features)
        return FrameLevelEncoder(size, architecture, frames=frames)
    if isinstance(features, int):
        raise InputError(
            "this architecture needs feature maps, not vectors: use an image backbone with "
            "pooling 'none'"
        )
    channels, rows, columns = features
    maps = (channels, rows, columns)
    if isinstance(architecture, Convolutional):
        return ConvolutionalEncoder(maps, architecture, frames=frames)
    if isinstance(architecture, Blocks):
        return BlockEncoder(maps, architecture, frames=frames)
    return ClipLevelEncoder(maps, architecture, frames=frames)
