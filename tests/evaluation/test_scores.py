"""Scores taken apart by video are the metrics' own, put together again."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from inphase import metrics
from inphase.data.collection import find
from inphase.data.label_files import read_labels
from inphase.evaluation.activities import activities
from inphase.evaluation.controls import clock
from inphase.evaluation.protocols import PROTOCOLS, Protocol
from inphase.evaluation.scores import Embedded, score
from inphase.warping.dtw import dtw

EVERY = replace(
    PROTOCOLS["carl"],
    stride=2,
    metrics=(
        "retrieval",
        "dtw_accuracy",
        "one_shot",
        "rand_index",
        "progress_error",
        "enclosed_area",
        "tau",
        "cycle_consistency",
    ),
)
LEARNT = replace(PROTOCOLS["carl"], metrics=("classification", "progression"))
TRAIN, VAL = [0, 1, 2], [3, 4]


def clips(*, frames=(30, 21, 26, 40, 33), phases=3, dims=4):
    """Videos whose embeddings follow their phases, noisily; some frames without labels."""
    random = np.random.default_rng(0)
    values, labels = [], []
    for count in frames:
        ends = np.sort(random.uniform(0.2, 0.8, phases - 1))
        label = np.searchsorted(ends, np.arange(count) / count)
        shown = np.stack([label == k for k in range(dims)], axis=1) * 1.0
        values.append(shown + random.normal(0, 0.5, shown.shape) + np.arange(count)[:, None] / 99)
        label[random.integers(count)] = -1
        labels.append(label)
    return values, labels


def split(values, labels, views=()) -> Embedded:
    return Embedded(values, labels, [(TRAIN, VAL)], VAL, 3, dict(views))


def together(values, labels, views=()) -> Embedded:
    every = list(range(len(values)))
    folds = [([k for k in every if k != out], [out]) for out in every]
    return Embedded(values, labels, folds, every, 3, dict(views))


def scores(embedded: Embedded, protocol: Protocol) -> dict[str, float]:
    found, missing = score(embedded, protocol, seed=0)
    assert not missing
    return {name: each.value for name, each in found.items()}


def test_metrics_over_pairs_are_those_of_all_ordered_pairs():
    values, labels = clips()
    found = scores(together(values, labels), EVERY)
    progress = [metrics.canonical_time(each) / 3 for each in labels]
    expected = {
        f"AP@{k}": metrics.retrieval_precision(values, labels, k=k, stride=2) for k in (5, 10, 15)
    } | {
        "DTW accuracy": metrics.dtw_accuracy(values, labels, stride=2),
        "one-shot": metrics.one_shot_classification(values, labels, stride=2),
        "Rand index": metrics.rand_index(values, labels, seed=0),
        "progress error": metrics.progress_error(values, progress, stride=2),
        "enclosed area": enclosed_area(values, labels, stride=2),
        "cycle, 2-way": metrics.cycle_consistency(values, ways=2, stride=2),
        "cycle, 3-way": metrics.cycle_consistency(values, ways=3, stride=2),
        "tau": metrics.kendalls_tau(values, stride=2),
    }
    assert found == pytest.approx(expected, abs=1e-12)


def enclosed_area(values, labels, stride):
    """Mean over all ordered pairs of the metric on the path of DTW."""
    moments = [metrics.canonical_time(each)[::stride] for each in labels]
    areas = []
    for i, j in permutations(range(len(values)), 2):
        first, second = values[i][::stride], values[j][::stride]
        path = dtw(np.square(first[:, None] - second).sum(axis=2)).path
        areas.append(metrics.enclosed_area_error(path, moments[i], moments[j]))
    return np.mean(areas)


def test_videos_without_a_moment_in_common_have_no_enclosed_area():
    values, _ = clips(frames=(9, 9))
    labels = [np.zeros(9, int), np.full(9, 2)]
    embedded = together(values, labels)
    _, missing = score(embedded, replace(EVERY, metrics=("enclosed_area",)), seed=0)
    assert "moment in common" in missing["enclosed_area"]


def test_three_way_cycles_need_three_videos():
    values, labels = clips(frames=(9, 9))
    protocol = replace(EVERY, metrics=("cycle_consistency",))
    found, missing = score(together(values, labels), protocol, seed=0)
    assert list(found) == ["cycle, 2-way"]
    assert "3 videos at a time" in missing["cycle, 3-way"]


@pytest.mark.parametrize("name", ["carl", "ae2"])
def test_few_shot_scores_on_a_split_are_those_of_the_metric(name):
    values, labels = clips()
    protocol = replace(PROTOCOLS[name], metrics=("few_shot",), few_shot_k=(1, 2), episodes=4)
    found, _ = score(split(values, labels), protocol, seed=5)
    sides = ([values[k] for k in TRAIN], [labels[k] for k in TRAIN])
    sides += ([values[k] for k in VAL], [labels[k] for k in VAL])
    word = "classification" if name == "carl" else "F1"
    for k in (1, 2):
        expected = metrics.few_shot_classification(
            *sides,
            k=k,
            episodes=4,
            classifier=protocol.classifier,
            score=protocol.classification_score,
            seed=47,
        )
        each = found[f"few-shot {word}@{k}"]
        assert each.value == pytest.approx(expected.mean, abs=1e-12)
        assert each.margin == pytest.approx(expected.margin, abs=1e-12)


def test_few_shot_with_all_videos_is_classification():
    values, labels = clips()
    every = replace(LEARNT, metrics=("few_shot", "classification"), few_shot_k=(4,), episodes=2)
    found, _ = score(together(values, labels), every, seed=0)
    shot = found["few-shot classification@4"]
    assert shot.value == found["classification@1"].value and shot.margin == 0


def test_more_shots_than_videos_are_left_out_with_the_reason():
    values, labels = clips()
    protocol = replace(LEARNT, metrics=("few_shot",), few_shot_k=(1, 9), episodes=2)
    found, missing = score(split(values, labels), protocol, seed=0)
    assert list(found) == ["few-shot classification@1"]
    assert missing["few-shot classification@9"] == "labelled videos to learn from: 3"


VIEWS = {"ego": [0, 2, 3], "exo": [1, 4]}


def test_across_views_is_learnt_from_one_and_scored_in_the_other():
    values, labels = clips()
    protocol = replace(PROTOCOLS["ae2"], metrics=("classification",))
    found = scores(split(values, labels, VIEWS), protocol)
    for name, train, val in (("ego to exo", [0, 2], [4]), ("exo to ego", [1], [3])):
        expected = metrics.phase_classification(
            [values[k] for k in train],
            [labels[k] for k in train],
            [values[k] for k in val],
            [labels[k] for k in val],
            score="weighted_f1",
        )
        assert found[f"F1@1, {name}"] == pytest.approx(expected)
    assert found["F1@1"] == pytest.approx(scores(split(values, labels), protocol)["F1@1"])


def test_across_views_neighbours_are_sought_in_the_other_view():
    """As AE2's code: each frame, the ten nearest of the other view, average precision by rank."""
    values, labels = clips()
    protocol = replace(PROTOCOLS["ae2"], metrics=("retrieval",))
    found = scores(together(values, labels, VIEWS), protocol)
    for asked, searched in permutations(VIEWS, 2):
        others = np.concatenate([values[k][labels[k] >= 0] for k in VIEWS[searched]])
        theirs = np.concatenate([labels[k][labels[k] >= 0] for k in VIEWS[searched]])
        precisions = []
        for k in VIEWS[asked]:
            for frame, label in zip(values[k], labels[k], strict=True):
                if label < 0:
                    continue
                order = np.argsort(np.square(others - frame).sum(axis=1), kind="stable")[:10]
                hits = theirs[order] == label
                ranked = [hits[: r + 1].mean() for r in range(10) if hits[r]]
                precisions.append(np.mean(ranked) if ranked else 0.0)
        name = f"AP@10 by rank, {asked} to {searched}"
        assert found[name] == pytest.approx(np.mean(precisions), abs=1e-12)


