"""Whole evaluations: what counting and looking score, controls included."""

from dataclasses import replace

import numpy as np
import pytest

from inphase.data.poses import Poses, PoseTrack
from inphase.data.sources import write_csv
from inphase.encoders.architecture import FrameLevel
from inphase.encoders.encoder import Encoder, FrameFeatures
from inphase.encoders.frame_level import FrameLevelEncoder
from inphase.errors import InputError
from inphase.evaluation.evaluate import evaluate
from inphase.evaluation.protocols import PROTOCOLS

LOOKS = ("retrieval", "dtw_accuracy", "tau")
RANDOM = FrameFeatures(weights="random")


class Counting(Encoder):
    """Looks at no frame: the share of the video that has passed, on a half circle."""

    def encode(self, features, times):
        angle = np.linspace(0, np.pi, len(times))
        return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


class Looking(Encoder):
    """Looks at each frame alone."""

    def encode(self, features, times):
        return np.asarray(features, np.float32)


def run(model, videos, labels, **settings):
    settings = {"metrics": LOOKS, "draws": 200, "progress": False, "device": "cpu"} | settings
    return evaluate(model, videos, labels, **settings)


@pytest.fixture
def counting(phase_features, videos, labels):
    return run(Counting(RANDOM), videos, labels)


@pytest.fixture
def looking(phase_features, videos, labels):
    return run(Looking(RANDOM), videos, labels)


def test_what_counts_keeps_its_score_on_shuffled_reversed_and_frozen_frames(counting):
    plain = counting.row("model").scores
    for change in ("shuffled frames", "reversed frames", "one frozen frame"):
        assert counting.row(f"model: {change}").scores == plain


def test_what_counts_scores_as_the_clock_and_is_told_so(counting):
    model, clock = counting.row("model"), counting.row("clock, normalised")
    assert model.scores == pytest.approx(clock.scores, abs=0.05)
    assert all(abs(value) < 0.2 for value in model.beyond.values())
    assert any("adds nothing to the clock" in line for line in counting.sentences)


def test_what_looks_falls_to_chance_on_shuffled_frames(looking):
    plain, shuffled = looking.row("model").scores, looking.row("model: shuffled frames").scores
    assert plain["AP@5"] > 0.95
    # By chance as many neighbours have the label as frames have.
    assert shuffled["AP@5"] < 0.45
    assert abs(shuffled["tau"]) < 0.3 < plain["tau"]
    assert looking.row("model: one frozen frame").scores["AP@5"] < 0.45


def test_what_looks_does_as_well_on_reversed_frames_but_for_their_labels(looking):
    assert looking.row("model: reversed frames").scores["AP@5"] < 0.8


def test_what_looks_goes_beyond_the_clock_on_sub_clips_too(looking):
    clock = looking.row("clock, normalised: sub-clips").scores["AP@5"]
    assert looking.row("model: sub-clips").scores["AP@5"] > clock + 0.2
    assert looking.row("model").beyond["AP@5"] > 0.9
    assert not any("adds nothing" in line for line in looking.sentences)


def test_beyond_the_clock_is_measured_from_the_better_clock(looking):
    model = looking.row("model")
    clocks = [looking.row(f"clock, {kind}").scores for kind in ("normalised", "elapsed")]
    for metric in ("AP@5", "DTW accuracy"):
        best = max(each[metric] for each in clocks)
        assert model.beyond[metric] == pytest.approx((model.scores[metric] - best) / (1 - best))
    assert "tau" not in model.beyond


def test_of_an_error_beyond_the_clock_is_mirrored(phase_features, videos, labels):
    result = run(Looking(RANDOM), videos, labels, metrics=("progress_error",), controls=False)
    best = min(
        result.row(f"clock, {kind}").scores["progress error"] for kind in ("normalised", "elapsed")
    )
    model = result.row("model")
    assert model.beyond["progress error"] == pytest.approx(
        (best - model.scores["progress error"]) / best
    )


def test_tau_is_said_to_be_no_headline(looking):
    assert any(line.startswith("tau is no headline") for line in looking.sentences)
    assert looking.row("clock, normalised").scores["tau"] > 0.95


def test_intervals_hold_the_score_and_few_videos_are_said_to_be_few(looking):
    model = looking.row("model")
    for metric, value in model.scores.items():
        assert model.intervals[metric].low <= value <= model.intervals[metric].high
    assert any("4 scored videos the intervals are rough" in line for line in looking.sentences)


