"""One spatial augmentation a clip: crop, flip, colour and blur, the same for all its frames.

Crop and resize on bytes, all colour changes as one 3 x 3 matrix, blur as two products with banded
matrices: several times faster than the usual chain of filters, for this must keep up with the
backbone.
"""

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

Fit = Literal["squash", "pad"]

_BAND = 16  # pixels a product; more waste work outside the band, fewer waste calls
_LUMA = (0.299, 0.587, 0.114)
_RGB_TO_YIQ = torch.tensor([_LUMA, (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112)])
_YIQ_TO_RGB = torch.linalg.inv(_RGB_TO_YIQ)


@dataclass(frozen=True)
class ViewParameters:
    """What is done to every frame of a clip; by default nothing but resizing: the clean view.

    Attributes:
        top: Upper edge of the crop, as a share of the frame's height.
        left: Left edge of the crop, as a share of the frame's width.
        height: Of the crop, as a share of the frame's height.
        width: Of the crop, as a share of the frame's width.
        flip: Left and right swapped.
        brightness: Factor on all colours.
        contrast: Factor on the distance from the frame's mean luma.
        saturation: Factor on the distance from each pixel's luma.
        hue: Rotation of the colours, in turns, at constant luma (in YIQ, not HSV).
        grey: No colour.
        blur: Standard deviation of a Gaussian, in 1/224 of the view's side.
    """

    top: float = 0.0
    left: float = 0.0
    height: float = 1.0
    width: float = 1.0
    flip: bool = False
    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0
    hue: float = 0.0
    grey: bool = False
    blur: float = 0.0

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that tell views apart."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


CLEAN = ViewParameters()


def draw(seed: int) -> ViewParameters:
    """Draw the augmentation of CARL (Chen et al., CVPR 2022, after SimCLR); same seed, same view.

    Crop of area U(.8, 1) and aspect 3/4 to 4/3; flip with probability .5; colour jitter with .8:
    brightness, contrast, saturation U(.2, 1.8), hue U(-.2, .2); grey with .2; blur with .5,
    standard deviation U(.1, 2).

    Deviations: the crop's aspect is relative to the frame's, because in wide frames a crop of that
    area and an absolute aspect does not exist (torchvision then takes the centre). Blur happens
    once at most; the released code may apply it up to four times. The four colour changes come
    in no order, for they commute if clipped once, at the end.
    """
    random = np.random.default_rng(seed)
    height, width = _crop(random)
    jitter = random.random() < 0.8
    brightness, contrast, saturation = random.uniform(0.2, 1.8, 3) if jitter else (1, 1, 1)
    return ViewParameters(
        top=random.uniform(0, 1 - height),
        left=random.uniform(0, 1 - width),
        height=height,
        width=width,
        flip=bool(random.random() < 0.5),
        brightness=float(brightness),
        contrast=float(contrast),
        saturation=float(saturation),
        hue=random.uniform(-0.2, 0.2) if jitter else 0.0,
        grey=bool(random.random() < 0.2),
        blur=random.uniform(0.1, 2) if random.random() < 0.5 else 0.0,
    )


def _crop(random: np.random.Generator) -> tuple[float, float]:
    """Height and width of a crop that fits, as shares of the frame's."""
    while True:
        area, ratio = random.uniform(0.8, 1), np.exp(random.uniform(np.log(3 / 4), np.log(4 / 3)))
        height, width = (area / ratio) ** 0.5, (area * ratio) ** 0.5
        if max(height, width) <= 1:
            return float(height), float(width)


def apply(
    frames: UInt8[Tensor, "n h w 3"],
    parameters: ViewParameters,
    size: int,
    *,
    fit: Fit = "squash",
) -> UInt8[Tensor, "n 3 {size} {size}"]:
    """Make a view: square pictures, antialiased.

    Args:
        frames: RGB, of one clip.
        parameters: `CLEAN`, or as drawn.
        size: Height and width of the view, in pixels.
        fit: How a whole frame becomes a square, never cutting anything off: `squash` it, or `pad`
            it with black.
    """
    if fit == "pad":
        frames = pad(frames)
    matrix = colour_matrix(parameters)
    # A few at a time stay in the processor's cache: twice as fast.
    parts = frames.split(2) if frames.device.type == "cpu" else [frames]
    return torch.cat([_apply(part, parameters, size, matrix) for part in parts])


