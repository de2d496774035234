"""Image backbones by name: a frame in, a feature map out; frozen, but for the last block if asked.

`backbone()` gives EfficientNet-Lite0, whose weights come with the installation; any image model of
the Hugging Face Hub or of a local folder (see `inphase.encoders.hub`); either of them with random
weights; VGG-M, which has no others; or the pixels themselves.
"""

import copy
import hashlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from inphase.encoders.efficientnet_lite import EfficientNetLite0, published_weights, to_bfloat16
from inphase.encoders.vgg_m import VGGM
from inphase.errors import InputError

DEFAULT = "efficientnet-lite0"
FROM_SCRATCH = "vgg-m"
PIXELS = "pixels"
LAYERS = ("last", "middle", "conv4c", "conv5c")

# Of the colours of ImageNet's pictures, and of Kinetics' frames as torchvision's networks see them.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
KINETICS_MEAN = (0.43216, 0.394666, 0.37645)
KINETICS_DEVIATION = (0.22803, 0.22145, 0.216989)

Frames = UInt8[Tensor, "n 3 h w"] | Float[Tensor, "n 3 h w"]
FeatureMap = Float[Tensor, "n c rows columns"]
Precision = Literal["auto", "float32", "bfloat16"]


class Backbone(nn.Module):
    """A frozen image network in two parts: `forward(frames) = head(stem(frames))`.

    Always in evaluation mode, so that a frame's features never depend on the other frames given
    with it. Weights of the network are not trainable until `thaw` is called.

    Args:
        early: From pictures, normalised, to the input of `late`.
        late: To the last feature map.
        name: What it was asked for by.
        dim: Channels of the last feature map.
        size: Height and width, in pixels, of the pictures it is meant for.
        mean: Of each colour, 0..1, subtracted from pictures.
        deviation: Of each colour, 0..1, that pictures are divided by.
        last: The part of `late` that `thaw` makes trainable; all of it if not given.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        early: nn.Module,
        late: nn.Module,
        *,
        name: str,
        dim: int,
        size: int,
        mean: tuple[float, ...],
        deviation: tuple[float, ...],
        last: nn.Module | None = None,
    ):
        super().__init__()
        self.name, self.dim, self.size = name, dim, size
        self.early = early.requires_grad_(False)
        self.late = late.requires_grad_(False)
        self._last = (last or late,)  # in a tuple, for it must not be registered twice
        self._exact: tuple[nn.Module, ...] = ()
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation).view(3, 1, 1), persistent=False)
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.train(False)
        self._digest = _digest(self)

    def forward(self, frames: Frames) -> FeatureMap:
        """Map pictures to the last feature map, in float32.

        Args:
            frames: RGB; integers 0..255 or floating-point numbers 0..1. Any height and width the
                network can take, though it knows best what is `size` pixels high and wide.
        """
        return self.head(self.stem(frames))

    def stem(self, frames: Frames) -> Tensor:
        """Normalise pictures and take them through the part that always stays frozen."""
        scale = 255.0 if frames.dtype == torch.uint8 else 1.0
        x = frames.to(torch.float32, memory_format=torch.channels_last)
        x = (x - self.mean * scale) / (self.deviation * scale)
        return self.early(x.to(_precision(self)))

    def head(self, x: Tensor) -> FeatureMap:
        """Take what `stem` gave through the rest of the network, whose last block can learn."""
        return self.late(x.to(_precision(self.late))).float()

    def thaw(self) -> nn.Module:
        """Make the last block trainable, in float32, and return it.

        Its batch normalisation statistics stay those of pre-training.
        """
        if self._exact:
            device = next(self.late.parameters()).device
            late, last = copy.deepcopy(self._exact)
            self.late, self._last, self._exact = late.to(device), (last,), ()
        return self._last[0].requires_grad_(True)

    def freeze(self) -> None:
        """End what `thaw` began; features and digest are those of the weights as they are now."""
        self._digest = _digest(self)
        self.requires_grad_(False)

    def train(self, mode: bool = True) -> "Backbone":
        """Stay in evaluation mode, whatever is asked for."""
        return super().train(False)

    def lower(self) -> None:
        """Compute in bfloat16 from now on, if features stay the same (cosine above .999)."""
        if not any(True for _ in self.parameters()):
            return
        fast_early, fast_late = copy.deepcopy((self.early, self.late))
        exact_early, exact_late = self.early, self.late
        pictures = _pictures(self.size).to(self.mean.device)
        with torch.inference_mode():
            before = pool(self(pictures), "mean")
            self.early, self.late = to_bfloat16(fast_early), to_bfloat16(fast_late)
            after = pool(self(pictures), "mean")
        if F.cosine_similarity(before, after).min() > 0.999:
            self._exact = (exact_late, self._last[0])
        else:
            self.early, self.late = exact_early, exact_late

    @property
    def precision(self) -> str:
        """The number format of the early part, such as `bfloat16`."""
        return str(_precision(self)).removeprefix("torch.")

    @cached_property
    def map(self) -> tuple[int, int, int]:
        """Channels, rows and columns of the map of a picture of its size."""
        picture = torch.zeros(1, 3, self.size, self.size, device=self.mean.device)
        with torch.no_grad():
            channels, rows, columns = self(picture).shape[1:]
        return channels, rows, columns

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that tell networks, weights and input sizes apart.

        They do not depend on the precision: what is computed is the same, but for rounding.
        """
        if any(parameter.requires_grad for parameter in self.late.parameters()):
            return _digest(self)  # for the weights may have changed since
        return self._digest