def test_only_a_protocol_across_views_scores_across_views():
    values, labels = clips()
    assert scores(split(values, labels, VIEWS), LEARNT) == scores(split(values, labels), LEARNT)


def test_what_cannot_be_had_across_views_is_left_out_with_its_reason():
    values, labels = clips()
    one_sided = {"ego": [0, 1, 2, 3], "exo": [4]}
    protocol = replace(PROTOCOLS["ae2"], metrics=("classification", "retrieval"))
    found, missing = score(split(values, labels, one_sided), protocol, seed=0)
    assert {"F1@1", "F1@1, ego to exo", "AP@10 by rank, exo to ego"} <= set(found)
    assert "no video to learn from" in missing["classification, exo to ego"]
    labels[4][:] = -1
    found, missing = score(together(values, labels, one_sided), protocol, seed=0)
    assert set(found) == {"F1@1", "AP@10 by rank"}
    assert set(missing) == {
        f"{metric}, {across}"
        for metric in ("classification", "retrieval")
        for across in ("ego to exo", "exo to ego")
    }


def test_retrieval_by_rank_is_that_of_the_metric():
    values, labels = clips()
    protocol = replace(PROTOCOLS["ae2"], metrics=("retrieval",))
    expected = metrics.retrieval_average_precision(values, labels, k=10)
    assert scores(together(values, labels), protocol) == pytest.approx({"AP@10 by rank": expected})


