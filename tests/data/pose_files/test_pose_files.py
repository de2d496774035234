"""Pose files: what estimators and their users write is read as they meant it."""

from pathlib import Path

import numpy as np
import pytest

from inphase.data.pose_files import read_poses
from inphase.data.pose_files.skeletons import MEDIAPIPE, PENN_ACTION
from inphase.data.video import VideoError

RANDOM = np.random.default_rng(0)
POINTS = RANDOM.uniform(-50, 300, (6, 4, 2)).astype(np.float32)


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def saved(path: Path, **arrays) -> Path:
    np.savez(path, **arrays)
    return path


def rows_of(table: np.ndarray, *, first: int = 0) -> list[str]:
    return [",".join(map(str, [first + k, *row])) for k, row in enumerate(table.tolist())]


def known(array: np.ndarray | None) -> np.ndarray:
    assert array is not None
    return array


# Arrays ------------------------------------------------------------------------------------------


def test_arrays_are_read_as_they_are(tmp_path):
    sure, times = RANDOM.uniform(0.1, 1, (6, 4)), np.cumsum(RANDOM.uniform(0.01, 0.1, 6))
    names = np.array(["nose", "tail", "left", "right"])
    path = saved(tmp_path / "a.npz", keypoints=POINTS, scores=sure, times=times, joints=names)
    poses = read_poses(path)[""]
    np.testing.assert_array_equal(poses.keypoints, POINTS)
    np.testing.assert_allclose(known(poses.scores), sure, rtol=1e-6)
    np.testing.assert_array_equal(poses.times, times)
    assert poses.joints == ("nose", "tail", "left", "right")


def test_a_frame_rate_gives_times_and_without_one_there_are_none(tmp_path):
    assert read_poses(saved(tmp_path / "a.npz", keypoints=POINTS))[""].times is None
    times = read_poses(saved(tmp_path / "b.npz", keypoints=POINTS, fps=20.0))[""].times
    np.testing.assert_allclose(known(times), np.arange(6) / 20)


@pytest.mark.parametrize("last, is_score", [(0.7, True), (0.0, True), (1.5, False), (-0.1, False)])
def test_a_third_column_within_0_and_1_is_a_score_and_else_an_axis(tmp_path, last, is_score):
    third = np.concatenate([POINTS, np.full((6, 4, 1), last)], 2)
    poses = read_poses(saved(tmp_path / "a.npz", keypoints=third))[""]
    assert poses.keypoints.shape[2] == (2 if is_score else 3)
    assert (poses.scores is not None) == is_score


def test_a_third_column_beside_scores_is_an_axis(tmp_path):
    third = np.concatenate([POINTS, np.full((6, 4, 1), 0.5)], 2)
    poses = read_poses(saved(tmp_path / "a.npz", keypoints=third, confidence=np.ones((6, 4))))[""]
    assert poses.keypoints.shape == (6, 4, 3)


def test_every_array_of_many_is_a_track_and_others_are_left_alone(tmp_path):
    fourth = np.concatenate([POINTS, np.ones((6, 4, 2))], 2)
    path = saved(tmp_path / "a.npz", one=POINTS, two=fourth[:3], one_bbox=np.ones((6, 4)))
    tracks = read_poses(path)
    assert list(tracks) == ["one", "two"]
    assert tracks["two"].keypoints.shape == (3, 4, 3)
    assert tracks["two"].scores is not None


def test_a_joint_at_the_origin_with_score_0_is_missing_but_a_hidden_one_elsewhere_is_not(tmp_path):
    points, sure = POINTS.copy(), np.ones((6, 4))
    points[2, 1], sure[2, 1], sure[3, 1] = 0, 0, 0
    poses = read_poses(saved(tmp_path / "a.npz", keypoints=points, scores=sure))[""]
    assert np.argwhere(np.isnan(poses.keypoints).any(2)).tolist() == [[2, 1]]


def test_in_penn_actions_joints_the_scaled_first_pixel_with_score_0_is_missing_too(tmp_path):
    track = np.ones((6, 13, 3), np.float32)
    track[..., :2] = np.random.default_rng(0).uniform(10, 300, (6, 13, 2))
    track[2, 1], track[3, 1], track[4, 1] = (0.75, 0.75, 0), (0.75, 0.75, 1), (120, 90, 0)
    arrays = {"0001": track}
    poses = read_poses(saved(tmp_path / "penn_action_pose.npz", **arrays))["0001"]
    assert np.argwhere(np.isnan(poses.keypoints).any(2)).tolist() == [[2, 1]]
    other = read_poses(saved(tmp_path / "other.npz", **arrays))[""]
    assert not np.isnan(other.keypoints).any()


