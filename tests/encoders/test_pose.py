"""Pose features: the same wherever the body is, however large it is, and whatever is hidden."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inphase.encoders.encoder import Encoder, FrameFeatures
from inphase.encoders.pose import PoseFeatures, filled, presence
from inphase.errors import InputError

RANDOM = np.random.default_rng(0)
POINTS = RANDOM.normal(size=(9, 5, 2))
NAMES = ("nose", "left_hip", "right_hip", "left_knee", "right_knee")


@given(
    scale=st.floats(0.01, 100),
    x=st.floats(-1e3, 1e3),
    y=st.floats(-1e3, 1e3),
    named=st.booleans(),
    axes=st.integers(2, 3),
)
def test_place_and_size_do_not_matter(scale, x, y, named, axes):
    joints = NAMES if named else ()
    points = np.random.default_rng(1).normal(size=(9, 5, axes))
    moved = scale * points + np.array([x, y, 0])[:axes]
    one, two = (PoseFeatures().normalise(each, joints) for each in (points, moved))
    np.testing.assert_allclose(one, two, atol=1e-3)


def test_where_the_body_goes_is_in_the_path_alone():
    moving = POINTS + np.arange(9)[:, None, None] * [3.0, 1.0]
    one, two = (PoseFeatures().normalise(each, NAMES) for each in (POINTS, moving))
    np.testing.assert_allclose(one[:, :-1], two[:, :-1], atol=1e-5)
    steps = np.diff(two[:, -1] - one[:, -1], axis=0)
    np.testing.assert_allclose(steps, steps[:1].repeat(8, 0), atol=1e-5)
    assert steps[0, 0] == pytest.approx(3 * steps[0, 1])
    np.testing.assert_allclose(np.median(two[:, -1], 0), 0, atol=1e-6)


def test_the_middle_of_the_hips_is_the_origin_or_else_that_of_all_joints():
    normalised = PoseFeatures().normalise(POINTS, NAMES)
    np.testing.assert_allclose(normalised[:, 1:3].mean(1), 0, atol=1e-6)
    np.testing.assert_allclose(PoseFeatures().normalise(POINTS)[:, :-1].mean(1), 0, atol=1e-6)


def test_the_median_body_has_size_1():
    normalised = PoseFeatures().normalise(7 * POINTS)[:, :-1]
    sizes = np.sqrt(np.square(normalised - normalised.mean(1, keepdims=True)).sum(2).mean(1))
    assert np.median(sizes) == pytest.approx(1)


def test_a_missing_joint_is_on_the_line_between_where_it_was_and_will_be():
    points = POINTS.copy()
    points[3:5, 2] = np.nan
    between = filled(points)[3:5, 2]
    np.testing.assert_allclose(between[0], (2 * POINTS[2, 2] + POINTS[5, 2]) / 3)
    np.testing.assert_allclose(between[1], (POINTS[2, 2] + 2 * POINTS[5, 2]) / 3)


def test_a_joint_stays_where_it_is_first_and_last_seen():
    points = POINTS.copy()
    points[:2, 1] = points[7:, 1] = np.nan
    np.testing.assert_allclose(filled(points)[[0, 1, 7, 8], 1], POINTS[[2, 2, 6, 6], 1])


def test_a_joint_never_seen_changes_nothing_of_the_others():
    points = np.concatenate([POINTS, np.full((9, 1, 2), np.nan)], 1)
    normalised = PoseFeatures().normalise(points)
    np.testing.assert_allclose(normalised[:, [0, 1, 2, 3, 4, 6]], PoseFeatures().normalise(POINTS))
    assert not normalised[:, 5].any()


def test_scores_are_0_where_a_joint_is_missing():
    points = POINTS.copy()
    points[3, 2] = np.nan
    expected = np.ones((9, 5))
    expected[3, 2] = 0
    np.testing.assert_array_equal(presence(points, None), expected)
    np.testing.assert_allclose(presence(points, np.full((9, 5), 0.5)), expected / 2)


def test_a_feature_is_places_and_score_of_each_joint_and_the_path():
    path = np.ones((9, 1, 2))
    features = PoseFeatures().features(np.concatenate([POINTS, path], 1), np.full((9, 5), 0.5))
    assert features.shape == (9, 17)
    np.testing.assert_allclose(features[2, 3:6], [*POINTS[2, 1], 0.5], rtol=1e-6)
    assert features[2, 15:].tolist() == [1, 1]


def test_still_poses_of_one_point_are_no_error():
    assert np.isfinite(PoseFeatures().normalise(np.ones((4, 5, 2)))).all()


def test_an_untrained_encoder_of_poses_has_a_name():
    encoder = Encoder.load("pose")
    assert encoder.frame_features == FrameFeatures(backbone="pose")
    assert isinstance(encoder.backbone, PoseFeatures)
    assert encoder.digest != Encoder.load("random").digest


def test_poses_of_other_joints_than_it_learned_from_are_refused():
    from inphase.encoders.architecture import FrameLevel
    from inphase.encoders.frame_level import FrameLevelEncoder

    temporal = FrameLevelEncoder(15, FrameLevel(width=16, layers=1, output=8))
    encoder = Encoder(FrameFeatures(backbone="pose"), temporal)
    assert encoder.encode(np.ones((4, 15)), np.arange(4.0)).shape == (4, 8)
    with pytest.raises(InputError, match="learned from 15 numbers a frame, not 39"):
        encoder.encode(np.ones((4, 39)), np.arange(4.0))