def _apply(frames: Tensor, parameters: ViewParameters, size: int, matrix: Tensor | None) -> Tensor:
    x = crop(frames, parameters, size)
    if parameters.flip:
        x = x.flip(-1)
    if matrix is None and not parameters.blur:
        return x
    y = x.to(torch.float32, memory_format=torch.contiguous_format)  # plane by plane from here on
    if matrix is not None:
        y = recolour(y, matrix, parameters.contrast)
    if parameters.blur:
        y = blur(y, parameters.blur * size / 224)
    return y.round_().to(torch.uint8)


def pad(frames: UInt8[Tensor, "n h w 3"]) -> UInt8[Tensor, "n side side 3"]:
    """Make frames square with black at both ends of the short side."""
    height, width = frames.shape[1:3]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    return F.pad(frames, (0, 0, left, side - width - left, top, side - height - top))


def crop(
    frames: UInt8[Tensor, "n h w 3"], parameters: ViewParameters, size: int
) -> UInt8[Tensor, "n 3 {size} {size}"]:
    """Cut the box out, to whole pixels, and resize it (bilinear, antialiased)."""
    height, width = frames.shape[1:3]
    top, left = round(parameters.top * height), round(parameters.left * width)
    bottom = max(top + 1, round((parameters.top + parameters.height) * height))
    right = max(left + 1, round((parameters.left + parameters.width) * width))
    x = frames[:, top:bottom, left:right].permute(0, 3, 1, 2)
    if x.shape[2:] == (size, size):
        return x
    x = x if x.device.type == "cpu" else x.float()  # only the CPU resizes bytes
    x = F.interpolate(x, (size, size), mode="bilinear", antialias=True)
    return x if x.dtype == torch.uint8 else x.round().to(torch.uint8)


def colour_matrix(parameters: ViewParameters) -> Float[Tensor, "3 3"] | None:
    """Make the matrix of brightness, saturation, hue and grey; None if no colour changes.

    Brightness is a factor; saturation and hue scale and rotate the two chroma axes of YIQ, which
    leaves the luma alone.
    """
    p = parameters
    if (p.brightness, p.contrast, p.saturation, p.hue, p.grey) == (1, 1, 1, 0, False):
        return None
    chroma, angle = 0.0 if p.grey else p.saturation, 2 * math.pi * p.hue
    cosine, sine = chroma * math.cos(angle), chroma * math.sin(angle)
    change = torch.tensor([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    return p.brightness * (_YIQ_TO_RGB @ change @ _RGB_TO_YIQ)


def recolour(
    x: Float[Tensor, "n 3 h w"], matrix: Float[Tensor, "3 3"], contrast: float
) -> Float[Tensor, "n 3 h w"]:
    """Change colours, then contrast about each frame's mean luma m: `c M x + (1 - c) m`, 0..255."""
    matrix = matrix.to(x.device)
    luma = torch.tensor(_LUMA, device=x.device)
    mean = x.mean((2, 3)) @ matrix.T @ luma
    offset = ((1 - contrast) * mean).view(-1, 1, 1)
    y = torch.baddbmm(offset, (contrast * matrix).expand(len(x), 3, 3), x.flatten(2))
    return y.clamp_(0, 255).view(x.shape)


def blur(x: Float[Tensor, "n 3 h w"], sigma: float) -> Float[Tensor, "n 3 h w"]:
    """Blur with a Gaussian, cut off at 3 sigma; what lies outside the picture has no weight."""
    radius = math.ceil(3 * sigma)
    for axis in (3, 2):
        matrix = blur_matrix(x.shape[axis], sigma).to(x.device)
        bands = []
        for start in range(0, x.shape[axis], _BAND):
            inside = slice(max(0, start - radius), start + _BAND + radius)
            rows = matrix[start : start + _BAND, inside]
            if axis == 3:
                bands.append(x.flatten(0, 2)[:, inside] @ rows.T)
            else:
                bands.append(rows @ x[:, :, inside])
        x = torch.cat(bands, -1).view(x.shape) if axis == 3 else torch.cat(bands, 2)
    return x


@lru_cache(maxsize=64)
def blur_matrix(size: int, sigma: float) -> Float[Tensor, "{size} {size}"]:
    """Make the banded matrix that blurs a line of pixels; rows sum to 1."""
    places = torch.arange(size, dtype=torch.float64)
    distance = (places[:, None] - places).abs()
    weights = torch.exp(-0.5 * (distance / sigma) ** 2) * (distance <= math.ceil(3 * sigma))
    return (weights / weights.sum(1, keepdim=True)).float()
