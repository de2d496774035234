"""R3D-18, a network over space and time; an encoder that shows it a block around each frame."""

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor, nn

from inphase.encoders.architecture import Blocks
from inphase.encoders.context import ContextEncoder
from inphase.errors import InputError


class BasicBlock(nn.Module):
    """Two 3 x 3 x 3 convolutions with batch normalisation, and a way around them."""

    def __init__(self, before: int, after: int, stride: int):
        super().__init__()
        self.conv1 = nn.Sequential(_convolution(before, after, stride), *_normalised(after, True))
        self.conv2 = nn.Sequential(_convolution(after, after, 1), *_normalised(after, False))
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride > 1 or before != after:
            across = nn.Conv3d(before, after, 1, stride, bias=False)
            self.downsample = nn.Sequential(across, *_normalised(after, False))

    def forward(self, x: Float[Tensor, "n i t h w"]) -> Float[Tensor, "n o t2 h2 w2"]:
        """Map a feature map to the next one."""
        around = x if self.downsample is None else self.downsample(x)
        return self.relu(self.conv2(self.conv1(x)) + around)


class R3D18(nn.Module):
    """A residual network of 18 layers with convolutions over time and space, less its classifier.

    Source: Tran et al., "A Closer Look at Spatiotemporal Convolutions for Action Recognition",
    CVPR 2018, as in torchvision's `r3d_18`, whose names of weights these are, so that its
    checkpoints can be loaded. Frames are 112 pixels high and wide there.
    """

    dim = 512

    def __init__(self):
        super().__init__()
        first = nn.Conv3d(3, 64, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False)
        self.stem = nn.Sequential(first, *_normalised(64, True))
        self.layer1 = nn.Sequential(BasicBlock(64, 64, 1), BasicBlock(64, 64, 1))
        self.layer2 = nn.Sequential(BasicBlock(64, 128, 2), BasicBlock(128, 128, 1))
        self.layer3 = nn.Sequential(BasicBlock(128, 256, 2), BasicBlock(256, 256, 1))
        self.layer4 = nn.Sequential(BasicBlock(256, 512, 2), BasicBlock(512, 512, 1))
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, clips: Float[Tensor, "n 3 t h w"]) -> Float[Tensor, "n 512 t2 h2 w2"]:
        """Map clips to their last feature map, 1/8 as long and 1/16 as high and wide, rounded up.

        Args:
            clips: RGB, normalised as by the backbone `pixels`.
        """
        return self.layer4(self.layer3(self.layer2(self.layer1(self.stem(clips)))))

    def load_published(self, state: Mapping[str, Tensor]) -> None:
        """Load a checkpoint of torchvision's `r3d_18`; its classifier `fc` is left out.

        Raises:
            InputError: If it is one of another network.
        """
        try:
            self.load_state_dict({k: v for k, v in state.items() if not k.startswith("fc.")})
        except RuntimeError as error:
            raise InputError(f"these are not the weights of an R3D-18: {error}") from None


class BlockEncoder(ContextEncoder):
    """R3D-18 over a block of frames, the mean over its map, and a linear layer.

    Source: Liu et al., VAVA, CVPR 2022, supplement, table 7a; see `Blocks`. Maps are pixels.
    """

    def __init__(self, features: tuple[int, int, int], architecture: Blocks, *, frames: int = 80):
        super().__init__(features, architecture, frames=frames)
        if features[0] != 3:
            raise InputError(
                f"R3D-18 looks at pixels, not at maps of {features[0]} channels: use the backbone "
                "'pixels'"
            )
        self.trunk = R3D18()
        self.output = nn.Linear(R3D18.dim, architecture.output)

    def look(self, maps: Float[Tensor, "n k c h w"]) -> Float[Tensor, "n d"]:
        """Embed frames, each from the pixels of its block."""
        return self.output(self.trunk(maps.transpose(1, 2)).mean((2, 3, 4)))


def _convolution(before: int, after: int, stride: int) -> nn.Conv3d:
    return nn.Conv3d(before, after, 3, stride, 1, bias=False)


def _normalised(channels: int, activation: bool) -> list[nn.Module]:
    norm = nn.BatchNorm3d(channels)
    return [norm, nn.ReLU(inplace=True)] if activation else [norm]
