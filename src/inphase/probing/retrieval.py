"""Finding videos of the same activity among others, by what a network over clips sees in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from jaxtyping import Int64

from inphase.data.video import Video
from inphase.device import pick_device
from inphase.encoders.encoder import Encoder
from inphase.errors import InputError
from inphase.metrics.video_retrieval import video_retrieval
from inphase.probing.clips_of import Clip, Watcher, evenly, mean, repeated
from inphase.probing.inputs import check_speed, check_videos, classes_of, clip_level


@dataclass(frozen=True)
class Retrieval:
    """How often a video of the same activity is among the nearest.

    Attributes:
        accuracy: For each k the share of test videos that have one of their activity among the k
            nearest training videos, 0 to 1.
        chance: The same for k training videos drawn at random.
    """

    accuracy: dict[int, float]
    chance: dict[int, float]


def retrieve_videos(
    encoder: Encoder,
    train: Sequence[Video],
    test: Sequence[Video],
    *,
    ks: Sequence[int] = (1, 5, 10, 20, 50),
    crops: int = 10,
    speed: int = 2,
    still: bool = False,
    device: str = "auto",
    progress: bool = True,
) -> Retrieval:
    """Look for each test video's activity among the training videos nearest to it.

    A video is the mean of the network's last map over places, time and `crops` clips, standardised
    by mean and standard deviation of the training videos; nearest is by cosine similarity, see
    `inphase.metrics.video_retrieval`. Nothing is learnt and nothing drawn.

    Source: Jenni et al., Temporal Transformations, ECCV 2020, section 4, "Nearest-Neighbor
    Evaluation" and table 4. The paper does not say where the clips are and how fast: here evenly
    spread from start to end, middle crops, at the speed of its transfer experiments.

    Args:
        encoder: Has a network over clips; it is not changed.
        train: Videos that are searched, with an activity each.
        test: Videos that are searched for, of the same activities.
        ks: Numbers of neighbours; those larger than the number of training videos are left out.
        crops: Clips of each video, the paper's "temporal crops".
        speed: $2^{speed} - 1$ frames are left out between two of a clip, fewer in a short video.
        still: Show each clip as its middle frame, as often as it is long, as a control.
        device: Where to compute.
        progress: Show bars.

    Raises:
        InputError: If the encoder has no network over clips, videos are missing, or a setting
            makes no sense.
    """
    a = clip_level(encoder).architecture
    check_videos(train, test)
    check_speed(speed)
    classes = classes_of(train, test)
    if crops < 1:
        raise InputError(f"crops must be at least 1, not {crops}")
    if not ks or not 1 <= min(ks) <= len(train):
        raise InputError(
            f"ks must be numbers of neighbours, the least of them from 1 to {len(train)}, the "
            f"training videos, not {ks}"
        )

    def plan(length: int, _: np.random.Generator) -> list[Clip]:
        clips = evenly(length, crops, speed=speed, frames=a.context)
        return [Clip(repeated(each) if still else each) for each in clips]

    watcher = Watcher(clip_level(encoder).network, a.size, pick_device(device), progress=progress)
    gallery, queries = (dict(watcher.watch(each, plan, mean, seed=0)) for each in (train, test))
    number = {video.name: classes.index(video.activity) for video in (*train, *test)}
    there = np.array([number[name] for name in gallery])
    asked = np.array([number[name] for name in queries])
    ks = [k for k in ks if k <= len(gallery)]
    accuracy = video_retrieval(
        [features.numpy() for features in queries.values()],
        asked,
        [features.numpy() for features in gallery.values()],
        there,
        ks=ks,
    )
    return Retrieval(accuracy, {k: _chance(k, asked, there) for k in ks})


def _chance(k: int, asked: Int64[np.ndarray, " n"], there: Int64[np.ndarray, " m"]) -> float:
    """Mean over queries of the share of all choices of k videos that hold one of its class."""
    others = [len(there) - int((there == number).sum()) for number in asked]
    return float(np.mean([1 - comb(count, k) / comb(len(there), k) for count in others]))
