"""Which videos are scored, which are learnt from, and in what order phases come."""

from dataclasses import replace

import numpy as np
import pytest

import inphase.evaluation.activities as module
from inphase.data.labels import Segments
from inphase.errors import InputError
from inphase.evaluation.activities import activities, order_of


def splits(videos, *names):
    return [replace(video, split=name) for video, name in zip(videos, names, strict=True)]


def test_without_splits_every_video_is_left_out_in_turn(videos, labels):
    (activity,) = activities(videos, labels)
    assert activity.folds == [
        ([1, 2, 3], [0]),
        ([0, 2, 3], [1]),
        ([0, 1, 3], [2]),
        ([0, 1, 2], [3]),
    ]
    assert "all ordered pairs" in activity.split and "left out in turn" in activity.split


def test_many_videos_are_left_out_several_at_a_time(videos, labels, monkeypatch):
    monkeypatch.setattr(module, "FOLDS", 2)
    (activity,) = activities(videos, labels)
    assert activity.folds == [([1, 3], [0, 2]), ([0, 2], [1, 3])]


@pytest.mark.parametrize("split", ["val", "test"])
def test_with_splits_train_is_learnt_from_and_the_others_are_scored(videos, labels, split):
    (activity,) = activities(splits(videos, split, "train", "", "train"), labels)
    assert activity.folds == [([1, 3], [0])] and activity.scored == [0]


def test_val_goes_before_test(videos, labels):
    (activity,) = activities(splits(videos, "val", "train", "test", "train"), labels)
    assert activity.scored == [0]


def test_activities_are_kept_apart(videos, labels):
    mixed = [replace(video, activity=str(k % 2)) for k, video in enumerate(videos)]
    assert [[v.name for v in each.videos] for each in activities(mixed, labels)] == [
        ["00", "02"],
        ["01", "03"],
    ]


def test_videos_without_a_label_are_left_out(videos, labels):
    some = {"00": labels["00"], "01": np.full_like(labels["01"], -1), "02": labels["02"]}
    (activity,) = activities(videos, some)
    assert [video.name for video in activity.videos] == ["00", "02"]


def test_segments_label_frames_even_if_their_times_were_rounded_up(videos):
    boundary = float(videos[0].times[7])
    rows = [(0.0, boundary + 0.0004, "before"), (boundary + 0.0004, 99.0, "after")]
    (activity,) = activities(videos[:1], {"00.mp4": Segments.of(rows)})
    assert activity.labels[0][6:8].tolist() == [0, 1]
    assert activity.phases == ("before", "after")


def test_phases_come_in_the_order_in_which_they_happen():
    late = Segments.of([(0, 1, "swing"), (1, 2, "follow")])
    whole = Segments.of([(0, 1, "address"), (1, 2, "swing"), (2, 3, "follow")])
    assert order_of([late, whole]) == ["address", "swing", "follow"]


def test_names_of_phases_may_be_given(videos):
    rows = {"00": Segments.of([(0, 1, "a"), (1, 9, "b")])}
    (activity,) = activities(videos[:1], rows, phases=("b", "a"))
    assert activity.labels[0][0] == 1


def test_names_of_phases_may_be_given_by_activity_or_for_all_others(videos):
    mixed = [replace(video, activity=str(k)) for k, video in enumerate(videos[:2])]
    rows = {name: Segments.of([(0, 1, "a"), (1, 9, "b")]) for name in ("00", "01")}
    first, second = activities(mixed, rows, phases={"0": ("a", "b"), "": ("b", "a")})
    assert first.phases == ("a", "b") and second.phases == ("b", "a")


def test_views_are_two_groups_of_videos(videos, labels):
    def views(*groups):
        grouped = [replace(v, group=g) for v, g in zip(videos, groups, strict=True)]
        return activities(grouped, labels)[0].views

    assert views("exo", "ego", "ego", "exo") == {"ego": [1, 2], "exo": [0, 3]}
    assert views("ego", "exo", "", "") == {"ego": [0], "exo": [1]}
    assert views("ego", "ego", "ego", "ego") == views("a", "b", "c", "a") == {}


def test_a_digest_tells_labels_apart(videos, labels):
    (one,) = activities(videos, labels)
    other_labels = labels | {"00": np.roll(labels["00"], 1)}
    (other,) = activities(videos, other_labels)
    (split,) = activities(splits(videos, "val", "train", "train", "train"), labels)
    grouped = [replace(v, group=g) for v, g in zip(videos, "abab", strict=True)]
    (views,) = activities(grouped, labels)
    assert len({one.digest, other.digest, split.digest, views.digest}) == 4


def test_labels_of_other_videos_and_of_other_lengths_are_refused(videos, labels):
    with pytest.raises(InputError, match="none of the 4 videos has labels"):
        activities(videos, {"elsewhere": labels["00"]})
    with pytest.raises(InputError, match="00 has 3 labels and"):
        activities(videos, {"00": np.zeros(3, np.int64)})
