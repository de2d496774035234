"""Methods that answer a question with a right answer: is this order true, which phase is this?"""

from dataclasses import dataclass
from typing import ClassVar

from inphase.methods.method import Compares, Head, Method


@dataclass(frozen=True)
class ShuffleAndLearn(Method):
    """Three frames of a video: are they in order?

    Attributes:
        triplets: Threes of frames asked about, for each video.
        shuffled: Share of them that are out of order.
    """

    paper: ClassVar[str] = "Misra, Zitnick, Hebert, ECCV 2016; as in TCC's code"
    loss: ClassVar[str] = "shuffle_and_learn"
    compares: ClassVar[Compares] = "rows"
    head: ClassVar[Head] = "order"
    at_least_zero: ClassVar[tuple[str, ...]] = ("shuffled",)
    at_most_one: ClassVar[tuple[str, ...]] = ("shuffled",)
    least_frames: ClassVar[int] = 5

    frames: int = 20
    triplets: int = 8
    shuffled: float = 0.75


@dataclass(frozen=True)
class Supervised(Method):
    """Learn the phase of every frame from labels: what could be had with all the work done.

    Attributes:
        label_smoothing: Share of the target given to all phases alike.
    """

    paper: ClassVar[str] = "the supervised rows of TCC, LAV and CARL"
    loss: ClassVar[str] = "supervised"
    compares: ClassVar[Compares] = "rows"
    head: ClassVar[Head] = "phases"
    at_least_zero: ClassVar[tuple[str, ...]] = ("label_smoothing",)
    below_one: ClassVar[tuple[str, ...]] = ("label_smoothing",)
    least_frames: ClassVar[int] = 1

    label_smoothing: float = 0.0