@pytest.mark.parametrize(
    "arrays, message",
    [
        ({"keypoints": np.full((6, 4, 2), np.nan)}, "no joint is seen in any frame"),
        ({"keypoints": POINTS, "scores": np.ones((5, 4))}, r"scores are shaped \(5, 4\)"),
        ({"keypoints": POINTS, "times": np.zeros(6)}, "do not rise"),
        ({"keypoints": POINTS, "times": np.arange(5.0)}, "6 frames need as many times"),
        ({"keypoints": POINTS, "fps": 0.0}, "one number above 0"),
        ({"keypoints": POINTS, "joints": np.array(["a"])}, "1 joints are named, but there are 4"),
    ],
)
def test_arrays_that_do_not_fit_are_named_with_their_file(tmp_path, arrays, message):
    with pytest.raises(VideoError, match=f"a.npz: .*{message}"):
        read_poses(saved(tmp_path / "a.npz", **arrays))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"text"])
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(VideoError, match="a.npz: cannot be read as arrays"):
        read_poses(tmp_path / "a.npz")


def test_embeddings_are_no_poses(tmp_path):
    path = saved(tmp_path / "a.npz", values=np.ones((6, 4)), times=np.arange(6.0), video="a")
    assert read_poses(path) == {}


# DeepLabCut --------------------------------------------------------------------------------------

DLC = ("scorer,N,N,N,N,N,N", "bodyparts,nose,nose,nose,tail,tail,tail")
DLC += ("coords,x,y,likelihood,x,y,likelihood",)


def test_deeplabcut_gives_body_parts_and_what_is_unlikely_is_missing(tmp_path):
    path = written(tmp_path / "m.csv", *DLC, "0,1,2,.9,3,4,.99", "1,5,6,.59,7,8,1.0")
    poses = read_poses(path)[""]
    assert poses.joints == ("nose", "tail")
    expected = [[[1, 2], [3, 4]], [[np.nan, np.nan], [7, 8]]]
    np.testing.assert_array_equal(poses.keypoints, np.array(expected, np.float32))
    np.testing.assert_allclose(known(poses.scores), [[0.9, 0.99], [0, 1]], rtol=1e-6)
    assert poses.times is None and poses.numbers.tolist() == [0, 1]


def test_a_cut_of_a_video_keeps_its_frame_numbers(tmp_path):
    path = written(tmp_path / "m.csv", *DLC, "40,1,2,.9,3,4,.9", "43,5,6,.9,7,8,.9")
    assert read_poses(path)[""].numbers.tolist() == [40, 43]


def test_empty_cells_are_missing_joints(tmp_path):
    path = written(tmp_path / "m.csv", *DLC, "0,,,,3,4,.99", "1,5,6,.9,7,8,1.0")
    assert np.isnan(read_poses(path)[""].keypoints).any(2).tolist() == [[True, False]] + [
        [False] * 2
    ]


def test_every_animal_is_a_track_of_its_own(tmp_path):
    header = ["scorer", "individuals", "bodyparts", "coords"]
    for animal in ("m1", "m2", "single"):
        for part in ("nose", "tail")[: 1 if animal == "single" else 2]:
            for kind in ("x", "y", "likelihood"):
                header = [
                    a + f",{b}" for a, b in zip(header, ("N", animal, part, kind), strict=True)
                ]
    first = "0," + ",".join(f"{k},{k + 1},0.9" for k in range(5))
    tracks = read_poses(written(tmp_path / "m.csv", *header, first))
    assert list(tracks) == ["m1", "m2"]
    assert tracks["m2"].keypoints.tolist() == [[[2, 3], [3, 4]]]


def test_a_deeplabcut_header_that_is_cut_off_is_an_error_in_words(tmp_path):
    path = written(tmp_path / "a.csv", "scorer,n,n", "bodyparts,nose", "coords,x,y", "0,1,2")
    with pytest.raises(VideoError, match="rows are not as long as each other"):
        read_poses(path)


def test_deeplabcut_in_3d_has_no_likelihood(tmp_path):
    lines = ("scorer,N,N,N,N,N,N", "bodyparts,a,a,a,b,b,b", "coords,x,y,z,x,y,z", "0,1,2,3,4,5,6")
    poses = read_poses(written(tmp_path / "m.csv", *lines))[""]
    assert poses.keypoints.tolist() == [[[1, 2, 3], [4, 5, 6]]] and poses.scores is None


