"""Training methods: how each looks at a batch of videos, and which loss it lowers.

A method names a function of `inphase.views.sampling` and one of `inphase.losses`; its own settings
are the arguments of the two. No torch here, so that the command line starts fast.
"""

from dataclasses import dataclass
from typing import ClassVar

from inphase.errors import InputError


@dataclass(frozen=True)
class SCL:
    """Sequence contrastive loss: two views of one video agree on which moments are close in time.

    Learns from single unlabelled videos; the default.

    Attributes:
        frames: Frames drawn from each view of a video (paper: T = 240, 80 for Penn Action).
        alpha: Longest clip a view is drawn from, in units of `frames`.
        beta: Least overlap of the two clips, as a share of the shorter.
        temperature: Softmax temperature of the similarities.
        variance: Variance of the Gaussian over time distances, in frames squared (paper: 10, for
            clips of 240 frames; in clips of 80 that blurs short phases: the median error on
            rendered videos was one and a half to two times as large). In a video too short to
            give `frames`, time is stretched as if it gave them all.
    """

    paper: ClassVar[str] = "Chen et al., CARL, CVPR 2022 and its journal version, eq. 1-2"
    views: ClassVar[str] = "two_clips"
    loss: ClassVar[str] = "scl"

    frames: int = 80
    alpha: float = 1.5
    beta: float = 0.2
    temperature: float = 0.1
    variance: float = 3.0

    def __post_init__(self):
        if self.frames < 2:
            raise InputError(f"frames must be at least 2, not {self.frames}")
        if self.alpha < 1:
            raise InputError(f"alpha must be at least 1, not {self.alpha}")
        if not 0 < self.beta <= 1:
            raise InputError(f"beta must be above 0 and at most 1, not {self.beta}")
        if self.temperature <= 0 or self.variance <= 0:
            raise InputError(
                f"temperature and variance must be above 0, "
                f"not {self.temperature} and {self.variance}"
            )

    def view_settings(self) -> dict[str, int | float]:
        """Arguments of the view function."""
        return {"frames": self.frames, "alpha": self.alpha, "beta": self.beta}

    def loss_settings(self) -> dict[str, float]:
        """Arguments of the loss function."""
        return {"temperature": self.temperature, "variance": self.variance}


Method = SCL
METHODS: dict[str, type[Method]] = {"scl": SCL}


def name_of(method: Method) -> str:
    """The name of a method on the command line."""
    return next((name for name, kind in METHODS.items() if kind is type(method)), "custom")
