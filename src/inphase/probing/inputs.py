"""What the probes are given, checked at the door."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from inphase.data.video import Video
from inphase.encoders.clip_level import ClipLevelEncoder
from inphase.encoders.encoder import Encoder
from inphase.errors import InputError
from inphase.views.retime import SPEEDS


@dataclass(frozen=True)
class Effort:
    """How long a probe learns, and from what.

    Attributes:
        views: Clips drawn of each training video.
        epochs: Times that all of them are learnt from.
        batch: Clips of a step.
        learning_rate: At the start.
    """

    views: int
    epochs: int
    batch: int
    learning_rate: float

    def __post_init__(self):
        if self.views < 1 or self.epochs < 1 or self.batch < 2:
            raise InputError(
                "views and epochs must be at least 1 and batch at least 2 (batch normalisation "
                f"needs two clips), not {self.views}, {self.epochs} and {self.batch}"
            )
        if not self.learning_rate > 0:
            raise InputError(f"learning_rate must be above 0, not {self.learning_rate}")


def clip_level(encoder: Encoder) -> ClipLevelEncoder:
    """The network over clips of an encoder.

    Raises:
        InputError: If it has none.
    """
    if not isinstance(encoder.temporal, ClipLevelEncoder):
        found = "no trained part" if encoder.temporal is None else type(encoder.temporal).__name__
        raise InputError(
            f"the model has {found}, not a network over clips (c3d, r3d-18, r2plus1d-18): train "
            "one with a method for clips, such as temporal-transformations"
        )
    return encoder.temporal


def check_videos(train: Sequence[Video], test: Sequence[Video]) -> None:
    """Check that there is something to learn from and something else to test on.

    Raises:
        InputError: If not.
    """
    for name, videos in (("train", train), ("test", test)):
        if not videos:
            raise InputError(f"there are no {name} videos: give at least one")
    names = [video.name for video in (*train, *test)]
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise InputError(
            f"two videos are called '{double}': give them different names, and none to both train "
            "and test"
        )
    learnt = defaultdict(list)
    for video in train:
        learnt[video.path.absolute()].append(video)
    for asked in test:
        for video in learnt[asked.path.absolute()]:
            if _meet(video, asked):
                raise InputError(
                    f"'{asked.name}' of the test videos shows what '{video.name}' of the training "
                    f"videos does, from {asked.path}: leave one of them out"
                )


def _meet(one: Video, other: Video) -> bool:
    """Whether two parts of one file have a moment in common."""
    spans = [(v.start or 0.0, math.inf if v.end is None else v.end) for v in (one, other)]
    return max(start for start, _ in spans) < min(end for _, end in spans)


def classes_of(train: Sequence[Video], test: Sequence[Video]) -> tuple[str, ...]:
    """The activities of the training videos, in order.

    Raises:
        InputError: If a video has none, there is only one, or one is in the test videos alone.
    """
    for video in (*train, *test):
        if not video.activity:
            raise InputError(f"'{video.name}' has no activity: say of every video what it shows")
    classes = tuple(sorted({video.activity for video in train}))
    if len(classes) < 2:
        raise InputError(
            f"all training videos show '{train[0].activity}': there must be two activities or more "
            "to tell apart"
        )
    for video in test:
        if video.activity not in classes:
            raise InputError(
                f"the test video '{video.name}' shows '{video.activity}', which no training video "
                "does: leave it out, or add such videos"
            )
    return classes


def check_speed(speed: int) -> None:
    """Check that it is a speed.

    Raises:
        InputError: If not.
    """
    if not 0 <= speed < SPEEDS:
        raise InputError(f"speed must be 0 to {SPEEDS - 1}, not {speed}: 2 leaves out 3 frames")
