"""Protocols: every switch of an evaluation under one name, as the paper or its code has it."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from inphase.errors import InputError

# What can be measured. All but the last two need labels; the first three learn from some of them.
METRICS = (
    "classification",
    "few_shot",
    "progression",
    "retrieval",
    "dtw_accuracy",
    "one_shot",
    "rand_index",
    "progress_error",
    "enclosed_area",
    "tau",
    "cycle_consistency",
)


@dataclass(frozen=True)
class Protocol:
    """Every switch of an evaluation.

    Four are the same everywhere, and written down for readers: `distance`, `tau_correspondence`,
    `retrieval_candidates` and `cycle_tolerance`.

    Attributes:
        name: What people call it.
        metrics: What is measured, some of `METRICS`.
        stride: Every so-manieth frame of queries and candidates, for all metrics that compare
            frames of two videos; classification, progression and clustering see every frame.
        normalise: Whether embeddings are scaled to unit length; the clock never is.
        distance: Of frames. On unit length its order is that of the cosine distance.
        tau_variant: "b", corrected for ties, or "a".
        tau_correspondence: The frame of the other video that belongs to each.
        tau_undefined: Pairs of videos without a tau: "drop" or "zero".
        classifier: "svc", "logistic" or "linear".
        classification_score: "accuracy", over all frames together, or "weighted_f1".
        fractions: Shares of the train videos whose labels the classifier sees.
        fraction_choice: Which videos these are: the first "in_order", or "random".
        few_shot_k: Of how many train videos the classifier sees the labels, in few-shot scores.
        episodes: How often these are chosen anew.
        missing: Where a phase ends that a video lacks; see `inphase.metrics.key_events`.
        last_phase: Whether the end of the last phase is a key event too.
        retrieval: "precision" of the k nearest frames, or rank-weighted "average_precision".
        retrieval_k: How many neighbours.
        retrieval_stride: Another stride for retrieval; None for that of the others.
        retrieval_candidates: Where neighbours are sought.
        across_views: Whether classification and retrieval are scored from view to view, too: learnt
            from one and scored in the other, neighbours sought in the other view alone. The view of
            a video is its group.
        cycle_tolerance: How many frames off still counts as back.
        sources: Of each switch, where it is from; and what is not as published.
    """

    name: str
    metrics: tuple[str, ...]
    stride: int
    normalise: bool
    tau_variant: str = "b"
    tau_undefined: str = "drop"
    classifier: str = "svc"
    classification_score: str = "accuracy"
    fractions: tuple[float, ...] = (0.1, 0.5, 1.0)
    fraction_choice: str = "in_order"
    few_shot_k: tuple[int, ...] = (1, 5, 10)
    episodes: int = 50
    missing: str = "last"
    last_phase: bool = False
    retrieval: str = "precision"
    retrieval_k: tuple[int, ...] = (5, 10, 15)
    retrieval_stride: int | None = None
    across_views: bool = False
    retrieval_candidates: str = field(default="all frames of all other videos", init=False)
    tau_correspondence: str = field(default="nearest frame", init=False)
    distance: str = field(default="squared Euclidean", init=False)
    cycle_tolerance: int = field(default=1, init=False)
    sources: dict[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self):
        unknown = [name for name in self.metrics if name not in METRICS]
        if unknown or not self.metrics:
            raise InputError(
                f"there is no metric '{''.join(unknown[:1])}': use some of {', '.join(METRICS)}"
            )
        if self.stride < 1:
            raise InputError(f"stride must be at least 1 (every frame), not {self.stride}")
        if min(self.few_shot_k, default=0) < 1 or self.episodes < 2:
            raise InputError(
                f"few-shot scores need 1 video or more and 2 episodes or more, not "
                f"{self.few_shot_k} and {self.episodes}"
            )

    def as_dict(self) -> dict[str, Any]:
        """All switches as plain values."""
        return asdict(self)


_COMMON = {
    "distance": "code of TCC, CARL, LAV, AE2",
    "tau_correspondence": "hard nearest frame: code of all; softmax is in their pictures alone",
    "tau_undefined": "pairs without a tau are dropped: code of all",
    "fraction_choice": "whole videos in file order, max(1, int(f n)): code of TCC, CARL, LAV",
    "few_shot_k": "not of this paper: some of TCC's 1 to 10",
    "episodes": "code of TCC: 50, drawn from seed 42; here 42 + seed",
    "cycle_tolerance": "code of XIRL, which has stride 1",
}

TCC = Protocol(
    name="tcc",
    metrics=("classification", "progression", "tau"),
    stride=5,
    normalise=False,
    few_shot_k=tuple(range(1, 11)),
    sources=_COMMON
    | {
        "paper": "Dwibedi et al., Temporal Cycle-Consistency Learning, CVPR 2019",
        "stride": "code, default; a comment there says 2 for Pouring and 5 for Penn Action",
        "normalise": "code: embeddings as they are",
        "tau_variant": "code (SciPy's default); the text defines tau-a",
        "classifier": "scikit-learn's SVC() as it is: text and code",
        "fractions": "text and code: .1, .5 and 1",
        "few_shot_k": "code: 1 to 10",
        "missing": "code of 2021; the same as the older code where no phase is missing",
    },
)

CARL = Protocol(
    name="carl",
    metrics=("classification", "progression", "retrieval", "tau"),
    stride=2,
    normalise=True,
    classifier="logistic",
    sources=_COMMON
    | {
        "paper": "Chen et al., CARL, CVPR 2022",
        "stride": "code: 2 for Penn Action; it has 5 for Pouring",
        "normalise": "code",
        "tau_variant": "code (SciPy's default)",
        "classifier": "code: multinomial logistic regression, C = 1; the text says SVM",
        "fractions": "code: .1, .5 and 1 for Pouring, 1 alone for Penn Action",
        "missing": "TCC's code of 2021; CARL's own stops with an error where a phase is missing",
        "retrieval": "code: precision among the k nearest, without ranks, called AP@k",
        "retrieval_candidates": "code",
    },
)

LAV = Protocol(
    name="lav",
    metrics=("classification", "progression", "retrieval", "tau"),
    stride=5,
    normalise=True,
    missing="before",
    sources=_COMMON
    | {
        "paper": "Haresh et al., Learning by Aligning Videos in Time, CVPR 2021",
        "stride": "code",
        "normalise": "code",
        "tau_variant": "code (SciPy's default)",
        "classifier": "scikit-learn's SVC() as it is: code",
        "fractions": "text and code: .1, .5 and 1",
        "missing": "code: a phase that is missing ends before the video begins",
        "retrieval": "as CARL's",
        "retrieval_candidates": "the text; the code searches the query's own video, query included",
    },
)

LRPROP = Protocol(
    name="lrprop",
    metrics=("classification", "progression", "retrieval", "dtw_accuracy", "tau"),
    stride=1,
    normalise=True,
    tau_variant="a",
    fractions=(0.1, 0.25, 0.5, 1.0),
    sources={
        "paper": "Bar-Shalom et al., LRProp; without code, so what the text leaves open is chosen",
        "stride": "not said: every frame",
        "normalise": "not said: as CARL, which it builds on",
        "tau_variant": "text: concordant less discordant over all pairs; read word for word, it "
        "takes ties for discordant",
        "tau_correspondence": "text: the nearest frame",
        "tau_undefined": "tau-a is undefined for single frames alone, and they are dropped",
        "classifier": "text: SVM; taken as scikit-learn's SVC()",
        "fractions": "text: 10, 25, 50 and 100 %",
        "fraction_choice": "not said: whole videos in order, as TCC's code",
        "missing": "not said: as TCC's code of 2021",
        "retrieval": "text: the share of the k nearest frames with the query's phase, as CARL's",
        "retrieval_candidates": "not said: as CARL's code",
        "few_shot_k": "not of this paper: some of TCC's 1 to 10",
        "episodes": _COMMON["episodes"],
        "cycle_tolerance": _COMMON["cycle_tolerance"],
        "dtw_accuracy": "text: all pairs of videos; taken as ordered pairs",
        "distance": "not said: as CARL's code",
    },
)

AE2 = Protocol(
    name="ae2",
    metrics=("classification", "progression", "retrieval", "tau"),
    stride=5,
    normalise=False,
    classification_score="weighted_f1",
    fractions=(1.0,),
    few_shot_k=(1, 2, 3, 5, 10),
    missing="left_out",
    last_phase=True,
    retrieval="average_precision",
    retrieval_k=(10,),
    retrieval_stride=1,
    across_views=True,
    sources=_COMMON
    | {
        "paper": "Xue and Grauman, AE2, NeurIPS 2023",
        "stride": "code, for tau",
        "normalise": "not said: embeddings as they are",
        "tau_variant": "code (SciPy's default)",
        "classifier": "code: SVC, weighted F1",
        "fractions": "code: all labels",
        "few_shot_k": "code: 1, 2, 3, 5, 10, and half of the videos, which is not done here",
        "episodes": "code: 50, of which it gives the standard deviation; here drawn as in TCC's",
        "missing": "code: such an event is left out of this video",
        "last_phase": "code: all phases have an event",
        "retrieval": "code: average precision at 10, by rank, over the number found",
        "retrieval_stride": "code: every frame",
        "retrieval_candidates": "code; across views, all frames of the other view",
        "across_views": "code: ego to exo and exo to ego beside the regular setting",
    },
)

PROTOCOLS = {protocol.name: protocol for protocol in (TCC, CARL, LAV, LRPROP, AE2)}


def protocol_of(
    protocol: str | Protocol,
    *,
    metrics: tuple[str, ...] | None = None,
    stride: int | None = None,
) -> Protocol:
    """Find a protocol by name, with other metrics or another stride if given.

    A changed protocol says so in its name: `carl, stride 5`.

    Raises:
        InputError: If there is no such protocol or metric.
    """
    if isinstance(protocol, str):
        if protocol not in PROTOCOLS:
            raise InputError(
                f"there is no protocol '{protocol}': use one of {', '.join(PROTOCOLS)}"
            )
        protocol = PROTOCOLS[protocol]
    if stride is not None and {stride} != {protocol.stride, protocol.retrieval_stride or stride}:
        name = f"{protocol.name}, stride {stride}"
        protocol = replace(protocol, name=name, stride=stride, retrieval_stride=None)
    if metrics is not None and set(metrics) != set(protocol.metrics):
        order = sorted(metrics, key=lambda name: METRICS.index(name) if name in METRICS else -1)
        name = f"{protocol.name}, other metrics"
        protocol = replace(protocol, name=name, metrics=tuple(dict.fromkeys(order)))
    return protocol
