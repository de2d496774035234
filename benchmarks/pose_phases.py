"""Which way a body moves in Penn Action's joints: the only phases that can be had without pictures.

Penn Action's own annotations have no phases. Each of these actions goes one way and back, in one
number that the joints tell; frames are labelled by the sign of its change. A label thus comes from
joints over time, and no single frame shows it.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int64

from inphase.data.poses import PoseTrack
from inphase.data.video import Video
from inphase.encoders.pose import filled

# Penn Action's order: head, then left and right of shoulders, elbows, wrists, hips, knees, ankles.
HEAD, SHOULDERS, ELBOWS, WRISTS, HIPS, KNEES, ANKLES = (
    0,
    (1, 2),
    (3, 4),
    (5, 6),
    (7, 8),
    (9, 10),
    (11, 12),
)
WIDTH = 5  # frames, half of the window of the smoothing
LEAST = 0.1  # of the largest change: slower frames go neither way

Joints = Float[np.ndarray, "t j 2"]


def _angle(joints: Joints, first: int, middle: int, last: int) -> Float[np.ndarray, " t"]:
    """How far a limb is bent, 0 for folded to pi for straight."""
    one, other = joints[:, first] - joints[:, middle], joints[:, last] - joints[:, middle]
    length = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.arccos(np.clip((one * other).sum(1) / np.maximum(length, 1e-6), -1, 1))


def _bent(
    a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]
) -> Callable[[Joints], Float[np.ndarray, " t"]]:
    return lambda joints: _mean([_angle(joints, a[k], b[k], c[k]) for k in (0, 1)])


def _mean(sides: list[Float[np.ndarray, " t"]]) -> Float[np.ndarray, " t"]:
    """Of both sides of the body, or of the one that is seen."""
    return np.mean([side for side in sides if np.isfinite(side).all()] or sides, axis=0)


def _raised(joints: Joints) -> Float[np.ndarray, " t"]:
    """Height of the wrists over the shoulders; y points down."""
    return _mean([joints[:, SHOULDERS[k], 1] - joints[:, WRISTS[k], 1] for k in (0, 1)])


ACTIONS: dict[str, Callable[[Joints], Float[np.ndarray, " t"]]] = {
    "squat": _bent(HIPS, KNEES, ANKLES),
    "pushup": _bent(SHOULDERS, ELBOWS, WRISTS),
    "pullup": _bent(SHOULDERS, ELBOWS, WRISTS),
    "jumping_jacks": _raised,
}


def direction(video: Video) -> Int64[np.ndarray, " t"]:
    """0 where the number falls, 1 where it rises, -1 where it hardly changes."""
    assert isinstance(video, PoseTrack)
    signal = ACTIONS[video.activity](filled(video.poses.keypoints[:, :, :2].astype(float)))
    if not np.isfinite(signal).all():  # a joint of it is never seen on either side
        return np.full(len(signal), -1, np.int64)
    window = np.hanning(2 * WIDTH + 3)[1:-1]
    padded = np.pad(signal, WIDTH, mode="edge")
    change = np.gradient(np.convolve(padded, window / window.sum(), mode="valid"))
    labels = np.where(change > 0, 1, 0)
    labels[np.abs(change) < LEAST * np.abs(change).max()] = -1
    return labels
