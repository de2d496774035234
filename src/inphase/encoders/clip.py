"""Networks that see a whole clip: residual ones of 18 layers, and any of them by its name."""

from collections.abc import Callable, Mapping
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from inphase.encoders.c3d import C3D
from inphase.encoders.factorised import OverSpace, OverTime
from inphase.errors import InputError

# Channels before, after and in between, if there are any in between; stride.
Convolution = Callable[[int, int, int, int], nn.Module]


class BasicBlock(nn.Module):
    """Two 3 x 3 x 3 convolutions with batch normalisation, and a way around them."""

    def __init__(self, before: int, after: int, stride: int, convolution: Convolution):
        super().__init__()
        # As many that a factorised convolution has as many weights as a full one (CVPR 2018,
        # section 3.5); as published, the second one has no more of them than the first.
        between = 27 * before * after // (9 * before + 3 * after)
        first = convolution(before, after, between, stride)
        second = convolution(after, after, between, 1)
        self.conv1 = nn.Sequential(first, *_normalised(after, True))
        self.conv2 = nn.Sequential(second, *_normalised(after, False))
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride > 1 or before != after:
            across = nn.Conv3d(before, after, 1, stride, bias=False)
            self.downsample = nn.Sequential(across, *_normalised(after, False))

    def forward(self, x: Float[Tensor, "n i t h w"]) -> Float[Tensor, "n o t2 h2 w2"]:
        """Map a feature map to the next one."""
        around = x if self.downsample is None else self.downsample(x)
        return self.relu(self.conv2(self.conv1(x)) + around)


class Residual18(nn.Module):
    """What residual networks of 18 layers over time and space share; they have no classifier.

    Source: Tran et al., "A Closer Look at Spatiotemporal Convolutions for Action Recognition",
    CVPR 2018, as in torchvision, whose names of weights these are, so that its checkpoints can be
    loaded. Frames are 112 pixels high and wide there.

    Attributes:
        dim: Channels of the last map.

    Args:
        stem: The first layers, to `width` channels.
        width: Channels of the first blocks; all others in proportion.
        convolution: Makes the convolutions of a block.
    """

    title: ClassVar[str]

    def __init__(self, stem: list[nn.Module], width: int, convolution: Convolution):
        super().__init__()
        self.dim = 8 * width

        def layer(before: int, after: int, stride: int) -> nn.Sequential:
            first = BasicBlock(before, after, stride, convolution)
            return nn.Sequential(first, BasicBlock(after, after, 1, convolution))

        self.stem = nn.Sequential(*stem)
        self.layer1 = layer(width, width, 1)
        self.layer2 = layer(width, 2 * width, 2)
        self.layer3 = layer(2 * width, 4 * width, 2)
        self.layer4 = layer(4 * width, 8 * width, 2)
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, clips: Float[Tensor, "n 3 t h w"]) -> Float[Tensor, "n d t2 h2 w2"]:
        """Map clips to their last feature map, 1/8 as long and 1/16 as high and wide, rounded up.

        Args:
            clips: RGB, normalised as by the backbone `pixels`.
        """
        return self.layer4(self.layer3(self.layer2(self.layer1(self.stem(clips)))))

    def flat(self, last: Float[Tensor, "n d t2 h2 w2"]) -> Float[Tensor, "n d"]:
        """What fully connected layers see of the last map: its mean over places and time."""
        return last.mean((2, 3, 4))

    def flat_dim(self, size: int, frames: int) -> int:  # noqa: ARG002
        """How many numbers that is, whatever the clips."""
        return self.dim

    def load_published(self, state: Mapping[str, Tensor]) -> None:
        """Load a checkpoint of torchvision's network; its classifier `fc` is left out.

        Raises:
            InputError: If it is one of another network.
        """
        try:
            self.load_state_dict({k: v for k, v in state.items() if not k.startswith("fc.")})
        except RuntimeError as error:
            raise InputError(f"these are not the weights of an {self.title}: {error}") from None


class R3D18(Residual18):
    """The one of full convolutions: R3D-18, torchvision's `r3d_18`, also called 3D-ResNet."""

    title = "R3D-18"

    def __init__(self, width: int = 64):
        first = nn.Conv3d(3, width, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False)
        super().__init__([first, *_normalised(width, True)], width, _full)


class R2Plus1D18(Residual18):
    """The one of convolutions over space, then over time: R(2+1)D-18, torchvision's `r2plus1d_18`.

    Its first convolution has 45 channels in between, in proportion to the width.
    """

    title = "R(2+1)D-18"

    def __init__(self, width: int = 64):
        between = max(1, 45 * width // 64)
        stem = [
            OverSpace(3, between, 7, stride=2),
            *_normalised(between, True),
            OverTime(between, width, 3),
            *_normalised(width, True),
        ]
        super().__init__(stem, width, _factorised)


ClipNetwork = C3D | R3D18 | R2Plus1D18
NETWORKS: dict[str, type[C3D] | type[R3D18] | type[R2Plus1D18]] = {
    "c3d": C3D,
    "r3d-18": R3D18,
    "r2plus1d-18": R2Plus1D18,
}


def network(name: str, *, width: int = 64) -> ClipNetwork:
    """Make a clip network with random weights, He's normal initialisation.

    All of them map clips of any length, height and width to a last map of `dim` channels; `flat`
    makes of it what fully connected layers see, `flat_dim` numbers. Batch normalisation follows
    every convolution.

    Args:
        name: `c3d`, `r3d-18` or `r2plus1d-18`.
        width: Channels of the first layers; 64 as published, fewer for processors.

    Raises:
        InputError: If there is no such network.
    """
    if name not in NETWORKS:
        raise InputError(f"no clip network is called '{name}': use one of {', '.join(NETWORKS)}")
    if width < 1:
        raise InputError(f"the width of a clip network must be at least 1, not {width}")
    made = NETWORKS[name](width)
    # Computes the same; on processors C3D is up to twice as fast so, and the others no slower.
    return made.to(memory_format=torch.channels_last_3d)  # pyright: ignore[reportCallIssue]


def _full(before: int, after: int, between: int, stride: int) -> nn.Module:  # noqa: ARG001
    return nn.Conv3d(before, after, 3, stride, 1, bias=False)


def _factorised(before: int, after: int, between: int, stride: int) -> nn.Module:
    return nn.Sequential(
        OverSpace(before, between, 3, stride=stride),
        *_normalised(between, True),
        OverTime(between, after, 3, stride=stride),
    )


def _normalised(channels: int, activation: bool) -> list[nn.Module]:
    norm = nn.BatchNorm3d(channels)
    return [norm, nn.ReLU(inplace=True)] if activation else [norm]
