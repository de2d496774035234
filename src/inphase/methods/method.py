"""What every method has: views, which of them are compared, a loss, a head, and settings."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, get_args, get_origin

from inphase.errors import InputError

# What a loss compares: two views of one video, videos of one activity, both, the same but told by
# the order of rows in fours, views of one scene filmed at the same time, or nothing beyond a row.
Compares = Literal["views", "videos", "both", "fours", "scenes", "rows"]
# What stands between embeddings and loss, in training alone; see `inphase.encoders.heads`.
Head = Literal["none", "projection", "phases", "order", "videos"]


@dataclass(frozen=True)
class Method:
    """How a method looks at a batch of videos, and which loss it lowers.

    A method names a function of `inphase.views.sampling` and one of `inphase.losses`; its settings
    are the arguments of the two. No torch here, so that the command line starts fast.

    Attributes:
        frames: Frames drawn from a video, for each view of it.
    """

    paper: ClassVar[str]
    loss: ClassVar[str]
    views: ClassVar[str] = "sorted_random"
    compares: ClassVar[Compares] = "videos"
    head: ClassVar[Head] = "none"
    of_view: ClassVar[tuple[str, ...]] = ()  # settings of the view function, besides `frames`
    weakly_supervised: ClassVar[bool] = False  # whether the loss is told what a video shows
    at_least_zero: ClassVar[tuple[str, ...]] = ()  # numbers that may be 0; all others are above it
    below_one: ClassVar[tuple[str, ...]] = ()
    at_most_one: ClassVar[tuple[str, ...]] = ()
    least_frames: ClassVar[int] = 2  # in a view, for the loss to have something to say

    frames: int = 80

    def __post_init__(self):
        if self.frames < self.least_frames:
            raise InputError(f"frames must be at least {self.least_frames}, not {self.frames}")
        for field in fields(self):
            name, value = field.name, getattr(self, field.name)
            if get_origin(field.type) is Literal and value not in get_args(field.type):
                known = ", ".join(f"'{choice}'" for choice in get_args(field.type))
                raise InputError(f"{name} is one of {known}, not '{value}'")
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            if name in self.at_least_zero and not value >= 0:
                raise InputError(f"{name} must not be negative, but is {value}")
            if name not in self.at_least_zero and not value > 0:
                raise InputError(f"{name} must be above 0, not {value}")
            if name in self.below_one and not value < 1:
                raise InputError(f"{name} must be below 1, not {value}")
            if name in self.at_most_one and not value <= 1:
                raise InputError(f"{name} must be at most 1, not {value}")

    @property
    def compared(self) -> Compares:
        """What the loss compares, with these settings."""
        return self.compares

    @property
    def together(self) -> int:
        """How many videos of one activity it compares with each other at once."""
        return 2

    @property
    def learns_labels(self) -> bool:
        """Whether it learns from the phases of frames, and from nothing else."""
        return self.head == "phases"

    @property
    def learnt(self) -> tuple[str, ...]:
        """Settings above 0 that training changes, from the values they have here."""
        return ()

    def drawn(self, length: int) -> int:
        """Frames that a view of a video has: `frames`, or fewer of a short video."""
        return max(1, min(self.frames, length))

    def view_settings(self) -> dict[str, Any]:
        """Arguments of the view function."""
        return {"frames": self.frames} | {name: getattr(self, name) for name in self.of_view}

    def loss_settings(self) -> dict[str, Any]:
        """Arguments of the loss function."""
        return {k: v for k, v in self._settings().items() if k not in ("frames", *self.of_view)}

    def _settings(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}
