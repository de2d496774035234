"""Methods that line up two videos of one activity, and learn from where that joins them."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from inphase.errors import InputError
from inphase.methods.contrastive import TwoClips
from inphase.methods.method import Compares, Head, Method


@dataclass(frozen=True)
class LAV(Method):
    """Soft-DTW pulls two videos together; a contrast over time keeps each from collapsing.

    Attributes:
        gamma: How soft the minimum over paths is.
        alpha: Weight of the regulariser (paper: 1 on Pouring, .5 on Penn Action).
        alignment: Weight of soft-DTW; 0 leaves the regulariser alone (table 1).
        regulariser: What keeps a video's frames apart.
        margin: Squared distance from which frames far apart in time are left alone.
        window: Frames further apart than this are to be told apart (paper: 15 and 7).
        variant: The paper's equations, or what the released code does instead.
        reduction: Sums over all pairs of frames, as in the paper; or means, under which soft-DTW
            counts beside the regulariser in long clips.
    """

    paper: ClassVar[str] = "Haresh et al., LAV, CVPR 2021"
    loss: ClassVar[str] = "lav"
    views: ClassVar[str] = "uniform_chunks"
    at_least_zero: ClassVar[tuple[str, ...]] = ("alpha", "alignment")

    frames: int = 40
    gamma: float = 0.1
    alpha: float = 1.0
    alignment: float = 1.0
    regulariser: Literal["contrastive_idm", "idm", "slow_feature", "none"] = "contrastive_idm"
    margin: float = 2.0
    window: float = 15.0
    variant: Literal["paper", "code"] = "paper"
    reduction: Literal["sum", "mean"] = "sum"


@dataclass(frozen=True)
class GTA(Method):
    """Smooth DTW whose costs contrast a match with all others, and cycles that come back.

    Attributes:
        gamma: How soft the minimum over paths is.
        temperature: Softmax temperature of the similarities.
        alignment: Weight of the two costs of the path.
        consistency: Weight of the cycles.
        smoothing: Share of the target given to all frames alike.
        variant: Cross-entropy of the cycles, or the released code's softmax of a softmax.
        reduction: The alignment as a sum along the path, or divided by the frames.
    """

    paper: ClassVar[str] = "Hadji, Derpanis, Jepson, GTA, CVPR 2021"
    loss: ClassVar[str] = "gta"
    at_least_zero: ClassVar[tuple[str, ...]] = ("alignment", "consistency", "smoothing")
    below_one: ClassVar[tuple[str, ...]] = ("smoothing",)

    frames: int = 20
    gamma: float = 0.1
    temperature: float = 0.1
    alignment: float = 0.1
    consistency: float = 1.0
    smoothing: float = 0.1
    variant: Literal["paper", "code"] = "paper"
    reduction: Literal["sum", "mean"] = "sum"


@dataclass(frozen=True)
class TCC(Method):
    """Temporal cycle consistency: a frame sent to another video and back returns to itself.

    Attributes:
        loss_form: How a return to another frame is punished.
        similarity: Of frames.
        temperature: Softmax temperature of the similarities.
        variance_weight: Weight of the log of the variance of where a frame returns to.
        delta: Error, as a share of the video, from which `regression_huber` is linear.
        label_smoothing: Share of the target given to all frames alike, of `classification`.
        cycles: Through every pair, or through random chains of videos.
        cycle_length: Videos in a chain; a batch is made of groups of so many videos of an activity,
            and what is left of it is not used.
        fraction: Random chains for each frame of the batch.
    """

    paper: ClassVar[str] = "Dwibedi et al., TCC, CVPR 2019"
    loss: ClassVar[str] = "tcc"
    at_least_zero: ClassVar[tuple[str, ...]] = ("variance_weight", "label_smoothing")
    below_one: ClassVar[tuple[str, ...]] = ("label_smoothing",)

    frames: int = 20
    loss_form: Literal[
        "regression_mse_var", "regression_mse", "regression_huber", "classification"
    ] = "regression_mse_var"
    similarity: Literal["squared_l2", "cosine"] = "squared_l2"
    temperature: float = 0.1
    variance_weight: float = 0.001
    delta: float = 0.1
    label_smoothing: float = 0.1
    cycles: Literal["deterministic", "stochastic"] = "deterministic"
    cycle_length: int = 2
    fraction: float = 1.0

    def __post_init__(self):
        super().__post_init__()
        if self.cycle_length < 2 or (self.cycles == "deterministic" and self.cycle_length > 2):
            raise InputError(
                f"a cycle passes 2 videos, or more if cycles are stochastic, not "
                f"{self.cycle_length}: cycles are {self.cycles}"
            )

    @property
    def together(self) -> int:
        """As many videos as a chain has."""
        return self.cycle_length

    def loss_settings(self) -> dict[str, Any]:
        """Arguments of the loss function, which calls its form `loss`."""
        settings = super().loss_settings()
        return settings | {"loss": settings.pop("loss_form")}


@dataclass(frozen=True)
class VAVA(Method):
    """Optimal transport between two videos, with temporal priors and a place for background.

    Attributes:
        prior: How the distance of a match from where it is expected is spread.
        variance: Of that distance, in frames squared; `beta` has none.
        learn_variance: Train the variance too, from this value on.
        flat: Distance in frames within which `flat-top` is flat.
        shape_alpha: First exponent of `beta`.
        shape_beta: Second exponent of `beta`.
        phi: Share of the prior for matches in time; if not given, it falls from 1 to 0.
        virtual: Cost of matching a frame to nothing.
        virtual_distance: How far in time matches with nothing are, in frames or so.
        structure_weight: Weight of matches near the diagonal.
        prior_weight: Weight of the divergence from the prior.
        contrast_weight: Weight of the contrasts within and between videos.
        margin: Squared distance from which frames far apart in time are left alone.
        window: Frames further apart than this are to be told apart.
        reduction: Of the contrast within a video: means over pairs of frames, or sums.
        iterations: Of Sinkhorn's algorithm.
    """

    paper: ClassVar[str] = "Liu et al., VAVA, CVPR 2022"
    loss: ClassVar[str] = "vava"
    at_least_zero: ClassVar[tuple[str, ...]] = (
        "structure_weight", "contrast_weight", "flat", "phi", "virtual_distance",
    )  # fmt: skip
    at_most_one: ClassVar[tuple[str, ...]] = ("phi",)

    frames: int = 40
    prior: Literal["gaussian", "flat-top", "beta"] = "gaussian"
    variance: float = 0.36
    learn_variance: bool = False
    flat: float = 1.0
    shape_alpha: float = 1.0
    shape_beta: float = 50.0
    phi: float | None = None
    virtual: float = 0.5
    virtual_distance: float = 1.5
    structure_weight: float = 1.0
    prior_weight: float = 0.1
    contrast_weight: float = 0.5
    margin: float = 2.0
    window: float = 15.0
    reduction: Literal["mean", "sum"] = "mean"
    iterations: int = 20

    def __post_init__(self):
        super().__post_init__()
        if self.learn_variance and self.prior == "beta":
            raise InputError(
                "the prior 'beta' has no variance to learn: leave out learn_variance, or use "
                "'gaussian' or 'flat-top'"
            )

    @property
    def learnt(self) -> tuple[str, ...]:
        """The variance, if asked."""
        return ("variance",) if self.learn_variance else ()

    def loss_settings(self) -> dict[str, Any]:
        """Arguments of the loss function."""
        settings = super().loss_settings()
        del settings["learn_variance"]
        return settings | {"shape": (settings.pop("shape_alpha"), settings.pop("shape_beta"))}


@dataclass(frozen=True)
class LRProp(TwoClips):
    """Positions carried from one video to another along their DTW path, beside SCL.

    Attributes:
        temperature: Softmax temperature of the similarities.
        variance: Variance of the Gaussian over time distances, in frames squared.
        propagation_weight: Weight of the positions carried over.
        soft_dtw_weight: Weight of soft-DTW.
        gamma: How soft its minimum over paths is.
        per_frame: Whether soft-DTW is divided by the frames; with the paper's weights and without
            it, embeddings collapse.
    """

    paper: ClassVar[str] = "Bar-Shalom et al., LRProp"
    loss: ClassVar[str] = "lrprop"
    compares: ClassVar[Compares] = "both"
    at_least_zero: ClassVar[tuple[str, ...]] = ("propagation_weight", "soft_dtw_weight")

    temperature: float = 0.1
    variance: float = 10.0
    propagation_weight: float = 0.01
    soft_dtw_weight: float = 0.4
    gamma: float = 0.1
    per_frame: bool = True


@dataclass(frozen=True)
class PCL(TwoClips):
    """CARL with pairs of videos known to show the same: frames that a path joins are alike, too.

    Attributes:
        temperature: Softmax temperature of the similarities.
        variance: Variance of the Gaussian over time distances, in frames squared.
        weight: Weight of what pairs of videos add.
        video_weight: Weight of telling the activities of videos apart.
        warm_up: Share of training with SCL alone.
        positive: Share of the frames of a pair that surely belong together.
        protected: Share that are no negatives, at least.
    """

    paper: ClassVar[str] = "Chen et al., CARL, journal version, eq. 3-6"
    loss: ClassVar[str] = "pcl"
    compares: ClassVar[Compares] = "fours"
    weakly_supervised: ClassVar[bool] = True
    head: ClassVar[Head] = "videos"
    at_least_zero: ClassVar[tuple[str, ...]] = ("weight", "video_weight", "warm_up")
    at_most_one: ClassVar[tuple[str, ...]] = ("beta", "positive", "protected")

    temperature: float = 0.1
    variance: float = 10.0
    weight: float = 0.3
    video_weight: float = 1.0
    warm_up: float = 1 / 7
    positive: float = 0.05
    protected: float = 0.1
