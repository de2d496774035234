"""Where training gets the features of a view's frames: from the cache, or from the pixels."""

import math
import warnings
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor, nn

from inphase.data.video import Video
from inphase.encoders.architecture import Architecture, FrameLevel
from inphase.encoders.backbones import Backbone, pool
from inphase.encoders.encoder import Encoder
from inphase.encoders.pose import PoseFeatures
from inphase.errors import InputError
from inphase.features import extract
from inphase.views.augment import apply, draw
from inphase.views.sampling import context
from inphase.views.scene_noise import random_shift, spread_of_scenes

LARGEST_CACHE = 16 * 2**30  # bytes of maps; past that they are computed anew at every step

Map = tuple[int, int, int]  # channels, rows, columns


@runtime_checkable
class FrameSource(Protocol):
    """Gives features of frames of numbered videos, under one random augmentation a call.

    `dim` is the size of a frame's feature and, if this is a whole map, `map` how it is laid out.
    Where the architecture sees other frames with a frame, the features of all of them follow one
    another.
    """

    dim: int
    map: Map | None
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

    With scene noise, each call moves all its frames alike; see `views.scene_noise`.

    Args:
        values: Of each video, (views, frames, channels).
        times: Seconds of each video's frames.
        device: Where training runs.
        videos: What these are.
        architecture: Says which frames are seen with a frame.
        map: Channels, rows and columns, if the features are maps, each flat.
        scene_noise: How far, in standard deviations.
    """

    trainable: nn.Module | None = None

    def __init__(
        self,
        values: Sequence[np.ndarray],
        times: list[Float64[np.ndarray, " t"]],
        device: torch.device,
        videos: Sequence[Video],
        architecture: Architecture = FrameLevel(),  # noqa: B008 (frozen)
        map: Map | None = None,
        scene_noise: float = 0.0,
    ):
        self.values, self.times, self.device, self.videos = values, times, device, videos
        self.architecture = architecture
        self.dim, self.map = values[0].shape[2], map
        self.lengths = [each.shape[1] for each in values]
        self.scene_noise, self.spread = scene_noise, None
        if scene_noise:
            self.spread = spread_of_scenes(values, [video.activity for video in videos])

    @classmethod
    def of(
        cls,
        videos: Sequence[Video],
        encoder: Encoder,
        views: int,
        device: torch.device,
        progress: bool,
        architecture: Architecture = FrameLevel(),  # noqa: B008 (frozen)
        scene_noise: float = 0.0,
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
            architecture,
            _map(encoder),
            scene_noise,
        )

    def __call__(
        self, video: int, indices: Int64[np.ndarray, " n"], generator: np.random.Generator
    ) -> Float[Tensor, "n c"]:
        """Features in one view drawn at random, the clean one included."""
        values = self.values[video]
        view = int(generator.integers(len(values)))
        shown = _shown(indices, self.lengths[video], self.architecture)
        found = np.asarray(values[view, shown]).reshape(len(indices), -1)
        if self.spread is not None:
            shift = random_shift(self.spread, self.scene_noise, generator)
            found = found.astype(np.float32) + shift.astype(np.float32)
        return torch.from_numpy(found).to(self.device).float()

    def learned(self) -> None:
        """Nothing: the backbone stays as it is."""


class LiveFrames:
    """Features computed from pixels at every step, so that the last backbone block can learn.

    Args:
        videos: To decode.
        backbone: Its `stem` is run without gradient, its `head` with it.
        pooling: How a feature map becomes a frame feature.
        device: Where training runs.
        architecture: Says which frames are seen with a frame.
        learn: Whether the last block learns.
    """

    def __init__(
        self,
        videos: Sequence[Video],
        backbone: Backbone | PoseFeatures,
        pooling: str,
        device: torch.device,
        architecture: Architecture = FrameLevel(),  # noqa: B008 (frozen)
        learn: bool = True,
    ):
        if isinstance(backbone, PoseFeatures):
            raise InputError("poses have no backbone whose last block could learn: no --finetune")
        self.videos, self.pooling, self.device = videos, pooling, device
        self.architecture = architecture
        self.backbone = backbone.to(device)
        self.trainable: nn.Module | None = backbone.thaw() if learn else None
        self.times = [video.times for video in videos]
        self.lengths = [len(times) for times in self.times]
        self.dim = pool(torch.zeros(1, *backbone.map), pooling).shape[1]
        self.map: Map | None = backbone.map if pooling == "none" else None

    def __call__(
        self, video: int, indices: Int64[np.ndarray, " n"], generator: np.random.Generator
    ) -> Float[Tensor, "n c"]:
        """Features under one fresh augmentation."""
        size = self.backbone.size
        shown = _shown(indices, self.lengths[video], self.architecture)
        different, places = np.unique(shown, return_inverse=True)
        frames = torch.from_numpy(self.videos[video].frames(different, size=round(size * 8 / 7)))
        parameters = draw(int(generator.integers(2**31)))
        pixels = apply(frames.to(self.device), parameters, size)
        with torch.no_grad():
            stem = self.backbone.stem(pixels)
        with torch.set_grad_enabled(self.trainable is not None):
            found = pool(self.backbone.head(stem), self.pooling)
        return found[torch.from_numpy(places.reshape(shown.shape)).to(self.device)].flatten(1)

    def learned(self) -> dict[str, Tensor] | None:
        """Weights of the last block, if it learns."""
        if self.trainable is None:
            return None
        return {name: tensor.detach().cpu() for name, tensor in self.trainable.state_dict().items()}


def frame_source(
    videos: Sequence[Video],
    encoder: Encoder,
    architecture: Architecture,
    *,
    views: int,
    learn: bool,
    device: torch.device,
    progress: bool,
    scene_noise: float = 0.0,
) -> FrameSource:
    """Choose where features come from: the cache, if nothing of the backbone learns and they fit.

    Args:
        videos: To learn from.
        encoder: Says what is computed of each frame alone.
        architecture: Of the temporal model to be trained.
        views: Augmented views in the cache.
        learn: Whether the backbone's last block learns.
        device: Where training runs.
        progress: Show progress bars.
        scene_noise: How far the features of each view are moved as a whole.

    Raises:
        InputError: If the architecture needs maps and there are none, or features are to be moved
            that are not kept.
    """
    features = encoder.frame_features
    whole = features.pooling == "none"
    if architecture.pooling == "none" and (not whole or isinstance(encoder.backbone, PoseFeatures)):
        raise InputError(
            "this architecture needs feature maps: use an image backbone with pooling 'none', not "
            f"'{features.backbone}' with pooling '{features.pooling}'"
        )
    if live(videos, encoder, views=views, learn=learn):
        if scene_noise:
            raise InputError(
                "scene noise moves features that were computed before: leave it out with --finetune"
            )
        if not learn:
            warnings.warn(
                f"the feature maps would take {_bytes_of_maps(videos, encoder, views) / 1e9:.0f} "
                "GB, more than are cached: they are computed from the pixels at every step",
                stacklevel=3,
            )
        return LiveFrames(videos, encoder.backbone, features.pooling, device, architecture, learn)
    return CachedFrames.of(videos, encoder, views, device, progress, architecture, scene_noise)


def live(videos: Sequence[Video], encoder: Encoder, *, views: int, learn: bool) -> bool:
    """Whether features are computed from pixels at every step, under an augmentation of its own.

    Args:
        videos: To learn from.
        encoder: Says what is computed of each frame alone.
        views: Augmented views in the cache, if there were one.
        learn: Whether the backbone's last block learns.
    """
    return learn or _bytes_of_maps(videos, encoder, views) > LARGEST_CACHE


def _bytes_of_maps(videos: Sequence[Video], encoder: Encoder, views: int) -> int:
    """What the maps of all frames in all views would take; 0 if features are no maps."""
    map = _map(encoder)
    return 2 * math.prod(map) * (1 + views) * sum(len(video) for video in videos) if map else 0


def _map(encoder: Encoder) -> Map | None:
    """Size of the maps, if features are maps."""
    if encoder.frame_features.pooling != "none" or isinstance(encoder.backbone, PoseFeatures):
        return None
    return encoder.backbone.map


def _shown(
    indices: Int64[np.ndarray, " n"], length: int, architecture: Architecture
) -> Int64[np.ndarray, "n k"]:
    """Each frame and those that the architecture sees with it."""
    a = architecture
    return context(indices, length, count=a.context, stride=a.stride, ahead=a.ahead)
