"""Every metric of a protocol on the videos of one activity, with what each video adds to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from jaxtyping import Float, Integer

from inphase import metrics
from inphase.errors import InputError
from inphase.evaluation.activities import Fold
from inphase.evaluation.learnt_scores import classification, progression
from inphase.evaluation.protocols import Protocol
from inphase.evaluation.statistic import Statistic, mean, ratio
from inphase.metrics.inputs import checked_embeddings, labelled_only
from inphase.metrics.kendalls_tau import tau_of_order
from inphase.metrics.nearest_frames import nearest_in_pairs
from inphase.metrics.retrieval_average_precision import average_precisions
from inphase.metrics.retrieval_precision import hits_in_other_videos

# Errors: lower is better, 0 is best. Of all other metrics 1 is best.
ERRORS = {"progress error"}
# Metrics that need no labels, and are no headline: a clock does as well as anything.
UNLABELLED = {"tau"}


@dataclass(frozen=True, eq=False)
class Embedded:
    """Videos of one activity as one model sees them.

    Attributes:
        values: Embedding of each frame, a video each, as they are compared.
        labels: Of each frame.
        folds: Videos to learn from and videos to score.
        scored: All videos that are scored, in order.
        phases: How many phases the activity has.
    """

    values: list[Float[np.ndarray, "_ _"]]
    labels: list[Integer[np.ndarray, "_"]]
    folds: list[Fold]
    scored: list[int]
    phases: int

    @property
    def compared(self) -> tuple[list[Float[np.ndarray, "_ _"]], list[Integer[np.ndarray, "_"]]]:
        """Values and labels of the scored videos."""
        return [self.values[k] for k in self.scored], [self.labels[k] for k in self.scored]


def score(
    embedded: Embedded, protocol: Protocol, seed: int
) -> tuple[dict[str, Statistic], dict[str, str]]:
    """Measure all that a protocol asks for.

    Returns:
        The scores by the name of their column, and why others could not be measured.
    """
    found: dict[str, Statistic] = {}
    missing: dict[str, str] = {}
    for name in protocol.metrics:
        try:
            found |= _MEASURES[name](embedded, protocol, seed)
        except InputError as error:
            missing[name] = str(error)
    return found, missing


def _retrieval(embedded: Embedded, protocol: Protocol, seed: int) -> dict[str, Statistic]:
    values, labels = embedded.compared
    ks = protocol.retrieval_k
    hits = hits_in_other_videos(values, labels, max(ks), protocol.stride)
    has_labels = [bool((each[:: protocol.stride] >= 0).any()) for each in labels]
    found = [next(hits) if known else None for known in has_labels]
    if protocol.retrieval == "precision":
        return {
            f"AP@{k}": mean(np.array([np.nan if h is None else h[:, :k].mean() for h in found]))
            for k in ks
        }
    made = {}
    for k in ks:
        ranked = [np.zeros(0) if h is None else average_precisions(h[:, :k]) for h in found]
        values = np.array([each.mean() if len(each) else np.nan for each in ranked])
        made[f"AP@{k} by rank"] = mean(values, np.array([float(len(each)) for each in ranked]))
    return made


def _tau(embedded: Embedded, protocol: Protocol, seed: int) -> dict[str, Statistic]:
    """As `metrics.kendalls_tau`, which averages over pairs at once."""
    frames = checked_embeddings(embedded.compared[0], protocol.stride)
    sums = np.zeros((len(frames), 2))
    for (query, other), nearest, _ in nearest_in_pairs(frames, _all_pairs(len(frames))):
        tau = tau_of_order(nearest, len(frames[other]), protocol.tau_variant)
        if tau is not None or protocol.tau_undefined == "zero":
            sums[query] += tau or 0, 1
    if not sums[:, 1].any():  # collapsed: no pair has a tau
        sums[:, 1] = 1
    return {"tau": ratio(sums)}


def _one_shot(embedded: Embedded, protocol: Protocol, seed: int) -> dict[str, Statistic]:
    """As `metrics.one_shot_classification`, which averages over pairs at once."""
    values, labels = embedded.compared
    frames = checked_embeddings(values, protocol.stride)
    phases = [each[:: protocol.stride] for each in labels]
    frames, phases = labelled_only(frames, phases)
    known = [video for video, each in enumerate(phases) if len(each)]
    frames, phases = [frames[k] for k in known], [phases[k] for k in known]
    sums = np.zeros((len(values), 2))
    for (query, other), nearest, _ in nearest_in_pairs(frames, _all_pairs(len(frames))):
        sums[known[query]] += (phases[other][nearest] == phases[query]).mean(), 1
    return {"one-shot": ratio(sums)}


def _dtw_accuracy(embedded: Embedded, protocol: Protocol, seed: int) -> dict[str, Statistic]:
    values, labels = embedded.compared
    return {
        "DTW accuracy": _by_query(
            lambda pairs: metrics.dtw_accuracy(values, labels, stride=protocol.stride, pairs=pairs),
            len(values),
        )
    }


def _progress_error(embedded: Embedded, protocol: Protocol, seed: int) -> dict[str, Statistic]:
    """Progress is the phase and the part of it that is over, as a share of all phases."""
    values, labels = embedded.compared
    progress = [metrics.canonical_time(each) / embedded.phases for each in labels]
    return {
        "progress error": _by_query(
            lambda pairs: metrics.progress_error(
                values, progress, stride=protocol.stride, pairs=pairs
            ),
            len(values),
        )
    }


def _rand_index(embedded: Embedded, protocol: Protocol, seed: int) -> dict[str, Statistic]:
    values, labels = embedded.compared
    several = [len(np.unique(each[each >= 0])) > 1 for each in labels]
    if not any(several):
        metrics.rand_index(values, labels)  # says what is wrong
    scores = [
        metrics.rand_index([each], [own], seed=seed) if many else np.nan
        for each, own, many in zip(values, labels, several, strict=True)
    ]
    return {"Rand index": mean(np.array(scores))}


def _by_query(measure: Callable[[Sequence[tuple[int, int]]], float], videos: int) -> Statistic:
    """A metric over pairs, of each query video; NaN where none of its pairs can be scored."""
    scores = np.full(videos, np.nan)
    problem = InputError(f"Videos are compared in pairs: give two or more, not {videos}.")
    for query in range(videos):
        try:
            if videos > 1:
                scores[query] = measure(_pairs_of(query, videos))
        except InputError as error:
            problem = error
    if np.isnan(scores).all():
        raise problem
    return mean(scores)


def _all_pairs(videos: int) -> list[tuple[int, int]]:
    return list(permutations(range(videos), 2))


def _pairs_of(query: int, videos: int) -> list[tuple[int, int]]:
    return [(query, other) for other in range(videos) if other != query]


def _classification(embedded: Embedded, protocol: Protocol, seed: int) -> dict[str, Statistic]:
    return classification(
        embedded.values, embedded.labels, embedded.folds, embedded.scored, protocol, seed
    )


def _progression(embedded: Embedded, protocol: Protocol, seed: int) -> dict[str, Statistic]:
    return progression(
        embedded.values,
        embedded.labels,
        embedded.folds,
        embedded.scored,
        protocol,
        embedded.phases,
    )


_MEASURES: dict[str, Callable[[Embedded, Protocol, int], dict[str, Statistic]]] = {
    "classification": _classification,
    "progression": _progression,
    "retrieval": _retrieval,
    "dtw_accuracy": _dtw_accuracy,
    "one_shot": _one_shot,
    "rand_index": _rand_index,
    "progress_error": _progress_error,
    "tau": _tau,
}
