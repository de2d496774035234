"""Methods for clip networks: which question about a clip has an answer that comes for free."""

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

from inphase.errors import InputError

Transformation = Literal["speed", "random", "periodic", "warp"]
TRANSFORMATIONS: tuple[Transformation, ...] = ("speed", "random", "periodic", "warp")


@dataclass(frozen=True)
class ClipMethod:
    """What a network that sees a clip at a time is asked about it.

    A method names a function of `inphase.views.pretexts`, whose arguments its settings are, and
    the heads that answer. No torch here, so that the command line starts fast.

    Attributes:
        frames: Frames in a clip.
    """

    paper: ClassVar[str]
    pretext: ClassVar[str]
    crops: ClassVar[Literal["video", "clip"]] = "video"  # what shares one crop and one flip
    flips: ClassVar[bool] = True  # whether the paper mirrors half of the videos
    supervised: ClassVar[bool] = False
    least_frames: ClassVar[int] = 2

    frames: int = 16

    def __post_init__(self):
        if self.frames < self.least_frames:
            raise InputError(f"frames must be at least {self.least_frames}, not {self.frames}")

    @property
    def kappas(self) -> tuple[int, ...]:
        r"""Speeds $\kappa$ to draw from: one frame in $2^\kappa$ is shown."""
        return (0,)

    @property
    def joined(self) -> int:
        """Clips that an example consists of."""
        return 1

    @property
    def copies(self) -> int:
        """Examples of a video in a batch."""
        return 1

    def heads(self, classes: int = 0) -> dict[str, int]:
        """Answers to choose from, by the name of the question.

        Args:
            classes: Number of activities, for methods that learn from labels.

        Raises:
            InputError: If the method learns from labels and there are fewer than two activities.
        """
        raise NotImplementedError

    def weight(self, head: str) -> float:  # noqa: ARG002
        """Weight of a head's mean cross-entropy in the loss."""
        return 1.0

    def settings(self) -> dict[str, Any]:
        """Arguments of the pretext function."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True)
class OneSpeed(ClipMethod):
    r"""Methods whose clips all play at one speed.

    Attributes:
        kappa: Speed: $2^\kappa - 1$ frames are skipped between two shown ones.
    """

    kappa: int = 0

    def __post_init__(self):
        super().__post_init__()
        if self.kappa < 0:
            raise InputError(f"kappa must be 0 or more, not {self.kappa}")

    @property
    def kappas(self) -> tuple[int, ...]:
        """The one speed."""
        return (self.kappa,)

    def settings(self) -> dict[str, Any]:
        """Arguments of the pretext function, less the speed, which is given for the whole step."""
        return {name: value for name, value in super().settings().items() if name != "kappa"}


@dataclass(frozen=True)
class TemporalTransformations(ClipMethod):
    r"""Which transformation of time has a clip gone through, and how fast is it played?

    Attributes:
        transformations: To tell apart; each gives an example of every video (table 1).
        speed_loss: Ask clips that are only sped up for their speed, too.
        speeds: Number of speeds, 1, 2, 4, ... times the video's own, one drawn for each step.
    """

    paper: ClassVar[str] = "Jenni, Meishvili, Favaro, ECCV 2020"
    pretext: ClassVar[str] = "temporal_transformations"

    transformations: tuple[Transformation, ...] = TRANSFORMATIONS
    speed_loss: bool = True
    speeds: int = 4

    def __post_init__(self):
        super().__post_init__()
        names = self.transformations
        unknown = [name for name in names if name not in TRANSFORMATIONS]
        if unknown or len(set(names)) < len(names):
            raise InputError(
                f"transformations are some of {', '.join(TRANSFORMATIONS)}, each once, "
                f"not {', '.join(names)}"
            )
        if self.speeds < 1:
            raise InputError(f"speeds must be at least 1, not {self.speeds}")
        if self.speed_loss and "speed" not in names:
            raise InputError(
                "the speed loss asks clips of the transformation 'speed', which is not among "
                f"{', '.join(names) or 'no transformations'}: add it, or leave the speed loss out"
            )
        if "periodic" in names and self.frames < 7:
            raise InputError(
                f"periodic clips have at least 7 frames, not {self.frames}: ask for more frames, "
                "or leave 'periodic' out"
            )
        if not self.heads():
            raise InputError(
                "there is nothing to tell apart: give two transformations, or 'speed' with the "
                "speed loss and two speeds"
            )

    @property
    def kappas(self) -> tuple[int, ...]:
        """All speeds."""
        return tuple(range(self.speeds))

    @property
    def copies(self) -> int:
        """One example of each transformation."""
        return len(self.transformations)

    def heads(self, classes: int = 0) -> dict[str, int]:
        """The transformation, if there are two; the speed, if that is asked and there are two."""
        sizes = {"motion": self.copies, "speed": self.speeds if self.speed_loss else 0}
        return {name: size for name, size in sizes.items() if size > 1}

    def weight(self, head: str) -> float:
        """Equation 1 adds the cross-entropies of all transformations up, and has one of speed."""
        return float(self.copies) if head == "motion" else 1.0

    def settings(self) -> dict[str, Any]:
        """Arguments of the pretext function."""
        return {"frames": self.frames, "transformations": self.transformations}


@dataclass(frozen=True)
class ClipOrder(OneSpeed):
    """In which order do these clips of a video belong?

    Attributes:
        clips: Number of clips.
        gap: Frames between one clip and the next.
    """

    paper: ClassVar[str] = "Xu et al., CVPR 2019"
    pretext: ClassVar[str] = "clip_order"
    crops: ClassVar[Literal["video", "clip"]] = "clip"
    flips: ClassVar[bool] = False
    least_frames: ClassVar[int] = 1

    clips: int = 3
    gap: int = 8

    def __post_init__(self):
        super().__post_init__()
        if not 2 <= self.clips <= 5:
            raise InputError(
                f"clips must be 2 to 5, not {self.clips}: every order of them is a class"
            )
        if self.gap < 0:
            raise InputError(f"gap must be 0 or more, not {self.gap}")

    @property
    def joined(self) -> int:
        """The clips put in order."""
        return self.clips

    def heads(self, classes: int = 0) -> dict[str, int]:
        """All orders."""
        return {"order": math.factorial(self.clips)}


@dataclass(frozen=True)
class ClipShuffle(OneSpeed):
    """Are the frames of this clip in order, or shuffled?"""

    paper: ClassVar[str] = "Misra, Zitnick, Hebert, ECCV 2016; on clips as in Jenni et al."
    pretext: ClassVar[str] = "clip_shuffle"
    least_frames: ClassVar[int] = 3

    @property
    def copies(self) -> int:
        """A clip in order, and the same one shuffled."""
        return 2

    def heads(self, classes: int = 0) -> dict[str, int]:
        """In order or shuffled."""
        return {"shuffled": 2}


@dataclass(frozen=True)
class Rotation(OneSpeed):
    """By how many quarter turns is this clip turned?"""

    paper: ClassVar[str] = "Jing et al., 3D-RotNet, arXiv 1811.11387"
    pretext: ClassVar[str] = "rotation"
    least_frames: ClassVar[int] = 1

    @property
    def copies(self) -> int:
        """One example of each turn."""
        return 4

    def heads(self, classes: int = 0) -> dict[str, int]:
        """Quarter turns."""
        return {"turns": 4}


@dataclass(frozen=True)
class ActionLabels(OneSpeed):
    """Which activity is this? Learnt from labels: what can be had where these exist.

    Attributes:
        kappa: Speed; the paper skips 3 frames wherever it learns from labels.
    """

    paper: ClassVar[str] = "the supervised rows of Jenni et al."
    pretext: ClassVar[str] = "action_labels"
    supervised: ClassVar[bool] = True
    least_frames: ClassVar[int] = 1

    kappa: int = 2

    def heads(self, classes: int = 0) -> dict[str, int]:
        """The activities."""
        if classes < 2:
            raise InputError(
                f"{classes} activities cannot be told apart: give videos of at least two, each "
                "named by its folder or by the column 'activity'"
            )
        return {"activity": classes}


CLIP_METHODS: dict[str, type[ClipMethod]] = {
    "temporal-transformations": TemporalTransformations,
    "clip-order": ClipOrder,
    "clip-shuffle-and-learn": ClipShuffle,
    "rotation": Rotation,
    "action-labels": ActionLabels,
}