def _precision(network: nn.Module) -> torch.dtype:
    return next((each.dtype for each in network.parameters()), torch.float32)


def _digest(network: Backbone) -> str:
    facts = (type(network.late).__name__, network.size)
    digest = hashlib.blake2b(repr(facts).encode(), digest_size=8)
    normalisation = {"mean": network.mean, "deviation": network.deviation}
    for key, value in sorted((network.state_dict() | normalisation).items()):
        digest.update(key.encode())
        digest.update(value.float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def backbone(
    name: str = DEFAULT,
    *,
    weights: Literal["pretrained", "random"] = "pretrained",
    size: int | None = None,
    seed: int = 0,
    precision: Precision = "auto",
    device: torch.device | str = "cpu",
    layer: str = "last",
) -> Backbone:
    """Make an image backbone.

    Alignment papers take ResNet-50's maps from `conv4c`, the third block of its third stage (14 x
    14 places of 1024 channels), or `conv5c`, its last (7 x 7 of 2048). In other networks of stages
    `middle` is what comes nearest to the first, the last map twice as high and wide as the last of
    all: 14 x 14 of 112 channels in EfficientNet-Lite0; and `last` to the second.

    Args:
        name: `efficientnet-lite0`, whose weights come with the installation; or a Hugging Face
            image model, by the path of a folder with it or by its name on the Hub (anything with
            a slash, or after `hf:`), which needs the extra `hub`. Only a name on the Hub is ever
            looked for on the network. `vgg-m` is a network to train from random weights; `pixels`
            leaves 112 x 112 pixels as they are, for networks over time and space.
        weights: `random` starts the same network from random numbers.
        size: Height and width of the pictures it will be given; the network's own if None.
        seed: Of the random numbers.
        precision: `auto` computes in bfloat16 where the processor is fast at it and the features
            stay the same (cosine to float32 above .999), else in float32.
        device: Where it runs.
        layer: Whose map to take: `last`, `middle`, or in a ResNet `conv4c` or `conv5c`. What comes
            after it is never computed, and what `thaw` makes trainable is its stage.

    Raises:
        InputError: If there is no such backbone or layer, or the extra is missing.
    """
    if weights not in ("pretrained", "random"):
        raise InputError(f"weights must be 'pretrained' or 'random', not '{weights}'")
    if layer not in LAYERS:
        raise InputError(f"no layer is called '{layer}': use one of {', '.join(LAYERS)}")
    if name in (DEFAULT, FROM_SCRATCH, PIXELS):
        made = _own(name, weights, size, seed, layer)
    elif name.startswith("hf:") or "/" in name or Path(name).is_dir():
        from inphase.encoders.hub import hub_backbone

        made = hub_backbone(name.removeprefix("hf:"), weights, size, seed, layer)
    else:
        raise InputError(
            f"no backbone is called '{name}': use '{DEFAULT}', '{FROM_SCRATCH}', '{PIXELS}', the "
            "folder of a Hugging Face image model, or its name on the Hub such as "
            "'facebook/dinov2-small'"
        )
    made.to(device)
    if precision == "bfloat16" or (precision == "auto" and _bfloat16_is_fast(made.mean.device)):
        made.lower()
    return made


POOLINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda x: x.mean((2, 3)),
    "max": lambda x: x.amax((2, 3)),
    "both": lambda x: torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1),
    "grid": lambda x: F.adaptive_avg_pool2d(x, 2).flatten(1),
    "none": lambda x: x.flatten(1),
}


