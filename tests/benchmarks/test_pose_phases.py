"""Labels of Penn Action's joints: which way the body moves."""

from pathlib import Path

import numpy as np
import pytest

from inphase.data.poses import Poses, PoseTrack

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def phases(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import pose_phases  # pyright: ignore[reportMissingImports]

    return pose_phases


def squat(phases, frames: int = 61) -> PoseTrack:
    """Straight, down and up again: the knee's angle is a cosine of time."""
    angle = np.pi * (0.75 + 0.25 * np.cos(np.linspace(0, 2 * np.pi, frames)))
    joints = np.zeros((frames, 13, 2))
    for hip, ankle in zip(phases.HIPS, phases.ANKLES, strict=True):
        joints[:, ankle] = 0, 1
        joints[:, hip] = np.stack([np.sin(angle), np.cos(angle)], -1)
    poses = Poses.of(joints + 10, times=np.arange(frames) / 30)
    return PoseTrack(Path("squat.npz"), name="squat", activity="squat", known_poses=poses)


def test_a_squat_goes_down_then_up(phases):
    labels = phases.direction(squat(phases))
    assert set(labels[3:27]) == {0} and set(labels[34:-3]) == {1}


def test_where_nothing_moves_there_is_no_label(phases):
    assert phases.direction(squat(phases))[30] == -1