@pytest.mark.parametrize("name", PROTOCOLS)
def test_learnt_scores_on_a_split_are_those_of_the_metrics(name):
    values, labels = clips()
    if name == "ae2":
        labels[1] = np.where(labels[1] == 0, 1, labels[1])  # a phase that a train video lacks
    protocol = replace(PROTOCOLS[name], metrics=("classification", "progression"))
    found = scores(split(values, labels), protocol)
    sides = ([values[k] for k in TRAIN], [labels[k] for k in TRAIN])
    sides += ([values[k] for k in VAL], [labels[k] for k in VAL])
    word = "classification" if protocol.classification_score == "accuracy" else "F1"
    expected = {
        f"{word}@{fraction:g}": metrics.phase_classification(
            *sides,
            fraction=fraction,
            classifier=protocol.classifier,
            score=protocol.classification_score,
        )
        for fraction in protocol.fractions
    }
    expected["progression"] = metrics.phase_progression(
        *sides, missing=protocol.missing, last_phase=protocol.last_phase
    )
    assert found == pytest.approx(expected, abs=1e-9)


def test_left_out_in_turn_all_that_was_predicted_is_scored_together():
    values, labels = clips()
    protocol = replace(LEARNT, metrics=("classification",), fractions=(1.0,))
    right = total = 0.0
    for out in range(5):
        others = [k for k in range(5) if k != out]
        known = int((labels[out] >= 0).sum())
        accuracy = metrics.phase_classification(
            [values[k] for k in others],
            [labels[k] for k in others],
            [values[out]],
            [labels[out]],
            classifier="logistic",
        )
        right, total = right + accuracy * known, total + known
    found = scores(together(values, labels), protocol)
    assert found["classification@1"] == pytest.approx(right / total)


def test_each_video_adds_its_own_part():
    values, labels = clips()
    found, _ = score(split(values, labels), LEARNT, seed=0)
    only_last = np.array([[0.0, 1.0]])
    sides = ([values[k] for k in TRAIN], [labels[k] for k in TRAIN], values[4:], labels[4:])
    expected = metrics.phase_progression(*sides)
    assert found["progression"].redrawn(only_last)[0] == pytest.approx(expected)
    expected = metrics.phase_classification(*sides, classifier="logistic")
    assert found["classification@1"].redrawn(only_last)[0] == pytest.approx(expected)


def test_what_cannot_be_measured_is_left_out_with_its_reason():
    values, labels = clips(frames=(4, 4))
    found, missing = score(together(values, labels), PROTOCOLS["carl"], seed=0)
    assert "fewer than k=15" in missing["retrieval"] and "tau" in found


def test_a_single_video_has_no_pairs():
    values, labels = clips(frames=(30,))
    found, missing = score(together(values, labels), EVERY, seed=0)
    assert {"dtw_accuracy", "one_shot", "tau"} <= set(missing) and "Rand index" in found


def test_a_score_without_a_value_is_left_out_with_the_reason():
    values, labels = clips(frames=(1, 1, 1))
    labels = [np.array([k]) for k in range(3)]
    found, missing = score(together(values, labels), LEARNT, seed=0)
    assert "no value" in missing["progression"] and "progression" not in found


def test_a_collapsed_model_has_a_score_of_every_kind():
    _, labels = clips()
    flat = [np.zeros((len(each), 4)) for each in labels]
    found = scores(together(flat, labels), replace(EVERY, metrics=(*LEARNT.metrics, "tau")))
    assert found["tau"] == 0 and found["progression"] <= 0 and np.isfinite([*found.values()]).all()


def test_the_clock_on_golf_scores_as_in_the_benchmark(real_data):
    """The numbers of benchmarks/golf.md: every second frame, all ordered pairs."""
    (golf,) = activities(find(real_data / "golf"), read_labels(real_data / "golf" / "phases.csv"))
    assert golf.phases == ("Setup", "Takeaway", "Backswing", "Downswing", "Follow-through")
    protocol = replace(EVERY, metrics=("retrieval", "dtw_accuracy", "one_shot", "tau"))
    expected = {True: (0.401, 0.401, 0.427, 0.999), False: (0.367, 0.310, 0.267, 0.948)}
    for normalised, numbers in expected.items():
        values = [clock(video.times, normalised=normalised) for video in golf.videos]
        found = scores(Embedded(values, golf.labels, golf.folds, golf.scored, 5), protocol)
        of_table = [found[name] for name in ("DTW accuracy", "one-shot", "AP@5", "tau")]
        assert of_table == pytest.approx(numbers, abs=0.0005)
