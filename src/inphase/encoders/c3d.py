"""C3D, a network of plain convolutions over time and space."""

import math

from jaxtyping import Float
from torch import Tensor, nn


class C3D(nn.Module):
    """Five 3 x 3 x 3 convolutions, each with batch normalisation, ReLU and max pooling after it.

    Source: Tran et al., "Learning Spatiotemporal Features with 3D Convolutional Networks", ICCV
    2015, section 3.2: the network of five convolutions (64, 128, 256, 256 and 256 channels) on
    which they compare kernels; the "smaller variant" of Wang et al., CVPR 2019, and of Jenni et
    al., "Video Representation Learning by Recognizing Temporal Transformations", ECCV 2020. The
    first pooling leaves time alone, the others halve it too; all round up, as in C3D's code.
    Deviation: batch normalisation (Jenni et al., section 4), after which convolutions need no bias.

    Attributes:
        dim: Channels of the last map.

    Args:
        width: Channels of the first convolution; all others in proportion.
    """

    def __init__(self, width: int = 64):
        super().__init__()
        self.dim = 4 * width
        self.conv1, self.pool1 = _convolution(3, width), _pool(1)
        self.conv2, self.pool2 = _convolution(width, 2 * width), _pool(2)
        self.conv3, self.pool3 = _convolution(2 * width, self.dim), _pool(2)
        self.conv4, self.pool4 = _convolution(self.dim, self.dim), _pool(2)
        self.conv5, self.pool5 = _convolution(self.dim, self.dim), _pool(2)

    def forward(self, clips: Float[Tensor, "n 3 t h w"]) -> Float[Tensor, "n d t2 h2 w2"]:
        """Map clips to the map of `conv5`, 1/8 as long, 1/16 as high and wide, rounded up.

        Args:
            clips: RGB, normalised as by the backbone `pixels`.
        """
        x = self.pool1(self.conv1(clips))
        x = self.pool2(self.conv2(x))
        x = self.pool3(self.conv3(x))
        x = self.pool4(self.conv4(x))
        return self.conv5(x)

    def flat(self, last: Float[Tensor, "n d t2 h2 w2"]) -> Float[Tensor, "n flat"]:
        """What fully connected layers see of the last map: all that `pool5` leaves of it."""
        return self.pool5(last).flatten(1)

    def flat_dim(self, size: int, frames: int) -> int:
        """How many numbers that is for clips so high and wide, and so long."""
        return self.dim * math.ceil(frames / 16) * math.ceil(size / 32) ** 2


def _convolution(before: int, after: int) -> nn.Sequential:
    convolution = nn.Conv3d(before, after, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(convolution, nn.BatchNorm3d(after), nn.ReLU(inplace=True))


def _pool(frames: int) -> nn.MaxPool3d:
    return nn.MaxPool3d((frames, 2, 2), ceil_mode=True)
