"""Penn Action with LAV's labels, with .mat files alone, and from TFRecords."""

import json
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from inphase.data.collection import inspect
from inphase.data.datasets import load, penn_action
from inphase.errors import InputError


@pytest.fixture
def root(tmp_path, images):
    """Frames from 1 on; labels off by one both ways, below 0, without a phase; one unlabelled."""
    folder = tmp_path / "Penn_Action"
    for name, count in (("0001", 6), ("0002", 6), ("0003", 6), ("0500", 4)):
        images(folder / "frames" / name, count, first=1)
    labels = {
        "train/bowling/0001": [0, 0, 1, 1, 2, 2],
        "train/bowling/0002": [0, 0, 2, 2, 2],  # a frame too few, and no phase 1
        "val/bowling/0003": [-1, 0, 0, 1, 1, 2, 2],  # a frame too many, and one without a phase
        "val/squats/0777": [0, 1, 2, 3],  # no frames
    }
    for name, numbers in labels.items():
        file = folder / "penn_action_labels" / f"{name}.npy"
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, np.array(numbers, np.float64))
    # LAV's evaluation leaves a file of another kind beside
    np.save(folder / "penn_action_labels" / "val" / "bowling" / "bowling_val.npy", np.zeros(3))
    return folder


def test_videos_and_splits_are_those_labelled_under_the_official_names(root):
    dataset = load(root)
    assert [(v.name, v.activity, v.split) for v in dataset.videos] == [
        ("0001", "bowl", "train"),
        ("0002", "bowl", "train"),
        ("0003", "bowl", "val"),
    ]
    assert [len(video) for video in dataset.videos] == [6, 6, 6]


def test_labels_off_by_one_stay_in_place(root):
    dataset = load(root)
    assert [dataset.frame_labels(video).tolist() for video in dataset.videos] == [
        [0, 0, 1, 1, 2, 2],
        [0, 0, 2, 2, 2, 2],
        [-1, 0, 0, 1, 1, 2],
    ]
    assert any("2 videos (0002, 0003)" in note for note in dataset.notes)


def test_a_part_of_a_video_has_its_part_of_the_labels(root):
    dataset = load(root)
    part = replace(dataset.videos[0], start=2 / 30, end=5 / 30)
    assert dataset.frame_labels(part).tolist() == [1, 1, 2]


def test_a_phase_that_is_absent_is_no_segment_and_no_phase_is_none(root):
    dataset = load(root)
    _, without, late = dataset.videos
    assert [label for *_, label in dataset.segments(without)] == ["phase 0", "phase 2"]
    assert next(iter(dataset.segments(late)))[0] == pytest.approx(1 / 30)


def test_frames_that_are_absent_are_told_with_their_address(root):
    (missing,) = load(root).missing
    assert "0777" in missing.what
    assert missing.where == "http://dreamdragon.github.io/PennAction/"


def test_check_reads_the_frames_as_videos(root):
    report = inspect(root, fps=25)
    assert len(report.videos) == 3
    assert report.videos[0].rate == pytest.approx(25)
    assert any("missing" in note and "0777" in note for note in report.notes)
    assert "3 videos" in str(report)


def test_only_the_actions_asked_for(root):
    assert load(root, actions=["squat"]).videos == []


def test_labels_that_are_no_numbers_are_refused(root):
    np.save(root / "penn_action_labels" / "train" / "bowling" / "0001.npy", np.array([0.5, 1]))
    with pytest.raises(InputError, match="0001.npy: expected one whole number a frame"):
        load(root)


@pytest.fixture
def official(tmp_path, images):
    scipy_io = pytest.importorskip("scipy.io")
    folder = tmp_path / "penn"
    (folder / "labels").mkdir(parents=True)
    facts = (("0001", "bowl", 1), ("0002", "bowl", -1), ("0003", "strum_guitar", 1))
    for name, action, train in facts:
        images(folder / "frames" / name, 4, first=1)
        fields = {"action": action, "pose": "back", "train": train, "nframes": 4}
        scipy_io.savemat(folder / "labels" / f"{name}.mat", fields | {"x": np.zeros((4, 13))})
    return folder


def test_without_phases_the_split_is_the_official_one(official):
    dataset = load(official)
    assert [(v.name, v.activity, v.split) for v in dataset.videos] == [
        ("0001", "bowl", "train"),
        ("0002", "bowl", "val"),
    ]
    assert (dataset.frame_labels(dataset.videos[0]) == -1).all()
    assert [each.where for each in dataset.missing] == ["https://bit.ly/3f73e2w"]


def test_a_broken_mat_file_is_named(official):
    (official / "labels" / "0001.mat").write_bytes(b"not a mat file" * 40)
    with pytest.raises(InputError, match=r"0001\.mat: is no label of Penn Action"):
        load(official)


def test_without_scipy_only_mat_files_need_it(official, root, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    assert len(load(root).videos) == 3
    with pytest.raises(InputError, match=r"pip install 'inphase\[metrics\]'"):
        load(official)


def test_records_give_the_same_names_and_labels(tmp_path, pack):
    pack(
        tmp_path / "penn_action_train-0.tfrecord",
        ("0002_bowl", 3, [0, 1, 2]),
        ("0001_jump_rope", 3, [0, 0, 0]),
    )
    pack(tmp_path / "penn_action_val-0.tfrecord", ("0001_tennis_serve", 4, [0, 1, 2, 3]))
    dataset = load(tmp_path)
    assert [(v.name, v.activity, v.split) for v in dataset.videos] == [
        ("0001", "tennis_serve", "val"),
        ("0002", "bowl", "train"),
    ]
    assert dataset.frame_labels(dataset.videos[1]).tolist() == [0, 1, 2]
    assert dataset.missing == []


def test_every_action_has_a_phase_more_than_key_events():
    phases = {action: len(events) + 1 for action, events in penn_action.KEY_EVENTS.items()}
    assert phases == {  # as TCC's and CARL's code count them
        "baseball_pitch": 4, "baseball_swing": 3, "bench_press": 2, "bowl": 3,
        "clean_and_jerk": 6, "golf_swing": 3, "jumping_jacks": 4, "pullup": 2, "pushup": 2,
        "situp": 2, "squat": 4, "tennis_forehand": 3, "tennis_serve": 4,
    }  # fmt: skip
    assert np.sum(list(penn_action.COUNTS.values()), axis=0).tolist() == [1140, 966]


def test_actions_and_counts_fit_the_real_set(real_data):
    facts = json.loads((real_data / "penn_action_pose" / "meta.json").read_text())
    actions = Counter((each["action"], each["train"]) for each in facts.values())
    assert len(facts) == 2326
    # The papers leave some videos out, and none has more than there are.
    for action, (train, val) in penn_action.COUNTS.items():
        assert 0 <= actions[action, True] - train <= 17
        assert 0 <= actions[action, False] - val <= 11
    assert {action for action, _ in actions} - set(penn_action.ACTIONS) == {
        "jump_rope",
        "strum_guitar",
    }
