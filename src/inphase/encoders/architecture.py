"""The shape of a frame-level encoder, as plain settings (no torch, so the command line is fast)."""

from dataclasses import dataclass
from typing import Any, Literal

from inphase.errors import InputError

Mixer = Literal["convolution", "transformer"]
Position = Literal["none", "relative", "elapsed", "normalised"]


@dataclass(frozen=True)
class FrameLevel:
    """Frame features in, one embedding a frame out, each seeing the frames around it.

    The default feels order and motion but no clock: residual temporal convolutions, whose every
    embedding depends on nearby frames alone and not on how far the video has come. `CARL` below
    is the paper's encoder.

    Attributes:
        mixer: How frames are mixed: temporal convolutions or a transformer.
        position: What the model knows of a frame's position. `none`: nothing, a bag of frames
            (transformer only). `relative`: distances between frames only; convolutions do this
            by nature, a transformer by rotary attention. `elapsed`: a sine-cosine code of the
            true time since the video's start. `normalised`: CARL's code of the position in the
            clip, stretched to the training length; it tells the model how far the video has
            come, so the model can answer without looking.
        hidden: Widths of the fully connected layers before the mixing.
        width: Channels of the mixing layers.
        layers: Mixing layers.
        heads: Attention heads of a transformer.
        feedforward: Width inside a transformer layer.
        kernel: Frames a temporal convolution sees; layer i leaves 2^i - 1 frames out in between.
        norm: `layer`, or `batch` as in CARL's fully connected layers (padding is left out of its
            statistics).
        centre: Subtract the mean feature of the frames at hand first, which takes away much of
            what the scene looks like, but makes an embedding depend on which part of a video is
            embedded.
        dropout: Share of values dropped in training.
        output: Size of an embedding.
        projection: Width of the hidden layer of the projection head, used in training alone.
    """

    mixer: Mixer = "convolution"
    position: Position = "relative"
    hidden: tuple[int, ...] = ()
    width: int = 256
    layers: int = 3
    heads: int = 8
    feedforward: int = 1024
    kernel: int = 5
    norm: Literal["layer", "batch"] = "layer"
    centre: bool = False
    dropout: float = 0.1
    output: int = 128
    projection: int = 128

    def __post_init__(self):
        if self.mixer == "convolution" and self.position == "none":
            raise InputError(
                "temporal convolutions always see the order of frames: use position 'relative', "
                "or the mixer 'transformer' for position 'none'"
            )
        if self.mixer == "convolution" and self.kernel % 2 == 0:
            raise InputError(f"kernel must be odd to look both ways alike, not {self.kernel}")
        if self.mixer == "transformer" and self.width % (2 * self.heads):
            raise InputError(
                f"width {self.width} must be a multiple of twice the {self.heads} heads"
            )

    @classmethod
    def read(cls, settings: dict[str, Any]) -> "FrameLevel":
        """Make it from what JSON gives back, which knows no tuples."""
        return cls(**{**settings, "hidden": tuple(settings["hidden"])})


# CARL, section 3.3: two fully connected layers of 512 with batch normalisation, 256 channels, a
# sine-cosine position code, three pre-norm transformer layers of 8 heads, 128 out.
CARL = FrameLevel(
    mixer="transformer",
    position="normalised",
    hidden=(512, 512),
    norm="batch",
    projection=512,
)
