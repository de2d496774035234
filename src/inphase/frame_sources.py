"""Where training gets the features of a view's frames: from the cache, or from the pixels."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor, nn

from inphase.data.video import Video
from inphase.encoders.backbones import Backbone, pool
from inphase.encoders.encoder import Encoder
from inphase.encoders.pose import PoseFeatures
from inphase.errors import InputError
from inphase.features import extract
from inphase.views.augment import apply, draw


@runtime_checkable
class FrameSource(Protocol):
    """Gives features of frames of numbered videos, under one random augmentation a call."""

    dim: int
    videos: Sequence[Video]
    lengths: list[int]
    times: list[Float64[np.ndarray, " t"]]
    trainable: nn.Module | None

    def __call__(
        self, video: int, indices: Int64[np.ndarray, " n"], generator: np.random.Generator
    ) -> Float[Tensor, "n c"]:
        """Features of some frames of one video, all under the same augmentation."""
        ...

    def learned(self) -> dict[str, Tensor] | None:
        """Weights of the backbone that training changed."""
        ...


class CachedFrames:
    """Features computed once, in the clean view and in augmented ones to choose from.

    Args:
        values: Of each video, (views, frames, channels).
        times: Seconds of each video's frames.
        device: Where training runs.
        videos: What these are.
    """

    trainable: nn.Module | None = None

    def __init__(
        self,
        values: Sequence[np.ndarray],
        times: list[Float64[np.ndarray, " t"]],
        device: torch.device,
        videos: Sequence[Video],
    ):
        self.values, self.times, self.device, self.videos = values, times, device, videos
        self.dim = values[0].shape[2]
        self.lengths = [each.shape[1] for each in values]

    @classmethod
    def of(
        cls,
        videos: Sequence[Video],
        encoder: Encoder,
        views: int,
        device: torch.device,
        progress: bool,
    ) -> "CachedFrames":
        """Compute what is not in the cache yet."""
        features = extract(
            videos,
            encoder.backbone.to(device),
            views=views,
            pooling=encoder.frame_features.pooling,
            progress=progress,
        )
        # Videos that broke off half-way were named, and are left out.
        return cls(
            [each.values for each in features.values()],
            [each.times for each in features.values()],
            device,
            [video for video in videos if video.name in features],
        )

    def __call__(
        self, video: int, indices: Int64[np.ndarray, " n"], generator: np.random.Generator
    ) -> Float[Tensor, "n c"]:
        """Features in one view drawn at random, the clean one included."""
        values = self.values[video]
        view = int(generator.integers(len(values)))
        return torch.from_numpy(values[view, indices].astype(np.float32)).to(self.device)

    def learned(self) -> None:
        """Nothing: the backbone stays as it is."""


class LiveFrames:
    """Features computed from pixels at every step, so that the last backbone block can learn.

    Args:
        videos: To decode.
        backbone: Its `stem` is run without gradient, its `head` with it.
        pooling: How a feature map becomes a frame feature.
        device: Where training runs.
    """

    def __init__(
        self,
        videos: Sequence[Video],
        backbone: Backbone | PoseFeatures,
        pooling: str,
        device: torch.device,
    ):
        if isinstance(backbone, PoseFeatures):
            raise InputError("poses have no backbone whose last block could learn: no --finetune")
        self.videos, self.pooling, self.device = videos, pooling, device
        self.backbone = backbone.to(device)
        self.trainable: nn.Module | None = backbone.thaw()
        self.times = [video.times for video in videos]
        self.lengths = [len(times) for times in self.times]
        sample = torch.zeros(1, 3, backbone.size, backbone.size, device=device)
        with torch.no_grad():
            self.dim = pool(backbone(sample), pooling).shape[1]

    def __call__(
        self, video: int, indices: Int64[np.ndarray, " n"], generator: np.random.Generator
    ) -> Float[Tensor, "n c"]:
        """Features under one fresh augmentation."""
        size = self.backbone.size
        frames = torch.from_numpy(self.videos[video].frames(indices, size=round(size * 8 / 7)))
        parameters = draw(int(generator.integers(2**31)))
        pixels = apply(frames.to(self.device), parameters, size)
        with torch.no_grad():
            stem = self.backbone.stem(pixels)
        return pool(self.backbone.head(stem), self.pooling)

    def learned(self) -> dict[str, Tensor]:
        """Weights of the last block."""
        assert self.trainable is not None
        return {name: tensor.detach().cpu() for name, tensor in self.trainable.state_dict().items()}
