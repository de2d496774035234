"""VGG-M: the small network that alignment papers train from scratch."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class VGGM(nn.Module):
    """The "medium" network of Chatfield et al., up to its fifth convolution.

    Source: Chatfield et al., "Return of the Devil in the Details", BMVC 2014, table 1, CNN-M; the
    network "from scratch" of TCC (CVPR 2019), LAV (table 9) and VAVA (supplement, table 2). Its
    last pooling and its fully connected layers are left out: 13 x 13 places of 512 channels from
    224 x 224 pixels, about as many as conv4c has. (TCC's code calls another network so: seven
    convolutions with batch normalisation, of 64 to 512 channels.)

    All of it is `late`, so that all of it learns in training end to end.
    """

    dim = 512

    def __init__(self):
        super().__init__()
        self.early = nn.Identity()
        self.late = nn.Sequential(
            *_convolution(3, 96, 7, stride=2),
            _Normalisation(),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            *_convolution(96, 256, 5, stride=2, padding=1),
            _Normalisation(),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            *_convolution(256, 512, 3, padding=1),
            *_convolution(512, 512, 3, padding=1),
            *_convolution(512, 512, 3, padding=1),
        )

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 512 h2 w2"]:
        """Map pictures, 0..255 less their mean, to the last feature map."""
        return self.late(self.early(x))

    def initialise(self, seed: int) -> None:
        """Random weights: He's normal initialisation by fan-in, zero biases."""
        generator = torch.Generator().manual_seed(seed)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan_in = module.in_channels * module.kernel_size[0] ** 2
                with torch.no_grad():
                    module.weight.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
                    module.bias.zero_()  # pyright: ignore[reportOptionalMemberAccess]


def _convolution(
    before: int, after: int, kernel: int, stride: int = 1, padding: int = 0
) -> list[nn.Module]:
    return [nn.Conv2d(before, after, kernel, stride, padding), nn.ReLU()]


class _Normalisation(nn.LocalResponseNorm):
    """Over 5 channels; torch divides alpha by their number, the paper's software does not."""

    def __init__(self):
        super().__init__(5, alpha=5 * 1e-4, beta=0.75, k=2.0)

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input.float()).to(input.dtype)  # torch knows no other on CPUs
