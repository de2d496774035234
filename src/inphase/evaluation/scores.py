"""Every metric of a protocol on the videos of one activity, with what each video adds to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations

import numpy as np
from jaxtyping import Bool, Float, Integer

from inphase import metrics
from inphase.errors import InputError
from inphase.evaluation.activities import Fold
from inphase.evaluation.learnt_scores import classification, few_shot, progression
from inphase.evaluation.protocols import Protocol
from inphase.evaluation.statistic import Statistic, mean, ratio
from inphase.metrics.cycle_consistency import shares_of_cycles
from inphase.metrics.dtw_paths import dtw_paths
from inphase.metrics.inputs import checked_embeddings
from inphase.metrics.kendalls_tau import taus
from inphase.metrics.nearest_frames import nearest_in_pairs
from inphase.metrics.one_shot_classification import shares_of_pairs
from inphase.metrics.retrieval_average_precision import average_precisions
from inphase.metrics.retrieval_precision import hits_in_other_videos

# Errors: lower is better, 0 is best. Of all other metrics 1 is best.
ERRORS = {"progress error", "enclosed area"}
# Metrics that need no labels, and are no headline: a clock does as well as anything.
CYCLES = {2: "cycle, 2-way", 3: "cycle, 3-way"}
UNLABELLED = {"tau", *CYCLES.values()}

# By the name of its column, a score or why there is none.
Measured = Mapping[str, Statistic | str]
Hits = Bool[np.ndarray, "_ _"]


@dataclass(frozen=True, eq=False)
class Embedded:
    """Videos of one activity as one model sees them.

    Attributes:
        values: Embedding of each frame, a video each, as they are compared.
        labels: Of each frame.
        folds: Videos to learn from and videos to score.
        scored: All videos that are scored, in order.
        phases: How many phases the activity has.
        views: Two views, and the videos of each; none if they are not told apart.
    """

    values: list[Float[np.ndarray, "_ _"]]
    labels: list[Integer[np.ndarray, "_"]]
    folds: list[Fold]
    scored: list[int]
    phases: int
    views: Mapping[str, Sequence[int]] = field(default_factory=dict)

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
            for column, each in _MEASURES[name](embedded, protocol, seed).items():
                if isinstance(each, str):
                    missing[column] = each
                elif np.isnan(each.value):
                    missing[column] = "it has no value on videos so short, or so labelled"
                else:
                    found[column] = each
        except InputError as error:
            missing[name] = str(error)
    return found, missing


def _classification(embedded: Embedded, protocol: Protocol, seed: int) -> Measured:
    """With all videos; and, across views, learnt from those of one and scored in the other."""
    settings = embedded.scored, protocol, seed
    whole = classification(embedded.values, embedded.labels, embedded.folds, *settings)
    made: dict[str, Statistic | str] = dict(whole)
    for across, first, second in _across(embedded, protocol):
        folds = [
            ([k for k in train if k in first], [k for k in held_out if k in second])
            for train, held_out in embedded.folds
        ]
        folds = [each for each in folds if each[1]]
        try:
            if not folds:
                raise InputError("no scored video of the other view has labels")
            found = classification(embedded.values, embedded.labels, folds, *settings)
            made |= {f"{name}, {across}": each for name, each in found.items()}
        except InputError as error:
            made[f"classification, {across}"] = str(error)
    return made


def _few_shot(embedded: Embedded, protocol: Protocol, seed: int) -> Measured:
    return few_shot(
        embedded.values, embedded.labels, embedded.folds, embedded.scored, protocol, seed
    )


def _retrieval(embedded: Embedded, protocol: Protocol, seed: int) -> Measured:
    """Neighbours in all other videos; and, across views, in all videos of the other view."""
    stride = protocol.retrieval_stride or protocol.stride
    values, labels = ([each[::stride] for each in both] for both in embedded.compared)
    most = max(protocol.retrieval_k)
    hits = hits_in_other_videos(values, labels, most, 1)
    has_labels = [bool((each >= 0).any()) for each in labels]
    found = [next(hits) if known else None for known in has_labels]
    made: dict[str, Statistic | str] = dict(_precisions(found, protocol))
    place = {video: number for number, video in enumerate(embedded.scored)}
    for across, first, second in _across(embedded, protocol):
        asked, searched = ([place[k] for k in view if k in place] for view in (first, second))
        try:
            answers = _hits_across(values, labels, asked, searched, most)
        except InputError as error:
            made[f"retrieval, {across}"] = str(error)
            continue
        found = _precisions([answers.get(k) for k in range(len(values))], protocol)
        made |= {f"{name}, {across}": each for name, each in found.items()}
    return made


def _hits_across(
    values: Sequence[Float[np.ndarray, "_ _"]],
    labels: Sequence[Integer[np.ndarray, "_"]],
    asked: Sequence[int],
    searched: Sequence[int],
    k: int,
) -> dict[int, Hits]:
    """Of each video of a view, which neighbours in the other one have the label of the query.

    All videos of a view are taken for one, so that what is found is of the other.
    """
    if not all(any((labels[k] >= 0).any() for k in view) for view in (asked, searched)):
        raise InputError("no scored video of one of the two views has labels at this stride")
    frames, phases = (
        [np.concatenate([of_videos[k] for k in view]) for view in (asked, searched)]
        for of_videos in (values, labels)
    )
    hits = next(hits_in_other_videos(frames, phases, k, 1))
    counts = [int((labels[video] >= 0).sum()) for video in asked]
    parts = np.split(hits, np.cumsum(counts)[:-1])
    return {video: part for video, part in zip(asked, parts, strict=True) if len(part)}


def _across(
    embedded: Embedded, protocol: Protocol
) -> list[tuple[str, Sequence[int], Sequence[int]]]:
    """From each view to the other: in words, the labelled videos of the first and the second."""
    if not protocol.across_views:
        return []
    views = {
        name: [k for k in videos if (embedded.labels[k] >= 0).any()]
        for name, videos in embedded.views.items()
    }
    return [
        (f"{one} to {other}", views[one], views[other]) for one, other in permutations(views, 2)
    ]


def _precisions(found: Sequence[Hits | None], protocol: Protocol) -> dict[str, Statistic]:
    """Of each video which neighbours have the label of the query; None where it has no say."""
    ks = protocol.retrieval_k
    if protocol.retrieval == "precision":
        return {
            f"AP@{k}": mean(np.array([np.nan if h is None else h[:, :k].mean() for h in found]))
            for k in ks
        }
    made = {}
    for k in ks:
        ranked = [np.zeros(0) if h is None else average_precisions(h[:, :k]) for h in found]
        means = np.array([each.mean() if len(each) else np.nan for each in ranked])
        made[f"AP@{k} by rank"] = mean(means, np.array([float(len(each)) for each in ranked]))
    return made


def _tau(embedded: Embedded, protocol: Protocol, seed: int) -> dict[str, Statistic]:
    """As `metrics.kendalls_tau`, which averages over pairs at once."""
    frames = checked_embeddings(embedded.compared[0], protocol.stride)
    sums = np.zeros((len(frames), 2))
    found = nearest_in_pairs(frames, _all_pairs(len(frames)))
    pairs, values, _ = taus(found, protocol.tau_variant)
    counted = ~np.isnan(values) | (protocol.tau_undefined == "zero")
    np.add.at(sums, pairs[:, 0], np.stack([np.nan_to_num(values), counted], axis=1))
    if not sums[:, 1].any():  # collapsed: no pair has a tau
        sums[:, 1] = 1
    return {"tau": ratio(sums)}


def _one_shot(embedded: Embedded, protocol: Protocol, seed: int) -> dict[str, Statistic]:
    values, labels = embedded.compared
    sums = np.zeros((len(values), 2))
    for query, share, _ in shares_of_pairs(values, labels, protocol.stride, None):
        sums[query] += share, 1
    return {"one-shot": ratio(sums)}


def _cycle_consistency(embedded: Embedded, protocol: Protocol, seed: int) -> Measured:
    values, _ = embedded.compared
    made: dict[str, Statistic | str] = {}
    for ways, column in CYCLES.items():
        sums = np.zeros((len(values), 2))
        try:
            for video, share in shares_of_cycles(
                values, ways, protocol.stride, protocol.cycle_tolerance
            ):
                sums[video] += share, 1
            made[column] = ratio(sums)
        except InputError as error:
            made[column] = str(error)
    return made


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


def _enclosed_area(embedded: Embedded, protocol: Protocol, seed: int) -> dict[str, Statistic]:
    """Of DTW paths, each phase taken to run evenly; pairs without a moment in common are left out.

    Each frame of the query is to be found in the other video.
    """
    values, labels = embedded.compared
    frames = checked_embeddings(values, protocol.stride)
    moments = [metrics.canonical_time(each)[:: protocol.stride] for each in labels]
    sums = np.zeros((len(frames), 2))
    for (query, other), path in dtw_paths(frames, _all_pairs(len(frames))):
        errors = metrics.alignment_error(path, moments[query], moments[other])
        if not np.isnan(errors.mean_frames):
            sums[query] += errors.mean_frames / len(frames[other]), 1
    if not sums[:, 1].any():
        raise InputError("No two videos show a moment in common that an alignment could miss.")
    return {"enclosed area": ratio(sums)}


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


def _progression(embedded: Embedded, protocol: Protocol, seed: int) -> dict[str, Statistic]:
    return progression(
        embedded.values,
        embedded.labels,
        embedded.folds,
        embedded.scored,
        protocol,
        embedded.phases,
    )


_MEASURES: dict[str, Callable[[Embedded, Protocol, int], Measured]] = {
    "classification": _classification,
    "few_shot": _few_shot,
    "progression": _progression,
    "retrieval": _retrieval,
    "dtw_accuracy": _dtw_accuracy,
    "one_shot": _one_shot,
    "rand_index": _rand_index,
    "progress_error": _progress_error,
    "enclosed_area": _enclosed_area,
    "tau": _tau,
    "cycle_consistency": _cycle_consistency,
}