def test_two_models_are_compared_on_the_same_videos(phase_features, videos, labels):
    result = run(Looking(RANDOM), videos, labels, against=Counting(RANDOM), controls=False)
    comparison = next(each for each in result.comparisons if each.metric == "AP@5")
    assert comparison.winner == 0
    assert comparison.difference == pytest.approx(
        result.rows[0].scores["AP@5"] - result.rows[1].scores["AP@5"]
    )
    words = "model (1) is better than model (2) on AP@5 by"
    assert any(line.startswith(words) for line in result.sentences)
    same = run(Looking(RANDOM), videos, labels, against=Looking(RANDOM), controls=False)
    assert all(each.winner == -1 and each.difference == 0 for each in same.comparisons)


def test_the_first_of_several_models_is_compared_with_each_other_one(
    phase_features, videos, labels
):
    models = Looking(RANDOM), Counting(RANDOM), Looking(RANDOM)
    result = run(models[0], videos, labels, against=models[1:], controls=False)
    assert [row.kind for row in result.rows[:3]] == ["model", "against", "against"]
    pairs = [(each.first, each.second) for each in result.comparisons if each.metric == "AP@5"]
    assert pairs == [("model (1)", "model (2)"), ("model (1)", "model (3)")]
    alone = run(models[0], videos, labels, against=models[1], controls=False)
    assert [each.difference for each in alone.comparisons] == [
        each.difference for each in result.comparisons if each.second == "model (2)"
    ]


def test_another_model_may_have_several_seeds(phase_features, videos, labels):
    seeds = [Looking(RANDOM), Counting(RANDOM)]
    result = run(Looking(RANDOM), videos, labels, against=[seeds], controls=False)
    assert [row.name for row in result.rows[:2]] == ["model (1)", "model (2) (2 seeds)"]


def test_few_shot_scores_have_two_intervals(phase_features, videos, labels):
    protocol = replace(
        PROTOCOLS["carl"], metrics=("few_shot",), few_shot_k=(1, 5), episodes=3, stride=1
    )
    mixed = [replace(video, activity="ab"[k % 2]) for k, video in enumerate(videos)]
    result = run(Looking(RANDOM), mixed, labels, protocol=protocol, metrics=None, controls=False)
    model, clock = result.row("model"), result.row("clock, elapsed")
    assert set(model.margins) == set(model.intervals) == {"few-shot classification@1"}
    assert not clock.margins
    left_out = [line for line in result.sentences if "@5 of a, b is left out" in line]
    assert [line.rpartition(": ")[2] for line in left_out] == ["1"]


def test_across_views_is_scored_where_groups_tell_two_apart(phase_features, videos, labels):
    settings = {"protocol": "ae2", "metrics": ("retrieval",), "controls": False}
    blind = run(Looking(RANDOM), videos, labels, **settings)
    assert blind.metrics == ["AP@10 by rank"]
    assert any("do not tell two views apart" in line for line in blind.sentences)
    groups = ("ego", "exo", "exo", "ego")
    told = [replace(v, group=g) for v, g in zip(videos, groups, strict=True)]
    seen = run(Looking(RANDOM), told, labels, **settings)
    both = ["AP@10 by rank, ego to exo", "AP@10 by rank, exo to ego"]
    assert seen.metrics == ["AP@10 by rank", *both]
    assert seen.as_dict()["data"]["activities"][""]["views"] == {"ego": 2, "exo": 2}
    assert not any("views" in line for line in seen.sentences)


def test_cycles_are_said_to_be_no_headline(phase_features, videos, labels):
    result = run(Looking(RANDOM), videos, labels, metrics=("cycle_consistency",), controls=False)
    assert result.row("clock, normalised").scores["cycle, 2-way"] > 0.95
    assert result.row("model").beyond == {}
    assert any(line.startswith("cycle consistency is no headline") for line in result.sentences)


def test_several_models_are_seeds_of_one(phase_features, videos, labels):
    models = [Looking(RANDOM), Counting(RANDOM)]
    result = run(models, videos, labels, controls=False)
    apart = [run(each, videos, labels, controls=False).row("model").scores for each in models]
    row = result.rows[0]
    assert row.name == "model (2 seeds)"
    for metric, value in row.scores.items():
        both = [each[metric] for each in apart]
        assert value == pytest.approx(np.mean(both))
        assert row.spread[metric] == pytest.approx(np.std(both, ddof=1))


def test_activities_are_scored_apart_and_then_averaged(phase_features, videos, labels):
    mixed = [replace(video, activity="ab"[k % 2]) for k, video in enumerate(videos)]
    row = run(Looking(RANDOM), mixed, labels, controls=False).row("model")
    assert set(row.activities) == {"a", "b"}
    for metric, value in row.scores.items():
        assert value == pytest.approx(
            np.mean([scores[metric] for scores in row.activities.values()])
        )


