r"""Examples of questions about clips whose answer comes for free: which frames, and what is asked.

Each function gives the examples of one video at one speed, $2^\kappa$ times its own. A speed too
large for the video is lowered to the largest that its length allows, and a video shorter than a
clip repeats its last frame; see `inphase.views.retime`. Where that leaves a question without an
answer, it is not asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int64

from inphase.views.retime import CLIP, largest_speed, speed, transform

NOT_ASKED = -1  # a target that cross-entropy is told to ignore


@dataclass(frozen=True)
class Example:
    """What is shown of a video, and what is asked about it.

    Attributes:
        indices: Frame numbers of each clip, in the order shown.
        turns: Quarter turns of all pictures, counter-clockwise.
        targets: The right answer to each question; `NOT_ASKED` for none.
    """

    indices: Int64[np.ndarray, "clips frames"]
    turns: int = 0
    targets: dict[str, int] = field(default_factory=dict)


@runtime_checkable
class Pretext(Protocol):
    """What a method says about itself; see `inphase.methods.clips`."""

    pretext: ClassVar[str]
    supervised: ClassVar[bool]

    @property
    def kappas(self) -> tuple[int, ...]:
        """Speeds to draw from."""
        ...

    def settings(self) -> dict[str, Any]:
        """Arguments of the function called `pretext`."""
        ...


def examples(
    method: Pretext,
    length: int,
    generator: np.random.Generator,
    *,
    kappa: int | None = None,
    label: int = NOT_ASKED,
) -> list[Example]:
    """Draw all examples of one video.

    Args:
        method: What is asked.
        length: Frames in the video.
        generator: The source of randomness.
        kappa: Speed; one of the method's drawn at random if None.
        label: What the video shows, for methods that learn from that.
    """
    if kappa is None:
        kappa = int(generator.choice(method.kappas))
    known = {"label": label} if method.supervised else {}
    return PRETEXTS[method.pretext](length, generator, kappa=kappa, **method.settings(), **known)


def temporal_transformations(
    length: int,
    generator: np.random.Generator,
    *,
    kappa: int,
    frames: int = CLIP,
    transformations: Sequence[str],
) -> list[Example]:
    r"""Draw a clip of each transformation; ask which it is, and the sped-up one for its speed.

    Source: Jenni, Meishvili and Favaro, ECCV 2020, section 3 and eq. 1, whose loss asks `speed`
    alone for $\kappa$ (the released code asks the periodic clip, too). The speed asked for is the
    one that the video allows. A clip that plays frame by frame all the same, such as the warp of a
    video with no frame to skip, is not asked what was done to it.

    Args:
        length: Frames in the video.
        generator: The source of randomness.
        kappa: Speed, $\kappa$.
        frames: Frames in a clip.
        transformations: Some of `inphase.views.retime.TRANSFORMATIONS`.
    """
    kappa = largest_speed(length, frames=frames, highest=kappa)
    drawn = []
    for place, name in enumerate(transformations):
        clip = transform(name, length, generator, kappa=kappa, frames=frames)
        plain = np.minimum(clip[0] + np.arange(frames), length - 1)
        told = name == "speed" or bool((clip != plain).any())
        targets = {
            "motion": place if told else NOT_ASKED,
            "speed": kappa if name == "speed" else NOT_ASKED,
        }
        drawn.append(Example(clip[None], targets=targets))
    return drawn


def clip_order(
    length: int,
    generator: np.random.Generator,
    *,
    kappa: int = 0,
    frames: int = CLIP,
    clips: int = 3,
    gap: int = 8,
) -> list[Example]:
    """Draw clips one after the other, shuffle them, and ask for their order.

    Source: Xu et al., "Self-supervised Spatiotemporal Learning via Video Clip Order Prediction",
    CVPR 2019; details as in the released code: clips `gap` frames apart from a random start on,
    all orders equally likely, numbered as `itertools.permutations` does.

    Deviation: the code leaves out videos too short for this. Here they lose speed first; then the
    gap shrinks, to nothing; then clips overlap, evenly. A video in which all clips would be the
    same is not asked.

    Args:
        length: Frames in the video.
        generator: The source of randomness.
        kappa: Speed; frames skipped are not counted in `gap`.
        frames: Frames in a clip.
        clips: Number of clips.
        gap: Frames between one clip and the next.

    Returns:
        One example, whose target k says: the clips shown come in the k-th order.
    """
    whole = frames * clips + gap * (clips - 1)
    step = 2 ** largest_speed(length, frames=whole, highest=kappa)
    apart = max(0, min(frames + gap, (length - frames) // (clips - 1)))
    span = (apart * (clips - 1) + frames - 1) * step
    start = int(generator.integers(max(0, length - 1 - span) + 1))
    orders = list(permutations(range(clips)))
    target = int(generator.integers(len(orders)))
    first = start + step * apart * np.array(orders[target])
    indices = np.minimum(first[:, None] + step * np.arange(frames), length - 1)
    return [Example(indices.astype(np.int64), targets={"order": target if apart else NOT_ASKED})]


def clip_shuffle(
    length: int, generator: np.random.Generator, *, kappa: int = 0, frames: int = CLIP
) -> list[Example]:
    """Draw a clip, and show it in order (0) and shuffled (1).

    Source: Misra, Zitnick and Hebert, "Shuffle and Learn", ECCV 2016, as Jenni, Meishvili and
    Favaro (ECCV 2020, table 2) have it on C3D. How they did that they leave open, but for
    calling a random permutation of a clip "similar" to it (section 3.1). So this asks for whole
    clips where Misra et al. ask for three frames with much motion, with as many in order as
    shuffled (theirs: one to three).

    Args:
        length: Frames in the video.
        generator: The source of randomness.
        kappa: Speed.
        frames: Frames in a clip.
    """
    clip = speed(length, generator, kappa=kappa, frames=frames)
    shuffled = clip[generator.permutation(frames)]
    if (shuffled == clip).all():
        shuffled = clip[::-1]
    asked = bool((shuffled != clip).any())
    return [
        Example(each[None], targets={"shuffled": target if asked else NOT_ASKED})
        for target, each in enumerate((clip, shuffled))
    ]


def rotation(
    length: int, generator: np.random.Generator, *, kappa: int = 0, frames: int = CLIP
) -> list[Example]:
    """Draw a clip, and show it turned by 0, 1, 2 and 3 quarters.

    Source: Jing et al., "Self-supervised Spatiotemporal Feature Learning via Video Rotation
    Prediction", arXiv 1811.11387, 2018 (3D-RotNet): all pictures of a clip are turned alike, and
    all four turns of a clip are in one batch.

    Args:
        length: Frames in the video.
        generator: The source of randomness.
        kappa: Speed.
        frames: Frames in a clip.
    """
    clip = speed(length, generator, kappa=kappa, frames=frames)[None]
    return [Example(clip, turns, {"turns": turns}) for turns in range(4)]


def action_labels(
    length: int,
    generator: np.random.Generator,
    *,
    kappa: int = 0,
    frames: int = CLIP,
    label: int = NOT_ASKED,
) -> list[Example]:
    """Draw a clip and ask for what it shows.

    Args:
        length: Frames in the video.
        generator: The source of randomness.
        kappa: Speed.
        frames: Frames in a clip.
        label: The right answer.
    """
    clip = speed(length, generator, kappa=kappa, frames=frames)
    return [Example(clip[None], targets={"activity": label})]


PRETEXTS: dict[str, Callable[..., list[Example]]] = {
    each.__name__: each
    for each in (
        temporal_transformations,
        clip_order,
        clip_shuffle,
        rotation,
        action_labels,
    )
}
