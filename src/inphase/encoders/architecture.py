"""The shapes of temporal models, as plain settings (no torch, so the command line is fast)."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

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
        class_token: Give a transformer one more place, which stands for the clip as a whole; `fit`
            sets it for methods that tell activities apart (CARL, journal version).
        centre: Subtract the mean feature of the frames at hand first, which takes away much of
            what the scene looks like, but makes an embedding depend on which part of a video is
            embedded.
        dropout: Share of values dropped in training.
        output: Size of an embedding.
        projection: Width of the hidden layer of the projection head, used in training alone.
    """

    pooling: ClassVar[str] = "max"  # of the feature maps that suit it
    context: ClassVar[int] = 1  # a frame's feature is of that frame alone
    stride: ClassVar[int] = 1
    ahead: ClassVar[int] = 0

    mixer: Mixer = "convolution"
    position: Position = "relative"
    hidden: tuple[int, ...] = ()
    width: int = 256
    layers: int = 3
    heads: int = 8
    feedforward: int = 1024
    kernel: int = 5
    norm: Literal["layer", "batch"] = "layer"
    class_token: bool = False
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
        if self.mixer == "convolution" and self.class_token:
            raise InputError("temporal convolutions have no place for a class token")
        if self.mixer == "convolution" and self.kernel % 2 == 0:
            raise InputError(f"kernel must be odd to look both ways alike, not {self.kernel}")
        if self.mixer == "transformer" and self.width % (2 * self.heads):
            raise InputError(
                f"width {self.width} must be a multiple of twice the {self.heads} heads"
            )

    def describe(self) -> str:
        """Say it in a few words."""
        return f"{self.layers} layers of {self.mixer}, position {self.position}"


# CARL, section 3.3: two fully connected layers of 512 with batch normalisation, 256 channels, a
# sine-cosine position code, three pre-norm transformer layers of 8 heads, 128 out.
CARL = FrameLevel(
    mixer="transformer",
    position="normalised",
    hidden=(512, 512),
    norm="batch",
    projection=512,
)


@dataclass(frozen=True)
class Convolutional:
    """Feature maps of a few frames in, one embedding of the last of them out; no other frame seen.

    Source: Dwibedi et al., TCC, CVPR 2019, and its code (`ConvEmbedder`), which LAV (Haresh et
    al., CVPR 2021, section 3.4), GTA and VAVA use too: 3 x 3 x 3 convolutions over the maps with
    batch normalisation, the maximum over all places and frames, fully connected layers. LAV's
    table 11 counts frames besides the frame itself: its k = 1 is `context=2`.

    Attributes:
        context: Frames shown for an embedding: the frame and those before it.
        stride: Frames of the video from one of them to the next (paper: 15; LAV's IKEA ASM: 8).
        channels: Of each convolution.
        hidden: Widths of the fully connected layers.
        dropout: Share of values dropped in training, before each of these.
        output: Size of an embedding.
        projection: Width of the hidden layer of the projection head, used in training alone.
    """

    pooling: ClassVar[str] = "none"
    norm: ClassVar[str] = "layer"  # none in the projection head
    ahead: ClassVar[int] = 0  # frames after the one that is embedded

    kind: str = field(default="convolutional", init=False)
    context: int = 2
    stride: int = 15
    channels: tuple[int, ...] = (512, 512)
    hidden: tuple[int, ...] = (512, 512)
    dropout: float = 0.1
    output: int = 128
    projection: int = 128

    def __post_init__(self):
        _check_context(self.context, self.stride)
        if not self.channels:
            raise InputError("channels must name at least one convolution, such as (512, 512)")

    def describe(self) -> str:
        """Say it in a few words."""
        return f"{len(self.channels)} convolutions over {self.context} frames {self.stride} apart"


