"""Methods that tell moments of single videos apart: CARL's and the baselines it compares with."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from inphase.errors import InputError
from inphase.methods.method import Compares, Head, Method


@dataclass(frozen=True)
class TwoClips(Method):
    """Methods that look at two overlapping random clips of a video.

    Attributes:
        frames: Frames drawn from each view of a video (paper: T = 240, 80 for Penn Action).
        alpha: Longest clip a view is drawn from, in units of `frames`.
        beta: Least overlap of the two clips, as a share of the shorter.
        variant: Clips of the paper, or of the released code: all of the video, some frames lost.
    """

    views: ClassVar[str] = "two_clips"
    compares: ClassVar[Compares] = "views"
    head: ClassVar[Head] = "projection"
    of_view: ClassVar[tuple[str, ...]] = ("alpha", "beta", "variant")
    at_most_one: ClassVar[tuple[str, ...]] = ("beta",)

    alpha: float = 1.5
    beta: float = 0.2
    variant: Literal["paper", "code"] = "paper"

    def __post_init__(self):
        super().__post_init__()
        if self.alpha < 1:
            raise InputError(f"alpha must be at least 1, not {self.alpha}")

    def drawn(self, length: int) -> int:
        """Frames that a view has; of a short video the paper's clips keep something to crop."""
        return super().drawn(length if self.variant == "code" else int(length / self.alpha))


@dataclass(frozen=True)
class SCL(TwoClips):
    """Sequence contrastive loss: two views of one video agree on which moments are close in time.

    Learns from single unlabelled videos; the default.

    Attributes:
        temperature: Softmax temperature of the similarities.
        variance: Variance of the Gaussian over time distances, in frames squared (paper: 10, for
            clips of 240 frames; in clips of 80 that blurs short phases: the median error on
            rendered videos was one and a half to two times as large). In a video too short to
            give `frames`, time is stretched as if it gave them all.
    """

    paper: ClassVar[str] = "Chen et al., CARL, CVPR 2022 and its journal version, eq. 1-2"
    loss: ClassVar[str] = "scl"

    temperature: float = 0.1
    variance: float = 3.0


@dataclass(frozen=True)
class SimCLR(TwoClips):
    """Frame-wise contrast: the same moment in two views is alike, every other frame is not.

    Neighbouring frames are negatives, which is what SCL mends.

    Attributes:
        temperature: Softmax temperature of the similarities.
        negatives: All frames of the batch, of the video, or of the other view alone.
        window: How far in frames the nearest frame of the other view may be to be the same moment.
    """

    paper: ClassVar[str] = "the contrastive baseline of CARL's tables 7 and 10, after SimCLR"
    loss: ClassVar[str] = "simclr"
    at_least_zero: ClassVar[tuple[str, ...]] = ("window",)

    temperature: float = 0.1
    negatives: Literal["batch", "video", "view"] = "batch"
    window: float = 5.0


@dataclass(frozen=True)
class TCN(Method):
    """Time-contrastive network: frames close in time are alike, those far away are not.

    Attributes:
        window: How far in frames a positive may be from its anchor.
        gap: How far in frames negatives are, at least; if not given, it goes by the window.
        regulariser: Weight of the squared length of embeddings, of n-pairs.
        form: Many negatives at once, or the TCN paper's triplets.
        negatives: Of triplets: any frame far enough away, or the nearest of these.
        margin: By how much a triplet's negative is to be further away than its positive.
        multi_view: Compare views of one scene filmed at the same time, videos of one `group`,
            not frames of one video. Their files share a clock: the same second of each shows the
            same moment, whatever their frame rates; frames count those of the slower one.
    """

    paper: ClassVar[str] = "Sermanet et al., TCN, ICRA 2018; n-pairs as in TCC's code"
    loss: ClassVar[str] = "tcn"
    compares: ClassVar[Compares] = "rows"
    at_least_zero: ClassVar[tuple[str, ...]] = ("window", "gap", "regulariser", "margin")

    window: float = 5.0
    gap: float | None = None
    regulariser: float = 0.002
    form: Literal["n_pairs", "triplet"] = "n_pairs"
    negatives: Literal["random", "semi_hard"] = "random"
    margin: float = 0.2
    multi_view: bool = False

    @property
    def compared(self) -> Compares:
        """Views of a scene, or frames of a row."""
        return "scenes" if self.multi_view else "rows"

    def loss_settings(self) -> dict[str, Any]:
        """Arguments of the loss function."""
        settings = super().loss_settings()
        return settings | {"views": "multi" if settings.pop("multi_view") else "single"}