def pool(feature_map: FeatureMap, kind: str) -> Float[Tensor, "n d"]:
    """Make one vector of a feature map.

    Args:
        feature_map: As from a backbone.
        kind: `mean` or `max` over all places, `both` one after the other (twice the channels), the
            means of each quarter of the picture, `grid` (four times the channels), or `none`, the
            whole map, for convolutional encoders.

    Raises:
        InputError: If there is no such pooling.
    """
    if kind not in POOLINGS:
        raise InputError(f"no pooling is called '{kind}': use one of {', '.join(POOLINGS)}")
    return POOLINGS[kind](feature_map)


def _own(name: str, weights: str, size: int | None, seed: int, layer: str) -> Backbone:
    """Make a network that needs no one else's library."""
    if layer.startswith("conv") or (layer == "middle" and name != DEFAULT):
        near = " or 'middle', which is nearest to conv4c" if name == DEFAULT else ""
        raise InputError(f"'{name}' has no layer '{layer}': use 'last'{near}")
    if name == DEFAULT:
        return _embedded(weights, size or 224, seed, layer)
    if name == FROM_SCRATCH:
        return _from_scratch(weights, size or 224, seed)
    return Backbone(
        nn.Identity(),
        nn.Identity(),
        name=name,
        dim=3,
        size=size or 112,
        mean=KINETICS_MEAN,
        deviation=KINETICS_DEVIATION,
    )


def _embedded(weights: str, size: int, seed: int, layer: str) -> Backbone:
    network = EfficientNetLite0()
    if weights == "pretrained":
        network.load_published(torch.load(published_weights(), weights_only=True))
    else:
        network.initialise(seed)
    early, late = network.split(layer)
    # (255 x - 127) / 128, as in training.
    mean, deviation = (127 / 255,) * 3, (128 / 255,) * 3
    return Backbone(
        early,
        late,
        name=DEFAULT,
        dim=network.dim if layer == "last" else network.middle_dim,
        size=size,
        mean=mean,
        deviation=deviation,
    )


def _from_scratch(weights: str, size: int, seed: int) -> Backbone:
    if weights != "random":
        raise InputError(f"'{FROM_SCRATCH}' has no trained weights: ask for weights 'random'")
    network = VGGM()
    network.initialise(seed)
    return Backbone(
        network.early,
        network.late,
        name=FROM_SCRATCH,
        dim=network.dim,
        size=size,
        mean=IMAGENET_MEAN,
        deviation=(1 / 255,) * 3,  # it takes 0..255 less the mean
    )


def _bfloat16_is_fast(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return device.type == "cpu" and supported()


def _pictures(size: int) -> Float[Tensor, "n 3 h w"]:
    """A few pictures of coloured squares, from large to small, as sharp as real ones."""
    generator = torch.Generator().manual_seed(0)
    picture = torch.zeros(4, 3, size, size)
    for squares, weight in ((4, 0.4), (14, 0.25), (56, 0.2), (224, 0.15)):
        colours = torch.rand(4, 3, squares, squares, generator=generator)
        picture += weight * F.interpolate(colours, (size, size))
    return picture
