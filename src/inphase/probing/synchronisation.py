"""By how many frames is one clip of a video later than another?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from inphase.data.video import Video
from inphase.device import pick_device
from inphase.encoders.encoder import Encoder
from inphase.probing.clips_of import Clip, Watcher, crop_of, flat, offsets, room
from inphase.probing.inputs import Effort, check_speed, check_videos, clip_level
from inphase.probing.training import fit_layers

LARGEST = 6  # offset, in frames of the clip
OFFSETS = 2 * LARGEST + 1


@dataclass(frozen=True)
class Synchronisation:
    """How well the offset of two clips is found.

    Attributes:
        accuracy: Share of pairs whose offset is found exactly, 0 to 1.
        error: Mean absolute difference of offset found and true, in frames of the clip; one of
            them is $2^{speed}$ frames of the video.
        pairs: Number of test pairs, of all offsets as many.
        chance: Accuracy of guessing: 1/13.
        chance_error: The least error without looking, that of always answering 0: 42/13.
    """

    accuracy: float
    error: float
    pairs: int
    chance: float = 1 / OFFSETS
    chance_error: float = LARGEST * (LARGEST + 1) / OFFSETS


def synchronise(
    encoder: Encoder,
    train: Sequence[Video],
    test: Sequence[Video],
    *,
    speed: int = 2,
    flip: bool = True,
    views: int = 2,
    epochs: int = 50,
    batch: int = 28,
    learning_rate: float = 1e-3,
    seed: int = 0,
    device: str = "auto",
    progress: bool = True,
) -> Synchronisation:
    r"""Learn to tell by how many frames two overlapping clips of a video are apart.

    Of the two clips' features, by a network that stays as it is, the difference is classified by
    three new fully connected layers into the offsets -6 to 6. Both clips have one crop.

    Offset 0 is the same clip twice, whose difference is 0 for every network: one that knows
    nothing gets 2/13 right.

    Source: Jenni et al., Temporal Transformations, ECCV 2020, section 4, "Long-Range vs
    Short-Range Temporal Statistics", table 3.

    Deviations and what the paper does not say: features are what fully connected layers see of the
    last map (`conv5` of C3D, pooled by `pool5`). An offset is so many frames of the sampled clip:
    6 are 24 frames of the video at speed 2, and 10 of the 16 frames are shared. All 13 offsets
    from a clip are asked, in training `views` times from clips drawn at random, of each test video
    once from the clip in its middle. Features are computed once; the learning rate is the one that
    `inphase.probing.recognition` has for frozen features.

    Args:
        encoder: Has a network over clips; it is not changed.
        train: Videos; a short one is shown at a lower speed, one of fewer than 28 frames (with
            clips of 16) is left out with a warning.
        test: Others.
        speed: $2^{speed} - 1$ frames are left out between two of a clip.
        flip: Mirror half of the training clips.
        views: Times that all offsets are shown of each training video, each with its own crop.
        epochs: Times that all training pairs are gone through.
        batch: Pairs of a training step.
        learning_rate: At the start.
        seed: Of all that is drawn.
        device: Where to compute.
        progress: Show bars.

    Raises:
        InputError: If the encoder has no network over clips, videos are missing or all too short,
            or a setting makes no sense.
    """
    effort = Effort(views, epochs, batch, learning_rate)
    model = clip_level(encoder)
    check_videos(train, test)
    check_speed(speed)
    a = model.architecture
    watcher = Watcher(model.network, a.size, pick_device(device), progress=progress)
    train = sorted(train, key=lambda video: video.name)

    def some(length: int, generator: np.random.Generator) -> list[Clip]:
        shown = []
        for clips in _shifted(length, views, generator, speed=speed, frames=a.context):
            crop = crop_of(a.size, generator, flip=flip)
            shown += [Clip(indices, crop) for indices in clips]
        return shown

    def middle(length: int, _: np.random.Generator) -> list[Clip]:
        clips = _shifted(length, 1, None, speed=speed, frames=a.context)
        return [Clip(indices) for indices in clips.reshape(-1, a.context)]

    seen = watcher.watch(train, some, flat, seed=seed)
    features = torch.cat([_differences(each) for _, each in seen])
    classes = torch.arange(OFFSETS).repeat(len(features) // OFFSETS)
    layers = fit_layers(features, classes, OFFSETS, effort, seed=seed, device=watcher.device)
    seen = watcher.watch(test, middle, flat, seed=seed)
    found = [watcher.probabilities(layers, _differences(each)).argmax(1) for _, each in seen]
    off = np.abs(np.stack(found) - np.arange(OFFSETS)).ravel()
    return Synchronisation(float((off == 0).mean()), float(off.mean()), len(off))


def _shifted(
    length: int, views: int, generator: np.random.Generator | None, *, speed: int, frames: int
) -> Int64[np.ndarray, "_ 13 {frames}"]:
    """Clips from -6 to 6 frames around another, `views` times; none if the video is too short.

    The one in the middle of the video without a generator.
    """
    whole = offsets(length, speed=speed, frames=frames + 2 * LARGEST)
    if whole[-1] >= length:
        return np.zeros((0, OFFSETS, frames), np.int64)
    last = room(length, whole)
    starts = (
        np.full(views, last // 2) if generator is None else generator.integers(last + 1, size=views)
    )
    shifts = whole[np.arange(OFFSETS)[:, None] + np.arange(frames)]
    return starts[:, None, None] + shifts


def _differences(clips: Float[Tensor, "clips f"]) -> Float[Tensor, "clips f"]:
    """Differences of a video's features to those of the clip in the middle of each thirteen."""
    shifted = clips.unflatten(0, (-1, OFFSETS))
    return (shifted - shifted[:, LARGEST : LARGEST + 1]).flatten(0, 1)
