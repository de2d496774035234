"""Which pixels of a clip excite a network: guided back-propagation."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64, UInt8
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from inphase.data.video import Video
from inphase.device import pick_device
from inphase.encoders.backbones import KINETICS_DEVIATION, KINETICS_MEAN
from inphase.encoders.encoder import Encoder
from inphase.errors import InputError
from inphase.probing.clips_of import evenly
from inphase.probing.inputs import check_speed, clip_level
from inphase.views.clips import centre_crop, cut, frame_size, to_clips

_RELU = {F.relu, F.relu_, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_}


@dataclass(frozen=True)
class Saliency:
    """How much each pixel of a clip matters.

    Attributes:
        video: Its name.
        indices: Which frames of it.
        frames: What the network was shown of them.
        values: One a pixel, at least 0, in units of the score's change per unit of a normalised
            colour; only comparable within one clip.
        winner: The output with the highest score; -1 without a head.
    """

    video: str
    indices: Int64[np.ndarray, " t"]
    frames: UInt8[np.ndarray, "t h w 3"]
    values: Float32[np.ndarray, "t h w"]
    winner: int


def saliency(
    encoder: Encoder,
    video: Video,
    *,
    head: nn.Module | None = None,
    output: str = "",
    speed: int = 2,
    start: int | None = None,
    device: str = "auto",
) -> Saliency:
    r"""Show which pixels of a clip a network goes by.

    The gradient of the winning score with respect to the clip, by guided back-propagation; of each
    frame and colour the median is subtracted; the mean of the absolute values over the colours.

    Source: Jenni et al., Temporal Transformations, ECCV 2020, section 4, "Visualization", figure
    4, after Springenberg et al., "Striving for Simplicity", ICLR 2015 workshop. The paper does not
    say how colours are treated, nor which score it is: here the winner's before the softmax.

    Args:
        encoder: Has a network over clips; it is not changed.
        video: The clip is its middle crop.
        head: From `network.flat(map)` to scores, or to several by name, as in training; without it
            the score is the mean of the network's last map.
        output: Which of the head's scores, if it gives several by name.
        speed: $2^{speed} - 1$ frames are left out between two of the clip, fewer in a short video.
        start: Its first frame; the middle of the video if None.
        device: Where to compute.

    Raises:
        InputError: If the encoder has no network over clips, there is no such output, or the head
            is asked about several clips at once.
    """
    model = clip_level(encoder)
    check_speed(speed)
    if getattr(head, "joined", 1) > 1:
        raise InputError("the head is about several clips, and this is one: give one about a clip")
    a = model.architecture
    (indices,) = evenly(len(video), 1, speed=speed, frames=a.context)
    if start is not None:
        if not 0 <= start < len(video):
            raise InputError(f"start must be a frame of '{video.name}', not {start}")
        indices = np.minimum(start + indices - indices[0], len(video) - 1)
    whole = frame_size(a.size)
    frames = cut(video.frames(indices, size=whole), centre_crop(*whole, a.size))
    clip = to_clips([frames], KINETICS_MEAN, KINETICS_DEVIATION)
    where = pick_device(device)
    network = deepcopy(model.network).eval().to(where)
    layers = None if head is None else deepcopy(head).eval().to(where)
    winner = -1

    def score(shown: Float[Tensor, "1 3 t h w"]) -> Float[Tensor, ""]:
        nonlocal winner
        last = network(shown)
        if layers is None:
            return last.mean()
        scores = _chosen(layers(network.flat(last)), output)
        winner = int(scores.argmax())
        return scores[0, winner]

    gradient = guided_gradient(score, clip.to(where))[0].cpu()
    return Saliency(video.name, indices, frames, strength(gradient), winner)


def guided_gradient(
    score: Callable[[Tensor], Float[Tensor, ""]], x: Float[Tensor, "..."]
) -> Float[Tensor, "..."]:
    r"""Gradient of a score, where ReLUs let only what excites pass on the way back.

    At each ReLU with output $f$ a gradient $R$ becomes $[f > 0] [R > 0] R$. All ReLUs that are
    called while the score is computed are meant, as modules or as functions; networks are not
    changed, and nothing is left in their gradients.

    Source: Springenberg et al., "Striving for Simplicity: The All Convolutional Net", ICLR 2015
    workshop, section 3.4.

    Args:
        score: Computes one number. What computes it should be in evaluation mode.
        x: Where the gradient is taken.
    """
    with torch.enable_grad(), _GuidedReLUs():
        at = x.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(score(at), at)
    return gradient


def strength(gradient: Float[Tensor, "c t h w"]) -> Float32[np.ndarray, "t h w"]:
    """How far the gradient at each pixel is from the median of its frame and colour."""
    values = gradient.detach().float().numpy()
    values = values - np.median(values, axis=(2, 3), keepdims=True)
    return np.abs(values).mean(axis=0)


def _chosen(scores: Tensor | Mapping[str, Tensor], output: str) -> Float[Tensor, "1 k"]:
    if isinstance(scores, Tensor):
        if output:
            raise InputError(f"the head gives one output, which has no name: not '{output}'")
        return scores
    if output not in scores:
        raise InputError(f"output must be one of {', '.join(scores)}, not '{output}'")
    return scores[output]


class _GuidedReLUs(TorchFunctionMode):
    """Puts the guided ReLU in place of every other, in this thread and for as long as it is open.

    Hooks on modules would miss ReLUs that are functions, and fail on those that work in place.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        given = kwargs or {}
        if func not in _RELU:
            return func(*args, **given)
        return _GuidedReLU.apply(args[0] if args else given["input"])


class _GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # noqa: D102
        found = x.clamp(min=0)
        ctx.save_for_backward(found)
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: D102
        (found,) = ctx.saved_tensors
        return gradients[0].clamp(min=0) * (found > 0)
