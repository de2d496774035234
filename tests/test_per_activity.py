"""A model for each activity, and how to go on where one stopped."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from inphase.batches import Sampler
from inphase.data.poses import Poses, PoseTrack
from inphase.encoders.architecture import FrameLevel
from inphase.errors import InputError, Interrupted
from inphase.methods import LAV, TCC
from inphase.per_activity import fit_per_activity
from inphase.settings import Settings

SMALL = FrameLevel(width=16, output=8, projection=8)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("INPHASE_CACHE", str(tmp_path / "cache"))


def tracks(activities: str = "aabb") -> list[PoseTrack]:
    points = np.random.default_rng(0).normal(size=(len(activities), 30, 4, 2)).cumsum(1)
    return [
        PoseTrack(
            Path(f"{k}.npz"), fps=10, activity=activity.strip(),
            known_poses=Poses.of(points[k].astype(np.float32)),
        )
        for k, activity in enumerate(activities)
    ]  # fmt: skip


def trained(out, videos=None, **changes):
    given = {"method": LAV(frames=8), "plus": [(TCC(), 0.1)], "architecture": SMALL, "views": 1}
    given |= {"settings": Settings(steps=4, batch=2), "device": "cpu", "progress": False}
    return fit_per_activity(videos or tracks(), out=out, **given | changes)


def test_each_is_in_a_folder_of_its_own(tmp_path):
    models = trained(tmp_path, tracks("aa  bb"))
    assert list(models) == ["a", "", "b"]
    for folder, names in (("a", ["0", "1"]), ("none", ["2", "3"]), ("b", ["4", "5"])):
        config = json.loads((tmp_path / folder / "config.json").read_text())
        assert config["videos"] == names


def test_those_not_begun_yet_go_on_with_the_settings_of_the_first(tmp_path, monkeypatch):
    whole = trained(tmp_path / "whole")
    drawn, draw = [], Sampler.__call__

    def draw_then_interrupt(*arguments):
        drawn.append(1)
        if len(drawn) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return draw(*arguments)

    monkeypatch.setattr(Sampler, "__call__", draw_then_interrupt)
    broken = tmp_path / "broken"
    with pytest.raises(Interrupted, match=f"--out {broken} --per-activity --resume"):
        trained(broken)
    monkeypatch.undo()
    monkeypatch.setenv("INPHASE_CACHE", str(tmp_path / "cache"))
    others = {"method": None, "plus": (), "architecture": None, "views": 4, "settings": None}
    resumed = trained(broken, resume=True, **others)
    for name, model in whole.items():
        for key, tensor in model.state_dict().items():
            torch.testing.assert_close(resumed[name].state_dict()[key], tensor, rtol=0, atol=0)
    again = trained(broken, resume=True)
    assert [each.digest for each in again.values()] == [each.digest for each in whole.values()]


@pytest.mark.parametrize(
    ("activities", "resume", "message"),
    [
        ("    ", False, "no video says which activity"),
        ("aab", False, "there is 1 of b"),
        ("aa ", False, "there is 1 of no activity"),
        ("aabb", True, "there is none to resume"),
    ],
)
def test_what_cannot_be_done_is_told(tmp_path, activities, resume, message):
    with pytest.raises(InputError, match=message):
        trained(tmp_path, tracks(activities), resume=resume)
