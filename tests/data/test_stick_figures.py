"""Stick figures: bones by name, two colours, nothing of what is missing, one view for a track."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from inphase.data.pose_files.skeletons import MEDIAPIPE, PENN_ACTION
from inphase.data.stick_figures import COLOURS, SHORT_SIDE, StickFigure, bones

FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
COCO = (*FACE, *PENN_ACTION[1:])
OPENPOSE = (
    *("Nose", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist", "MidHip"),
    *("RHip", "RKnee", "RAnkle", "LHip", "LKnee", "LAnkle", "REye", "LEye", "REar", "LEar"),
    *("LBigToe", "LSmallToe", "LHeel", "RBigToe", "RSmallToe", "RHeel"),
)
LEG = ("left_hip", "left_knee", "left_ankle")


def track(*frames, joints=()) -> StickFigure:
    return StickFigure(np.array(frames, np.float32), joints)


def lit(picture) -> np.ndarray:
    return picture.any(2)


def like(picture, side) -> np.ndarray:
    """Which pixels have the colour of a side, edges left out."""
    return np.abs(picture.astype(int) - COLOURS[side]).max(2) < 30


@pytest.mark.parametrize("joints", [PENN_ACTION, COCO, MEDIAPIPE, OPENPOSE])
@pytest.mark.parametrize("side", ["left", "right"])
def test_limbs_of_known_skeletons_have_bones(joints, side):
    plain = [tuple(word.lower().replace("_", "") for word in bone) for bone in bones(joints)]
    start = side[0] if joints is OPENPOSE else side
    for chain in ("shoulder elbow wrist", "shoulder hip knee ankle"):
        parts = [start + part for part in chain.split()]
        assert set(zip(parts, parts[1:], strict=False)) <= set(plain)


def test_the_head_hangs_on_the_middle_of_the_shoulders_where_there_is_no_neck():
    assert ("head", "left_shoulder+right_shoulder") in bones(PENN_ACTION)
    assert ("nose", "left_shoulder+right_shoulder") in bones(COCO)
    assert ("Nose", "Neck") in bones(OPENPOSE) and ("Neck", "MidHip") in bones(OPENPOSE)


def test_every_known_skeleton_is_one_piece_but_for_the_face_of_mediapipe():
    for joints in (PENN_ACTION, COCO, OPENPOSE):
        joined = {joints[-1]}
        for _ in joints:
            for bone in bones(joints):
                words = {word for end in bone for word in end.split("+")}
                joined |= words if words & joined else set()
        assert joined == set(joints)


@pytest.mark.parametrize(
    "names",
    [("LHip", "LKnee"), ("left_hip", "left_knee"), ("lhip", "lknee"), ("HIP.L", "knee left")],
)
def test_names_are_known_in_many_spellings(names):
    assert bones(names) == [names]


def test_an_animal_seen_from_its_side_has_bones_too():
    assert bones(("hip", "knee", "ankle", "tail")) == [("hip", "knee"), ("knee", "ankle")]


def test_left_and_right_differ_and_the_middle_is_neither():
    joints = (*LEG, *(name.replace("left", "right") for name in LEG))
    pose = [[0, 0], [0, 5], [0, 10], [8, 0], [8, 5], [8, 10]]
    picture = track(pose, pose, joints=joints).draw(np.array(pose, np.float32), (200, 200))
    half = slice(0, 85), slice(115, 200)
    left, right = picture[:, half[0]], picture[:, half[1]]
    assert like(left, "left").any() and not like(left, "right").any()
    assert like(right, "right").any() and not like(right, "left").any()
    assert like(picture[:, 90:110], "").any()
    assert not lit(picture[60:, 90:110]).any()


def test_a_bone_is_the_line_that_pillow_draws():
    pose = np.array([[0, 0], [10, 4]], np.float32)
    figure = track(pose, joints=("left_hip", "left_knee"))
    drawn = lit(figure.draw(pose, (400, 600)))
    rows, columns = np.nonzero(drawn)
    thick = int(np.count_nonzero(drawn[:, 300]))
    ends = [(columns.min() + 6, rows.min() + 6), (columns.max() - 6, rows.max() - 6)]
    image = Image.new("1", (600, 400))
    ImageDraw.Draw(image).line(ends, 1, thick)
    line = np.asarray(image)
    assert np.count_nonzero(line & drawn) > 0.9 * np.count_nonzero(line)
    slope = (rows.max() - rows.min()) / (columns.max() - columns.min())
    assert slope == pytest.approx(0.4, abs=0.03)


def test_edges_are_smooth():
    pose = np.array([[0, 0], [10, 4]], np.float32)
    picture = track(pose, joints=("left_hip", "left_knee")).draw(pose, (200, 300))
    assert len(np.unique(picture[..., 0])) > 20


def test_joints_without_known_names_are_dots():
    pose = np.array([[0, 0], [10, 10]], np.float32)
    picture = track(pose).draw(pose, (200, 200))
    assert lit(picture)[:60, :60].any() and lit(picture)[140:, 140:].any()
    assert not lit(picture)[80:120, 80:120].any()


def test_what_is_missing_is_left_out_with_its_bones():
    pose = np.array([[0, 0], [0, 5], [0, 10]], np.float32)
    lost = pose.copy()
    lost[1] = np.nan
    figure = track(pose, pose, joints=LEG)
    assert lit(figure.draw(pose, (200, 100)))[100].any()
    picture = figure.draw(lost, (200, 100))
    assert not lit(picture)[60:140].any()
    assert lit(picture)[:60].any() and lit(picture)[140:].any()


def test_a_frame_without_joints_is_empty():
    pose = np.array([[0, 0], [1, 2]], np.float32)
    figure = track(pose, pose * np.nan)
    assert not figure.draw(pose * np.nan, figure.size).any()


def test_y_points_down_and_a_third_axis_is_not_shown():
    pose = np.array([[0, 0, 5], [0, 10, -7]], np.float32)
    low = pose.copy()
    low[0] = np.nan
    assert lit(track(pose).draw(low, (100, 100)))[50:].any()
    assert not lit(track(pose).draw(low, (100, 100)))[:50].any()


def test_the_view_is_that_of_the_whole_track():
    frames = [np.array([[x, 0], [x, 10]], np.float32) for x in range(11)]
    figure = track(*frames)
    middles = [np.nonzero(lit(figure.draw(pose, (100, 120))))[1].mean() for pose in frames]
    np.testing.assert_allclose(np.diff(middles), np.diff(middles)[0], atol=0.6)
    assert middles[0] < 40 and middles[-1] > 80
    assert figure.size[0] == figure.size[1] == SHORT_SIDE


def test_one_stray_frame_does_not_shrink_the_figure():
    pose = np.array([[0, 0], [5, 10]], np.float32)
    stray = np.array([[0, 0], [5, 1e6]], np.float32)
    steady = track(*[pose] * 40).draw(pose, (200, 100))
    figure = track(*[pose] * 40, stray)
    np.testing.assert_array_equal(figure.draw(pose, (200, 100)), steady)
    figure.draw(stray, (200, 100))


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e4])
def test_pictures_do_not_depend_on_unit_and_place(unit):
    pose = np.array([[0, 0], [2, 7], [4, 10]], np.float32)
    moved = pose * np.float32(unit) + np.float32(50 * unit)
    one, other = (track(each, joints=LEG).draw(each, (90, 70)) for each in (pose, moved))
    np.testing.assert_allclose(one.astype(int), other, atol=2)


@pytest.mark.parametrize("extent, size", [((1, 50), (2, 1)), ((50, 1), (1, 2))])
def test_pictures_are_at_most_twice_as_long_as_wide(extent, size):
    pose = np.array([[0, 0], extent], np.float32)
    assert track(pose).size == tuple(SHORT_SIDE * side for side in size)


def test_a_single_dot_that_never_moves_is_in_the_middle():
    pose = np.array([[7, 7]], np.float32)
    rows, columns = np.nonzero(lit(track(pose, pose).draw(pose, (101, 101))))
    assert (rows.mean(), columns.mean()) == pytest.approx((50, 50))


def test_in_a_picture_of_another_shape_the_figure_keeps_its_own():
    pose = np.array([[0, 0], [10, 0], [10, 10]], np.float32)
    rows, columns = np.nonzero(lit(track(pose).draw(pose, (100, 300))))
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=1)