# Tables with a column for each number ------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    ["x_{j}", "x{j}", "{j}_x", "X_{j}", "landmark_{j}_x", "x_landmark_{j}", "x.{j}", "joint{j} x"],
)
def test_columns_are_recognised_however_joints_are_counted(tmp_path, form):
    swapped = "xX" if "X" in form else "xx"
    names = [
        form.format(j=j).replace(swapped[1], kind.upper() if swapped[1] == "X" else kind, 1)
        if not form.startswith(("landmark", "joint", "{"))
        else form.format(j=j)[:-1] + kind
        for j in range(4)
        for kind in "xy"
    ]
    path = written(tmp_path / "p.csv", ",".join(["frame", *names]), *rows_of(POINTS.reshape(6, 8)))
    poses = read_poses(path)[""]
    np.testing.assert_allclose(poses.keypoints, POINTS, rtol=1e-5)
    assert poses.joints == () and poses.scores is None


@pytest.mark.parametrize("form", ["{n}_{k}", "{n}.{k}", "{k}_{n}", "{n} {k}"])
def test_names_of_joints_are_kept(tmp_path, form):
    parts, kinds = ("NOSE", "LEFT_KNEE", "c_hip"), ("x", "y", "z", "visibility")
    names = [form.format(n=n, k=k) for n in parts for k in kinds]
    table = RANDOM.uniform(0, 1, (5, 12))
    poses = read_poses(written(tmp_path / "p.csv", ",".join(["id", *names]), *rows_of(table)))[""]
    assert poses.joints == ("nose", "left_knee", "c_hip")
    np.testing.assert_allclose(poses.keypoints, table.reshape(5, 3, 4)[..., :3], rtol=1e-5)
    np.testing.assert_allclose(known(poses.scores), table.reshape(5, 3, 4)[..., 3], rtol=1e-5)


def test_33_counted_joints_are_those_of_mediapipe(tmp_path):
    names = [f"{kind}{j}" for j in range(1, 34) for kind in "xyzv"]
    table = RANDOM.uniform(0, 1, (3, 132))
    path = written(tmp_path / "p.csv", ",".join(["frame", *names]), *rows_of(table, first=1))
    poses = read_poses(path)[""]
    assert poses.joints == MEDIAPIPE
    assert poses.numbers.tolist() == [0, 1, 2]  # counted from 1
    assert MEDIAPIPE[0] == "nose" and MEDIAPIPE[24] == "right_hip" and len(MEDIAPIPE) == 33


@pytest.mark.parametrize("column, unit", [("time", 1.0), ("timestamp_ms", 1000.0)])
def test_times_are_read_in_their_unit(tmp_path, column, unit):
    lines = [f"{column},x0,y0,x1,y1", *(f"{unit * t},1,2,3,4" for t in (0.5, 0.75, 1.5))]
    np.testing.assert_allclose(
        known(read_poses(written(tmp_path / "p.csv", *lines))[""].times), [0.5, 0.75, 1.5]
    )


@pytest.mark.parametrize(
    "lines",
    [
        ("video,start,end,label", "a.mp4,0,1,up"),
        ("video,x0,y0,x1,y1", "a.mp4,1,2,3,4"),
        ("frame,ball_x,ball_y", "0,1,2"),
        ("",),
    ],
)
def test_other_tables_are_no_poses(tmp_path, lines):
    assert read_poses(written(tmp_path / "p.csv", *lines)) == {}


@pytest.mark.parametrize(
    "lines, message",
    [
        (("frame,x0,y0,x1,y1", "0,1,2,3,4", "1,5,6,seven,8"), "line 3, column 4 is `seven`"),
        (("frame,x0,y0,x1,y1", "0,1,2,3"), "line 2, column 5 is `missing`"),
        (("frame,x0,y0,x1,y1", "0,1,2,3,4", "0,1,2,3,4"), "one person a file"),
        (("frame,x0,y0,x1,y1",), "has a header and no frame"),
        (DLC, "has a header and no frame"),
        (("scorer,a,a", "0,1,2"), "without rows `bodyparts` and `coords`"),
    ],
)
def test_what_is_wrong_with_a_table_is_told(tmp_path, lines, message):
    with pytest.raises(VideoError, match=f"p.csv: .*{message}"):
        read_poses(written(tmp_path / "p.csv", *lines))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(VideoError, match="a.csv: cannot be read"):
        read_poses(tmp_path / "a.csv")


def test_real_landmarks_of_golf_swings(real_data):
    poses = read_poses(real_data / "golf" / "swing1_labeled.csv")[""]
    assert poses.keypoints.shape == (155, 33, 3)
    assert poses.joints == MEDIAPIPE
    nose, ankle = (poses.joints.index(name) for name in ("nose", "left_ankle"))
    assert (poses.keypoints[:, nose, 1] < poses.keypoints[:, ankle, 1]).all()  # y points down


def test_real_joints_of_penn_action(real_data):
    tracks = read_poses(real_data / "penn_action_pose" / "penn_action_pose.npz")
    assert len(tracks) == 2326
    assert tracks["0001"].keypoints.shape == (151, 13, 2)
    assert tracks["0001"].joints == PENN_ACTION
