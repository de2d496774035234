"""Batches of clips with questions about them, made in threads while the network computes."""

import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from inphase.clip_frames import ClipFrames
from inphase.data.video import VideoError
from inphase.encoders.backbones import KINETICS_DEVIATION, KINETICS_MEAN
from inphase.errors import InputError
from inphase.methods.clips import ClipMethod
from inphase.views.clips import Crop, centre_crop, cut, draw_crop, to_clips
from inphase.views.pretexts import NOT_ASKED, Example, examples

T = TypeVar("T")
Pixels = UInt8[np.ndarray, "t s s 3"]


@dataclass(frozen=True)
class ClipBatch:
    """Clips, and what is asked about them.

    Attributes:
        clips: RGB, normalised as Kinetics; the clips of an example follow one another.
        targets: Of each head, the right answer to each example, -1 where it is not asked.
        videos: Which video an example is of.
    """

    clips: Float[Tensor, "clips 3 t s s"]
    targets: dict[str, Int64[Tensor, " examples"]]
    videos: Int64[Tensor, " examples"]

    def to(self, device: torch.device) -> "ClipBatch":
        """The same batch elsewhere."""
        targets = {name: each.to(device) for name, each in self.targets.items()}
        return ClipBatch(self.clips.to(device), targets, self.videos.to(device))


class ClipSampler:
    """Draws batches for a method that asks about clips.

    One speed is drawn for the whole batch, and lowered for videos that are too short for it. All
    examples of a video share crop and flip, so that only what is asked for tells them apart; where
    a paper crops every clip for itself, so does this.

    Deviation from Jenni, Meishvili and Favaro (ECCV 2020): a step draws videos anew, without
    regard to epochs, so that a batch follows from the generator alone.

    Args:
        frames: Of the videos.
        method: What is asked.
        videos: Videos in a batch; 7 with four transformations give the paper's 28 examples.
        size: Height and width of the crops, in pixels.
        classes: Activities, for methods that learn from labels. Videos of others are not drawn,
            nor those that are too short to be asked anything.
        flip: Whether half of the videos are mirrored; say no where left and right matter.

    Raises:
        InputError: If numbers make no sense, or no video can be asked anything.
    """

    def __init__(
        self,
        frames: ClipFrames,
        method: ClipMethod,
        *,
        videos: int,
        size: int,
        classes: Sequence[str] = (),
        flip: bool = True,
    ):
        if videos < 1:
            raise InputError(f"a batch must have at least 1 video, not {videos}")
        centre_crop(*frames.size, size)  # says so if the crop does not fit
        self.frames, self.method, self.count, self.size = frames, method, videos, size
        self.flip = flip and method.flips
        self.heads = method.heads(len(classes))
        numbers = {name: k for k, name in enumerate(classes)}
        self.labels = [numbers.get(video.activity, NOT_ASKED) for video in frames.videos]
        self.drawn = [k for k in range(len(frames.videos)) if self._can_be_asked(k)]
        if not self.drawn:
            raise InputError(
                f"none of the {len(frames.videos)} videos "
                + (
                    f"shows one of the activities {', '.join(classes)}: name the activity of each "
                    "by its folder"
                    if method.supervised
                    else f"is long enough: give one of more than {method.frames} frames"
                )
            )
        self._warned: set[int] = set()

    def __call__(self, generator: np.random.Generator) -> ClipBatch:
        """Draw a batch; it follows from the generator alone."""
        kappa = int(generator.choice(self.method.kappas))
        asked: list[tuple[int, Example]] = []
        pixels: list[Pixels] = []
        for video in self._videos(generator):
            of_video = examples(
                self.method,
                self.frames.lengths[video],
                generator,
                kappa=kappa,
                label=self.labels[video],
            )
            cropped = self._crops(of_video, generator)
            try:
                pixels += self._cut(video, of_video, cropped)
            except VideoError as error:
                self._warn(video, error)
                continue
            asked += [(video, example) for example in of_video]
            if len(asked) == self.count * len(of_video):
                break
        if not asked:
            raise InputError("none of the videos can be read any more: see the warnings above")
        targets = {
            name: torch.tensor([example.targets.get(name, NOT_ASKED) for _, example in asked])
            for name in self.heads
        }
        clips = to_clips(pixels, KINETICS_MEAN, KINETICS_DEVIATION)
        return ClipBatch(clips, targets, torch.tensor([video for video, _ in asked]))

    def _can_be_asked(self, video: int) -> bool:
        """Whether any question about the video has an answer."""
        length, label = self.frames.lengths[video], self.labels[video]
        asked = examples(self.method, length, np.random.default_rng(0), label=label)
        return any(target != NOT_ASKED for each in asked for target in each.targets.values())

    def _videos(self, generator: np.random.Generator) -> Iterator[int]:
        """Videos in random order, none twice before all had their turn; more than are needed."""
        for _ in range(1 + -(-self.count // len(self.drawn))):
            yield from np.asarray(self.drawn)[generator.permutation(len(self.drawn))].tolist()

    def _crops(self, of_video: list[Example], generator: np.random.Generator) -> list[Crop]:
        """The crop of each clip of one video."""
        count = sum(len(example.indices) for example in of_video)
        if self.method.crops == "video":
            return [self._crop(generator)] * count
        return [self._crop(generator) for _ in range(count)]

    def _crop(self, generator: np.random.Generator) -> Crop:
        return draw_crop(*self.frames.size, self.size, generator, flip=self.flip)

    def _cut(self, video: int, of_video: list[Example], crops: list[Crop]) -> list[Pixels]:
        """The clips of one video, whose frames are decoded all at once."""
        shown = np.concatenate([example.indices for example in of_video])
        turns = [example.turns for example in of_video for _ in example.indices]
        different, places = np.unique(shown, return_inverse=True)
        frames = self.frames.frames(video, different)
        return [
            cut(frames, crop, turn)[clip]
            for clip, crop, turn in zip(places.reshape(shown.shape), crops, turns, strict=True)
        ]

    def _warn(self, video: int, error: VideoError) -> None:
        if video not in self._warned:
            self._warned.add(video)
            warnings.warn(f"left out: {error}", stacklevel=3)


def prefetched(
    make: Callable[[int], T], first: int, last: int, *, workers: int = 2, ahead: int = 4
) -> Generator[T, None, None]:
    """Yield `make(step)` for each step in order, made ahead in threads.

    What a step gives must follow from its number alone, for steps are made side by side. An error
    is raised where its step would have come. When the consumer stops, steps not begun are dropped,
    and the threads have ended before this returns.

    Args:
        make: Makes a step; called from several threads at once.
        first: First step.
        last: The step after the last one.
        workers: Threads; with 0, steps are made when asked for.
        ahead: Steps waiting or being made, at most.
    """
    if workers == 0:
        yield from map(make, range(first, last))
        return
    threads = ThreadPoolExecutor(workers, thread_name_prefix="inphase-clips")
    waiting: deque[Future[T]] = deque()
    try:
        for step in range(first, last):
            waiting.append(threads.submit(make, step))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        threads.shutdown(cancel_futures=True)
