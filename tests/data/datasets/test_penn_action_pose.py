"""Penn Action's joints: actions, the official split, and what is absent."""

import json
from typing import Any

import numpy as np
import pytest

from inphase.data.collection import inspect
from inphase.data.datasets import load
from inphase.data.pose_files.skeletons import PENN_ACTION
from inphase.data.poses import PoseTrack
from inphase.errors import InputError


@pytest.fixture
def root(tmp_path):
    """Three videos, one of an action that the papers leave out."""
    points = np.random.default_rng(0).uniform(1, 200, (5, 13, 3))
    points[..., 2] = 1
    arrays: dict[str, Any] = {f"000{k}": points for k in (1, 2, 3)}
    arrays |= {f"000{k}_bbox": np.ones((5, 4)) for k in (1, 2, 3)}
    np.savez(tmp_path / "penn_action_pose.npz", **arrays)
    facts = {"0001": ("squat", True), "0002": ("squat", False), "0003": ("strum_guitar", True)}
    meta = {name: {"action": action, "train": train} for name, (action, train) in facts.items()}
    (tmp_path / "meta.json").write_text(json.dumps(meta))
    return tmp_path


def test_videos_have_their_action_and_official_split(root):
    data = load(root)
    assert [(v.name, v.activity, v.split) for v in data.videos] == [
        ("0001", "squat", "train"),
        ("0002", "squat", "val"),
    ]
    first = data.videos[0]
    assert isinstance(first, PoseTrack)
    assert first.poses.joints == PENN_ACTION
    assert (len(first), first.rate) == (5, pytest.approx(30))


def test_other_actions_are_there_for_the_asking(root):
    assert [v.name for v in load(root, actions=["strum_guitar"]).videos] == ["0003"]


def test_the_folder_is_recognised(root):
    report = inspect(root)
    assert [video.name for video in report.videos] == ["0001", "0002"]
    assert report.notes[0].startswith("Penn Action (poses): 1 train, 1 val videos")


def test_files_that_do_not_belong_together_are_told(root):
    meta = json.loads((root / "meta.json").read_text())
    (root / "meta.json").write_text(json.dumps(meta | {"0009": meta["0001"]}))
    with pytest.raises(InputError, match="lacks video 0009"):
        load(root)
    (root / "meta.json").write_text("{")
    with pytest.raises(InputError, match="meta.json: does not tell action and split"):
        load(root)


def test_the_real_set_is_whole(real_data):
    data = load(real_data / "penn_action_pose")
    assert len(data.videos) == 2150
    squats = [len(data.split(split, "squat")) for split in ("train", "val")]
    assert squats == [114, 117]
