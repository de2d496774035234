"""Views of poses: what mirrors, turns and shakes change, and what they leave alone."""

import math

import numpy as np
import pytest

from inphase.views.poses import PoseView, apply_pose_view, draw_pose_view, mirrored

RANDOM = np.random.default_rng(0)
POINTS = RANDOM.normal(size=(6, 4, 3)).astype(np.float32)
SCORES = RANDOM.uniform(size=(6, 4)).astype(np.float32)
NAMES = ("nose", "left_knee", "right_knee", "tail")


def seen(view: PoseView, points=POINTS, joints=()):
    return apply_pose_view(points, SCORES, view, joints)


def test_the_clean_view_changes_nothing():
    points, scores = seen(PoseView(), joints=NAMES)
    np.testing.assert_array_equal(points, POINTS)
    np.testing.assert_array_equal(scores, SCORES)


def test_the_mirror_swaps_sides_and_their_scores():
    points, scores = seen(PoseView(mirror=True), joints=NAMES)
    np.testing.assert_allclose(points[:, 1], POINTS[:, 2] * [-1, 1, 1])
    np.testing.assert_allclose(points[:, 0], POINTS[:, 0] * [-1, 1, 1])
    np.testing.assert_array_equal(scores[:, 1], SCORES[:, 2])


def test_a_mirror_of_a_mirror_is_the_pose_itself():
    once, scores = seen(PoseView(mirror=True), joints=NAMES)
    twice, _ = apply_pose_view(once, scores, PoseView(mirror=True), NAMES)
    np.testing.assert_allclose(twice, POINTS)


def test_turns_keep_distances_and_a_quarter_turn_sends_right_to_down():
    view = PoseView(turn=math.pi / 2, yaw=0.3)
    distances = [np.linalg.norm(p[:, 0] - p[:, 3], axis=1) for p in (POINTS, seen(view)[0])]
    np.testing.assert_allclose(*distances, rtol=1e-5)
    right = np.tile(np.array([[1, 0]], np.float32), (6, 4, 1))
    down = seen(PoseView(turn=math.pi / 2), right)[0]
    np.testing.assert_allclose(down[0, 0], [0, 1], atol=1e-6)


def test_flat_poses_cannot_turn_about_the_upright_axis():
    flat = np.ascontiguousarray(POINTS[..., :2])
    np.testing.assert_array_equal(seen(PoseView(yaw=1.0), flat)[0], flat)


def test_an_offset_is_the_same_in_all_frames_and_a_shake_is_not():
    moved = seen(PoseView(offset=0.1, seed=1))[0] - POINTS
    assert np.abs(moved).max() > 0.05
    np.testing.assert_allclose(moved, moved[:1].repeat(6, 0), atol=1e-6)
    shaken = seen(PoseView(shake=0.1, seed=1))[0] - POINTS
    assert shaken.std(0).min() > 0.02


def test_the_same_seed_draws_the_same_view_and_others_differ():
    assert draw_pose_view(5) == draw_pose_view(5)
    drawn = [draw_pose_view(seed) for seed in range(200)]
    assert len(set(drawn)) == 200
    assert 70 < sum(view.mirror for view in drawn) < 130
    np.testing.assert_array_equal(seen(drawn[0])[0], seen(drawn[0])[0])


@pytest.mark.parametrize(
    "names",
    [
        ("nose", "left_knee", "right_knee"),
        ("Nose", "L Knee", "R Knee"),
        ("nose", "LKnee", "RKnee"),
        ("nose", "kneeLeft", "kneeRight"),
        ("nose", "KNEE.L", "KNEE.R"),
        ("NOSE", "LEFT_KNEE", "RIGHT_KNEE"),
    ],
)
def test_sides_are_told_however_they_are_written(names):
    assert mirrored(names, 3).tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    "names", [(), ("nose", "tail", "ear"), ("left_knee", "nose", "right_hip"), ("l", "l", "r")]
)
def test_without_two_sides_nothing_is_swapped(names):
    assert mirrored(names, 3).tolist() == [0, 1, 2]