def test_the_same_seed_gives_the_same_result(phase_features, videos, labels):
    one, same, other = (run(Looking(RANDOM), videos, labels, seed=seed) for seed in (1, 1, 2))
    assert one.as_dict() == same.as_dict()
    assert one.row("model").scores == other.row("model").scores
    shuffled = "model: shuffled frames"
    assert one.row(shuffled).scores != other.row(shuffled).scores


def test_everything_needed_to_do_it_again_is_in_the_result(looking):
    plain = looking.as_dict()
    assert plain["protocol"]["tau_variant"] == "b" and plain["protocol"]["sources"]["paper"]
    assert plain["models"][0]["digest"] and len(plain["data"]["digest"]) == 16
    assert plain["seed"] == 0 and plain["draws"] == 200
    assert {"inphase", "numpy", "torch"} <= plain["versions"].keys()
    assert plain["data"]["activities"][""]["scored"] == 4


def test_a_folder_of_runs_is_taken_as_seeds_of_one_model(phase_features, videos, labels, tmp_path):
    for name in ("a", "b"):
        Encoder(RANDOM, FrameLevelEncoder(8, FrameLevel(), frames=80)).save(tmp_path / name)
        write_csv(tmp_path / name / "videos.csv", videos[:3])
    result = run(tmp_path, videos, labels)
    assert result.rows[0].name == "a (2 seeds)"
    assert [each["source"] for each in result.models] == [str(tmp_path / name) for name in "ab"]
    assert "a was trained, without labels, on 3 of the 4 scored files" in result.sentences
    assert "a (2 seeds): untrained features" in [row.name for row in result.rows]
    assert max(result.rows[0].spread.values()) > 0


def test_what_is_not_there_is_refused(videos, labels):
    with pytest.raises(InputError, match="there is no model"):
        run([], videos, labels)
    with pytest.raises(InputError, match="there is no model nowhere"):
        run("nowhere", videos, labels)
    with pytest.raises(InputError, match="draws must be at least 1"):
        run("random", videos, labels, draws=0)


def test_what_learnt_from_labels_of_scored_videos_is_said_to_have(
    phase_features, videos, labels, tmp_path
):
    for name, config in (
        ("alone", {"method": {"name": "supervised"}}),
        ("added", {"method": {"name": "scl"}, "plus": [{"method": {"name": "supervised"}}]}),
    ):
        model = FrameLevelEncoder(8, FrameLevel(), frames=80)
        Encoder(RANDOM, model, config=config).save(tmp_path / name)
        write_csv(tmp_path / name / "videos.csv", videos[:3])
        result = run(tmp_path / name, videos, labels, controls=False)
        said = f"{name} was trained, with labels, on 3 of the 4 scored files"
        assert f"{said}: its scores say nothing of new videos" in result.sentences


def test_tracks_of_one_file_of_poses_are_different_videos(tmp_path):
    random, pose = np.random.default_rng(0), FrameFeatures(backbone="pose")
    tracks = [
        PoseTrack(
            tmp_path / "all.npz",
            fps=10,
            name=name,
            track=name,
            known_poses=Poses.of(random.normal(size=(9, 4, 2))),
        )
        for name in "abcd"
    ]
    known = {name: np.arange(9) // 3 for name in "abcd"}
    Encoder(pose, FrameLevelEncoder(14, FrameLevel(), frames=80)).save(tmp_path / "run")
    write_csv(tmp_path / "run" / "videos.csv", tracks[:2])
    new = run(tmp_path / "run", tracks[2:], known, metrics=("tau",), controls=False)
    assert not any("was trained" in line for line in new.sentences)
    half_new = run(tmp_path / "run", tracks[1:], known, metrics=("tau",), controls=False)
    assert "run was trained, without labels, on 1 of the 3 scored files" in half_new.sentences


def test_a_model_that_gives_nan_is_refused_by_name(phase_features, videos, labels):
    class Broken(Encoder):
        def encode(self, features, times):
            return np.full((len(times), 2), np.nan, np.float32)

    with pytest.raises(InputError, match="^model gives NaN"):
        run(Broken(RANDOM), videos, labels, metrics=("classification",))


@pytest.mark.parametrize("fact", ["method", "videos"])
def test_runs_of_several_models_in_a_folder_are_not_taken_for_seeds(fact, videos, labels, tmp_path):
    for name in ("bowl", "squat"):
        model = FrameLevelEncoder(8, FrameLevel(), frames=80)
        Encoder(RANDOM, model, config={fact: [name]}).save(tmp_path / name)
    with pytest.raises(InputError, match=f"no seeds of one model, as their {fact} differs"):
        run(tmp_path, videos, labels)
