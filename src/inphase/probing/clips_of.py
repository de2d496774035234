"""Clips of videos, and what a network that no longer learns sees in them."""

import hashlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor, nn
from tqdm import tqdm

from inphase.clip_frames import ClipFrames
from inphase.data.video import Video, VideoError
from inphase.encoders.backbones import KINETICS_DEVIATION, KINETICS_MEAN
from inphase.encoders.clip import ClipNetwork
from inphase.errors import InputError
from inphase.views.clips import Crop, centre_crop, draw_crop, frame_size, to_clip
from inphase.views.retime import largest_speed

# Clips shown together: always the same ones of a video, never of two, so that its features depend
# on it alone.
_AT_A_TIME = 8


@dataclass(frozen=True)
class Clip:
    """What is shown of a video.

    Attributes:
        indices: Frames, in the order shown.
        crop: Which part of the pictures, and whether mirrored; the middle as it is if None.
    """

    indices: Int64[np.ndarray, " t"]
    crop: Crop | None = None


# The clips of a video of so many frames; none if it has too few.
Plan = Callable[[int, np.random.Generator], Sequence[Clip]]
# What is kept of the network's last maps, one row a clip.
See = Callable[[ClipNetwork, Tensor], Tensor]


def film(videos: Sequence[Video], *, size: int, progress: bool) -> ClipFrames:
    """Open videos for clips of so many pixels."""
    return ClipFrames(videos, size=frame_size(size)[0], progress=progress)


def generator_of(video: Video, seed: int) -> np.random.Generator:
    """What is drawn for a video: the same whatever other videos there are."""
    name = hashlib.blake2b(video.name.encode(), digest_size=6).hexdigest()
    return np.random.default_rng([seed, int(name, 16)])


class Watcher:
    """A network that looks at clips of videos.

    Args:
        network: Of which a copy looks.
        size: Height and width of clips.
        device: Where.
        progress: Show bars.
    """

    def __init__(self, network: ClipNetwork, size: int, device: torch.device, *, progress: bool):
        self.network: ClipNetwork = deepcopy(network).eval().to(device)
        self.size, self.device, self.progress = size, device, progress

    def watch(
        self, videos: Sequence[Video], plan: Plan, see: See, *, seed: int
    ) -> Iterator[tuple[str, Float[Tensor, "clips f"]]]:
        """Look at clips of each video, one video after the other; nothing is kept.

        Args:
            videos: With different names.
            plan: Draws the clips of a video; with none it is left out with a warning.
            see: What is kept of the network's last maps: `flat` or `mean`.
            seed: Of what is drawn.

        Yields:
            Each video's name and the features of its clips, without videos left out.

        Raises:
            InputError: If no video is left.
        """
        seen = film(videos, size=self.size, progress=self.progress)
        bar = tqdm(seen.videos, desc="clips", unit="video", disable=not self.progress)
        found = 0
        for number, video in enumerate(bar):
            clips = plan(seen.lengths[number], generator_of(video, seed))
            if not clips:
                warnings.warn(
                    f"left out: '{video.name}' has {seen.lengths[number]} frames, too few",
                    stacklevel=3,
                )
                continue
            try:
                features = self._features(seen, number, clips, see)
            except VideoError as error:
                warnings.warn(f"left out: {error}", stacklevel=3)
                continue
            found += 1
            yield video.name, features
        if not found:
            raise InputError(
                f"no clip can be taken from any of the {len(videos)} videos: see the warnings above"
            )
        return found

    @torch.inference_mode()
    def _features(
        self, seen: ClipFrames, number: int, clips: Sequence[Clip], see: See
    ) -> Float[Tensor, "clips f"]:
        found = []
        for first in range(0, len(clips), _AT_A_TIME):
            shown = prepared(seen, number, clips[first : first + _AT_A_TIME], self.size)
            found.append(see(self.network, self.network(shown.to(self.device))).float().cpu())
        return torch.cat(found)

    @torch.inference_mode()
    def probabilities(
        self, layers: nn.Module, features: Float[Tensor, "n f"]
    ) -> Float32[np.ndarray, "n k"]:
        """Probability of each class for each feature vector."""
        return layers(features.to(self.device)).softmax(1).float().cpu().numpy()


def flat(network: ClipNetwork, last: Tensor) -> Float[Tensor, "n f"]:
    """What fully connected layers see of a last map."""
    return network.flat(last)


def mean(network: ClipNetwork, last: Tensor) -> Float[Tensor, "n d"]:  # noqa: ARG001
    """The mean of a last map over places and time, "global average pooling"."""
    return last.mean((2, 3, 4))


def prepared(
    seen: ClipFrames, number: int, clips: Sequence[Clip], size: int
) -> Float[Tensor, "n 3 t s s"]:
    """Clips of one video as a network sees them; its frames are decoded at once."""
    needed, places = np.unique([clip.indices for clip in clips], return_inverse=True)
    frames = seen.frames(number, needed)
    middle = centre_crop(*seen.size, size)
    return torch.stack(
        [
            to_clip(frames[place], clip.crop or middle, KINETICS_MEAN, KINETICS_DEVIATION)
            for place, clip in zip(places.reshape(len(clips), -1), clips, strict=True)
        ]
    )


def crop_of(size: int, generator: np.random.Generator, *, flip: bool) -> Crop:
    """Draw a part of the frames of `film`, mirrored half the time or never."""
    return draw_crop(*frame_size(size), size, generator, flip=flip)


def offsets(length: int, *, speed: int, frames: int) -> Int64[np.ndarray, " {frames}"]:
    r"""Frames of a clip from its first on: every $2^{speed}$-th, more of them in a short video."""
    return np.arange(frames) * 2 ** largest_speed(length, frames=frames, highest=speed)


def room(length: int, clip: Int64[np.ndarray, " t"]) -> int:
    """Largest first frame at which a clip with these offsets fits; 0 if it fits nowhere."""
    return max(0, length - 1 - int(clip[-1]))


def evenly(
    length: int, count: int, *, speed: int, frames: int
) -> Int64[np.ndarray, "{count} {frames}"]:
    """Clips from start to end of a video, as far from one to the next; a single one in the middle.

    A video shorter than a clip is shown whole, its last frame repeated.
    """
    clip = offsets(length, speed=speed, frames=frames)
    last = room(length, clip)
    starts = np.linspace(0, last, count).round() if count > 1 else np.array([last // 2])
    return np.minimum(starts.astype(np.int64)[:, None] + clip, length - 1)


def every(
    length: int, hop: int | None, *, speed: int, frames: int
) -> Int64[np.ndarray, "clips {frames}"]:
    """All clips that start `hop` frames after one another; half a clip if None."""
    clip = offsets(length, speed=speed, frames=frames)
    starts = np.arange(0, room(length, clip) + 1, hop or max(1, (int(clip[-1]) + 1) // 2))
    return np.minimum(starts[:, None] + clip, length - 1)


def repeated(clip: Int64[np.ndarray, " t"]) -> Int64[np.ndarray, " t"]:
    """The frame in the middle of a clip, as often as the clip is long."""
    return np.full(len(clip), clip[len(clip) // 2])
