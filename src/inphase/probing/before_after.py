"""Which of two parts of a video comes first?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int64

from inphase.data.video import Video
from inphase.device import pick_device
from inphase.encoders.encoder import Encoder
from inphase.errors import InputError
from inphase.probing.clips_of import Clip, Watcher, crop_of, flat
from inphase.probing.inputs import Effort, check_speed, check_videos, clip_level
from inphase.probing.training import fit_layers
from inphase.views.retime import largest_speed

ORDERS = 2  # in order, swapped


@dataclass(frozen=True)
class BeforeAfter:
    """How well the order of two parts is found.

    Attributes:
        accuracy: Share of test inputs whose order is found, 0 to 1.
        inputs: Number of test inputs; each pair of parts is shown in order and swapped.
        chance: Accuracy of guessing.
    """

    accuracy: float
    inputs: int
    chance: float = 1 / ORDERS


def tell_before_from_after(
    encoder: Encoder,
    train: Sequence[Video],
    test: Sequence[Video],
    *,
    speed: int = 2,
    flip: bool = True,
    views: int = 4,
    epochs: int = 50,
    batch: int = 28,
    learning_rate: float = 1e-3,
    seed: int = 0,
    device: str = "auto",
    progress: bool = True,
) -> BeforeAfter:
    """Learn to tell whether two parts of a video are shown in order or swapped.

    Two parts of half a clip each (8 frames) that do not overlap are put into one clip, the earlier
    one first or last. Three new fully connected layers on features of the network, which stays as
    it is, say which.

    Source: Jenni et al., Temporal Transformations, ECCV 2020, section 4, "Long-Range vs
    Short-Range Temporal Statistics", table 3.

    Deviations and what the paper does not say: all pairs of places where the two parts fit are
    equally likely, so that they may be next to one another or far apart. Each pair is shown both
    ways, of every video `views` of them, with one crop each (of test videos the middle). Features
    are computed once; the learning rate is the one that `inphase.probing.recognition` has for
    frozen features.

    Args:
        encoder: Has a network over clips of an even number of frames; it is not changed.
        train: Videos; a short one is shown at a lower speed, one of fewer frames than a clip is
            left out with a warning.
        test: Others.
        speed: $2^{speed} - 1$ frames are left out between two of a part.
        flip: Mirror half of the training clips.
        views: Pairs of each video.
        epochs: Times that all training clips are gone through.
        batch: Clips of a training step.
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
    if a.context % ORDERS:
        raise InputError(f"a clip of {a.context} frames has no halves: use a network of even ones")
    watcher = Watcher(model.network, a.size, pick_device(device), progress=progress)
    train = sorted(train, key=lambda video: video.name)

    def some(length: int, generator: np.random.Generator) -> list[Clip]:
        shown = []
        for pair in _pairs(length, views, generator, speed=speed, frames=a.context):
            crop = crop_of(a.size, generator, flip=flip)
            shown += [Clip(indices, crop) for indices in pair]
        return shown

    def some_middles(length: int, generator: np.random.Generator) -> list[Clip]:
        pairs = _pairs(length, views, generator, speed=speed, frames=a.context)
        return [Clip(indices) for indices in pairs.reshape(-1, a.context)]

    # In every two clips the first is in order, 0, and the second swapped, 1.
    features = torch.cat([each for _, each in watcher.watch(train, some, flat, seed=seed)])
    orders = torch.arange(ORDERS).repeat(len(features) // ORDERS)
    layers = fit_layers(features, orders, ORDERS, effort, seed=seed, device=watcher.device)
    seen = watcher.watch(test, some_middles, flat, seed=seed)
    found = np.concatenate([watcher.probabilities(layers, each).argmax(1) for _, each in seen])
    hits = found.reshape(-1, ORDERS) == np.arange(ORDERS)
    return BeforeAfter(float(hits.mean()), hits.size)


def _pairs(
    length: int, views: int, generator: np.random.Generator, *, speed: int, frames: int
) -> Int64[np.ndarray, "pairs 2 {frames}"]:
    """Clips of two parts in order and swapped, `views` times; none if the video is too short."""
    if length < frames:
        return np.zeros((0, ORDERS, frames), np.int64)
    step = 2 ** largest_speed(length, frames=frames, highest=speed)
    part = np.arange(frames // 2) * step
    # Where the second part may start at the earliest, and how many frames that leaves to choose.
    least = int(part[-1]) + 1
    free = length - 2 * least
    starts = np.sort(_two_of(free + 2, views, generator), axis=1)
    first, second = starts[:, :1] + part, starts[:, 1:] - 1 + least + part
    return np.stack([np.hstack([first, second]), np.hstack([second, first])], axis=1)


def _two_of(
    count: int, views: int, generator: np.random.Generator
) -> Int64[np.ndarray, "{views} 2"]:
    """Two different numbers below `count`, `views` times."""
    return np.stack([generator.choice(count, 2, replace=False) for _ in range(views)])
