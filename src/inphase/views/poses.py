"""Another look at the same pose: mirrored, turned, stretched and shaken; NumPy alone."""

import math
import re
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

_SIDES = {"left": "right", "right": "left", "l": "r", "r": "l"}
_WORDS = re.compile(r"(?<![a-z])(left|right|l|r)(?![a-z])")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[LR])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class PoseView:
    """What is done to every pose of a clip; by default nothing: the clean view.

    Attributes:
        mirror: Left and right swapped.
        turn: Rotation in the picture plane, in radians.
        yaw: Rotation about the upright axis, in radians; for poses with a third axis.
        scale: Factor on all places.
        stretch: Factor on the width, as a camera further to the side would have it.
        offset: Standard deviation of a displacement of each joint, the same in all frames, in units
            of the body's size.
        shake: Standard deviation of a displacement of each joint in each frame.
        seed: Of the displacements.
    """

    mirror: bool = False
    turn: float = 0.0
    yaw: float = 0.0
    scale: float = 1.0
    stretch: float = 1.0
    offset: float = 0.0
    shake: float = 0.0
    seed: int = 0


def draw_pose_view(seed: int) -> PoseView:
    """Draw a view; same seed, same view.

    Mirrored with probability .5; turned by U(-15, 15) degrees, by U(-30, 30) about the upright
    axis; scale U(.9, 1.1), width U(.7, 1.1); displacements of .05 and .02 of the body's size. No
    paper of the methods here learns from poses: these are our own choice.
    """
    random = np.random.default_rng(seed)
    return PoseView(
        mirror=bool(random.random() < 0.5),
        turn=math.radians(random.uniform(-15, 15)),
        yaw=math.radians(random.uniform(-30, 30)),
        scale=random.uniform(0.9, 1.1),
        stretch=random.uniform(0.7, 1.1),
        offset=0.05,
        shake=0.02,
        seed=seed,
    )


def apply_pose_view(
    keypoints: Float32[np.ndarray, "t joints axes"],
    scores: Float32[np.ndarray, "t joints"],
    view: PoseView,
    joints: tuple[str, ...] = (),
) -> tuple[Float32[np.ndarray, "t joints axes"], Float32[np.ndarray, "t joints"]]:
    """Make a view of normalised poses.

    Args:
        keypoints: Of one clip, with the body at the origin and of size 1.
        scores: Of each joint.
        view: As drawn.
        joints: Names, which tell what is left and what is right; without them, mirrored joints
            stay what they were.
    """
    if view.mirror:
        swap = mirrored(joints, keypoints.shape[1])
        keypoints, scores = keypoints[:, swap], scores[:, swap]
    axes = keypoints.shape[2]
    matrix = np.diag([-1.0 if view.mirror else 1.0, 1.0, 1.0])[:axes, :axes]
    matrix = _rotation(0, 1, view.turn, axes) @ matrix
    if axes == 3:
        matrix = _rotation(0, 2, view.yaw, axes) @ matrix
    matrix = view.scale * np.diag([view.stretch, 1.0, 1.0][:axes]) @ matrix
    random = np.random.default_rng(view.seed)
    moved = keypoints @ matrix.T
    moved += view.offset * random.standard_normal(keypoints.shape[1:])
    moved += view.shake * random.standard_normal(keypoints.shape)
    return moved.astype(np.float32), scores


def mirrored(joints: tuple[str, ...], count: int) -> Int64[np.ndarray, " joints"]:
    """Where each joint is in the mirror: `left_knee` and `right_knee` change places.

    Sides are told by the words left, right, l and r, set off by case or by anything but letters.
    """
    words = [_CAMEL.sub("_", name).lower() for name in joints]
    places = {name: place for place, name in enumerate(words)}
    other = [_WORDS.sub(lambda side: _SIDES[side[0]], name) for name in words]
    if len(places) < len(joints) or len(joints) != count:
        return np.arange(count)
    return np.array([places.get(name, k) for k, name in enumerate(other)], np.int64)


def _rotation(one: int, two: int, angle: float, axes: int) -> np.ndarray:
    matrix = np.eye(axes)
    matrix[[one, two], [one, two]] = math.cos(angle)
    matrix[one, two], matrix[two, one] = -math.sin(angle), math.sin(angle)
    return matrix
