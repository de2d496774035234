"""Keypoints as NumPy arrays in an .npz file: one track, or one array for each of many.

One track: `keypoints` (T, joints, 2 or 3), and if you like `scores` (T, joints), `times` (T,) in
seconds or `fps`, and `joints` (names). Many: every array (T, joints, 2 to 4) is a track, under its
own name; `fps` and `joints` are those of all.
"""

import zipfile
from pathlib import Path

import numpy as np

from inphase.data.opening import VideoError
from inphase.data.pose_files.skeletons import BY_FILE
from inphase.data.poses import Poses

_KEYPOINTS = ("keypoints", "poses", "pose", "landmarks", "keypoints_2d", "keypoints_3d")
_SCORES = ("scores", "confidence", "visibility", "likelihood")
_NAMES = ("joints", "names", "keypoint_names")

Arrays = dict[str, np.ndarray]


def read(path: Path) -> dict[str, Poses]:
    """Read the arrays of a file that are keypoints; nothing if none is.

    Without an array of scores, the last column is the score if there are four columns, or if there
    are three and all its numbers lie within 0 to 1; else it is z.

    Raises:
        VideoError: If the file cannot be read, or arrays do not fit each other.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise VideoError(f"{path}: cannot be read as arrays ({error})") from None
    if path.name in BY_FILE:
        arrays["joints"] = np.array(BY_FILE[path.name])
    tracks = {name: array for name, array in arrays.items() if _is_track(array)}
    if path.name in BY_FILE:
        tracks = {name: _without_corner(track) for name, track in tracks.items()}
    known = next((name for name in _KEYPOINTS if name in tracks), "")
    if known:
        scores = next((arrays[name] for name in _SCORES if name in arrays), None)
        return {"": _poses(arrays[known], scores, arrays)}
    found = {name: _poses(array, None, arrays) for name, array in tracks.items()}
    return {"": next(iter(found.values()))} if len(arrays) == 1 else found


def _is_track(array: np.ndarray) -> bool:
    numeric = np.issubdtype(array.dtype, np.number) and array.dtype.kind != "c"
    return numeric and array.ndim == 3 and array.size > 0 and 2 <= array.shape[2] <= 4


def _without_corner(track: np.ndarray) -> np.ndarray:
    """Put what nobody saw at the origin, which says that it is missing.

    Penn Action has it at the first pixel, (1, 1), which the published arrays scale with the
    pictures: 9 of 100 joints, a quarter of those of squats.
    """
    x, y, score = track[..., 0], track[..., 1], track[..., 2]
    return np.where(((score == 0) & (x == y) & (x <= 2))[..., None], 0, track)


def _poses(points: np.ndarray, scores: np.ndarray | None, arrays: Arrays) -> Poses:
    if scores is None and (points.shape[2] == 4 or _ends_in_scores(points)):
        points, scores = points[..., :-1], points[..., -1]
    names = next((arrays[name] for name in _NAMES if name in arrays), np.array([]))
    joints = tuple(str(name) for name in names.ravel())
    return Poses.of(points, scores, joints, _times(arrays, len(points)))


def _ends_in_scores(points: np.ndarray) -> bool:
    last = points[..., -1]
    return points.shape[2] == 3 and bool((np.isnan(last) | ((last >= 0) & (last <= 1))).all())


def _times(arrays: Arrays, count: int) -> np.ndarray | None:
    if "times" in arrays:
        return arrays["times"]
    if "fps" not in arrays:
        return None
    fps = float(arrays["fps"].ravel()[0]) if arrays["fps"].size == 1 else 0.0
    if not 0 < fps < float("inf"):
        raise VideoError(f"fps is {arrays['fps']}, but one number above 0 is needed")
    return np.arange(count) / fps
