"""The two halves of a (2+1)D convolution, each computed as one over two dimensions.

Weights are those of the three-dimensional convolutions they stand for, and so are results; only
the kernels of processors for three dimensions are many times slower at such shapes.
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class OverSpace(nn.Conv3d):
    """A convolution of each frame by itself, 1 x k x k.

    Args:
        before: Channels of the input.
        after: Channels of the output.
        kernel: Height and width, odd.
        stride: Of places.
    """

    def __init__(self, before: int, after: int, kernel: int, *, stride: int = 1):
        around = (0, kernel // 2, kernel // 2)
        super().__init__(
            before, after, (1, kernel, kernel), (1, stride, stride), around, bias=False
        )

    def forward(self, input: Float[Tensor, "n i t h w"]) -> Float[Tensor, "n o t h2 w2"]:
        """Map a feature map to the next one, frames as if they were examples."""
        n, _, t = input.shape[:3]
        frames = input.transpose(1, 2).flatten(0, 1)
        around = self.kernel_size[1] // 2
        found = F.conv2d(frames, self.weight.squeeze(2), None, self.stride[1], around)
        return found.unflatten(0, (n, t)).transpose(1, 2)


class OverTime(nn.Conv3d):
    """A convolution of each place by itself, k x 1 x 1.

    Args:
        before: Channels of the input.
        after: Channels of the output.
        kernel: Frames, an odd number.
        stride: Of frames.
    """

    def __init__(self, before: int, after: int, kernel: int, *, stride: int = 1):
        around = (kernel // 2, 0, 0)
        super().__init__(before, after, (kernel, 1, 1), (stride, 1, 1), around, bias=False)

    def forward(self, input: Float[Tensor, "n i t h w"]) -> Float[Tensor, "n o t2 h w"]:
        """Map a feature map to the next one, all places of a frame in one row."""
        around = (self.kernel_size[0] // 2, 0)
        weight, stride = self.weight.flatten(3), (self.stride[0], 1)
        found = F.conv2d(input.flatten(3), weight, None, stride, around)
        return found.unflatten(3, input.shape[3:])
