"""Tiny videos, and networks over clips that see one known thing in them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from inphase.data.video import Video
from inphase.encoders.architecture import Clips
from inphase.encoders.c3d import C3D
from inphase.encoders.clip_level import ClipLevelEncoder
from inphase.encoders.encoder import Encoder, FrameFeatures

SIZE = 16  # of clips
SHAPE = 18, 24  # of the frames that they are cut from


class Brightness(C3D):
    """Sees how bright each frame is, and no more."""

    def __init__(self):
        super().__init__(1)
        self.dim = 1

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        return clips.mean((1, 3, 4))[:, None, :, None, None]

    def flat(self, last: torch.Tensor) -> torch.Tensor:
        return last.flatten(1)

    def flat_dim(self, size: int, frames: int) -> int:
        return frames


class Noise(Brightness):
    """Sees another sixteen numbers in every clip, whatever it shows."""

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        seeds = (clips.double().sum((1, 2, 3, 4)) * 1e6).long().abs().tolist()
        drawn = [torch.randn(16, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        return torch.stack(drawn)[:, None, :, None, None]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Video]:
    """Make a video whose frames are all of one grey each, 0 to 255, or of pictures given."""
    folder: Path = tmp_path_factory.mktemp("videos")

    def make(name: str, frames: Any, activity: str = "") -> Video:
        frames = np.asarray(frames)
        if frames.ndim == 1:
            frames = np.broadcast_to(frames[:, None, None, None], (len(frames), *SHAPE, 3))
        (folder / name).mkdir()
        for number, frame in enumerate(frames.astype(np.uint8)):
            Image.fromarray(frame).save(folder / name / f"{number:04}.png", compress_level=0)
        return Video(folder / name, fps=25, name=name, activity=activity)

    return make


@pytest.fixture(scope="module")
def flickering(shown) -> list[Video]:
    """Nothing follows from anything."""
    generator = np.random.default_rng(7)
    return [shown(f"flicker{k}", generator.integers(0, 256, 40)) for k in range(16)]


def clip_encoder(network: C3D | None = None, *, width: int = 2) -> Encoder:
    """An encoder with random weights, or with another network in place of its own."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        temporal = ClipLevelEncoder((3, SIZE, SIZE), Clips(width=width, size=SIZE))
    if network is not None:
        temporal.network = network
    return Encoder(FrameFeatures("pixels", "random", "none"), temporal)


@pytest.fixture
def random_encoder() -> Encoder:
    return clip_encoder()


@pytest.fixture
def sees_brightness() -> Encoder:
    return clip_encoder(Brightness())


@pytest.fixture
def sees_noise() -> Encoder:
    return clip_encoder(Noise())


@pytest.fixture
def image_encoder() -> Encoder:
    """Has no network over clips."""
    return Encoder(FrameFeatures(weights="random"))