@dataclass(frozen=True)
class Blocks:
    """Pixels of a block of consecutive frames in, one embedding of the middle one out: R3D-18.

    Source: Liu et al., VAVA, CVPR 2022, supplement, "Backbone" and table 7a. The paper does not
    say how the network ends; here in the mean over all places and a linear layer.

    Attributes:
        context: Frames of a block, odd.
        stride: Frames of the video from one of them to the next.
        output: Size of an embedding.
        projection: Width of the hidden layer of the projection head, used in training alone.
    """

    pooling: ClassVar[str] = "none"
    norm: ClassVar[str] = "layer"

    kind: str = field(default="r3d-18", init=False)
    context: int = 5
    stride: int = 1
    output: int = 128
    projection: int = 128

    def __post_init__(self):
        _check_context(self.context, self.stride)
        if self.context % 2 == 0:
            raise InputError(f"a block needs a middle: context must be odd, not {self.context}")

    @property
    def ahead(self) -> int:
        """Frames after the one that is embedded."""
        return self.context // 2

    def describe(self) -> str:
        """Say it in a few words."""
        return f"R3D-18 over blocks of {self.context} frames"


@dataclass(frozen=True)
class Clips:
    """Pixels of the clip around a frame in, the mean of a clip network's last map out.

    Source: Jenni et al., "Video Representation Learning by Recognizing Temporal Transformations",
    ECCV 2020, section 4, for the networks, clips and sizes; LAV (Haresh et al., CVPR 2021),
    supplement A.6, for embeddings of frames at the centres of clips.

    Attributes:
        network: Which clip network.
        width: Channels of its first layers, all others in proportion; 64 as published.
        size: Height and width of frames in pixels; 112 as published, at least 16.
        context: Frames of a clip. An even number of them has one more after the frame than before.
        stride: Frames of the video from one of them to the next.
        projection: Width of the hidden layer of the projection head, used in training alone.
    """

    pooling: ClassVar[str] = "none"
    norm: ClassVar[str] = "layer"

    kind: str = field(default="clips", init=False)
    network: Literal["c3d", "r3d-18", "r2plus1d-18"] = "c3d"
    width: int = 64
    size: int = 112
    context: int = 16
    stride: int = 1
    projection: int = 128

    def __post_init__(self):
        _check_context(self.context, self.stride)
        if self.network not in _LAST:
            raise InputError(
                f"no clip network is called '{self.network}': use one of {', '.join(_LAST)}"
            )
        if self.width < 1:
            raise InputError(f"the width of a clip network must be at least 1, not {self.width}")
        if self.size < 16:
            raise InputError(
                f"clips {self.size} pixels high and wide are too small: the last map has one place "
                "for 16 x 16 pixels"
            )

    @property
    def output(self) -> int:
        """Size of an embedding: channels of the network's last map."""
        return _LAST[self.network] * self.width

    @property
    def ahead(self) -> int:
        """Frames after the one that is embedded."""
        return self.context // 2

    def describe(self) -> str:
        """Say it in a few words."""
        return f"{self.network} of width {self.width} over clips of {self.context} frames"


# Channels of a clip network's last map, in widths.
_LAST = {"c3d": 4, "r3d-18": 8, "r2plus1d-18": 8}

Architecture = FrameLevel | Convolutional | Blocks | Clips


def read_architecture(settings: dict[str, Any]) -> Architecture:
    """Make an architecture from what JSON gives back of it, which knows no tuples.

    Raises:
        InputError: If inphase has no such architecture.
    """
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
    name = given.pop("kind", "frame-level")  # frame-level models do not write it
    if name not in KINDS:
        raise InputError(f"there is no architecture '{name}': use one of {', '.join(KINDS)}")
    return KINDS[name](**given)


KINDS: dict[str, type[FrameLevel] | type[Convolutional] | type[Blocks] | type[Clips]] = {
    "frame-level": FrameLevel,
    "convolutional": Convolutional,
    "r3d-18": Blocks,
    "clips": Clips,
}


def _check_context(context: int, stride: int) -> None:
    if context < 1 or stride < 1:
        raise InputError(f"context and stride must be at least 1, not {context} and {stride}")
