"""A CSV with a row a frame and columns like `x_0`, `x0`, `0_x`, `nose_x`, `NOSE.x` or `x_nose`.

So people save the landmarks of MediaPipe, which has no file format of its own. Other columns are
left alone but for the time, in seconds or milliseconds, and the frame's number.
"""

import re

import numpy as np

from inphase.data.opening import VideoError
from inphase.data.pose_files.skeletons import MEDIAPIPE
from inphase.data.pose_files.table import Rows, numbers
from inphase.data.poses import Poses

_SCORES = ("v", "vis", "visibility", "c", "conf", "confidence", "s", "score", "likelihood", "p")
_KIND = "|".join(sorted(("x", "y", "z", *_SCORES), key=len, reverse=True))
_PATTERNS = (
    re.compile(rf"(?P<kind>{_KIND})[ _.:-]*(?P<joint>\d+)"),
    re.compile(rf"(?P<joint>.+?)[ _.:-]+(?P<kind>{_KIND})"),
    re.compile(rf"(?P<kind>{_KIND})[ _.:-]+(?P<joint>.+)"),
)
_TIMES = {"time": 1.0, "time_s": 1.0, "seconds": 1.0, "timestamp": 1.0, "timestamp_s": 1.0}
_TIMES |= {"time_ms": 1e-3, "timestamp_ms": 1e-3, "milliseconds": 1e-3, "ms": 1e-3}
_FRAMES = re.compile(r"frame([ _-]?(number|num|no|id|idx|index))?")


def read(rows: Rows) -> dict[str, Poses]:
    """Read the places of all joints; nothing if the columns are not those of two joints or more.

    Axis z and scores count if every joint has them.

    Raises:
        VideoError: If cells are no numbers, or times or frame numbers do not rise.
    """
    if not rows:
        return {}
    names = [name.lower() for name in rows[0]]
    joints = _joints(names)
    if "video" in names or len(joints) < 2:
        return {}
    body = rows[1:]
    if not body:
        raise VideoError("has a header and no frame")
    every = list(joints.values())
    kinds = ["x", "y", *(kind for kind in ("z", "score") if all(kind in each for each in every))]
    places = [each[kind] for each in every for kind in kinds]
    values = numbers(body, places, 2).reshape(len(body), len(joints), len(kinds))
    scored = kinds[-1] == "score"
    points, scores = (values[..., :-1], values[..., -1]) if scored else (values, None)
    times, counted = _times(names, body), _numbers(names, body)
    return {"": Poses.of(points, scores, _named(list(joints)), times, counted)}


def _joints(names: list[str]) -> dict[str, dict[str, int]]:
    """Columns of each joint that has both x and y, by kind."""
    found: dict[str, dict[str, int]] = {}
    for place, name in enumerate(names):
        match = next((match for each in _PATTERNS if (match := each.fullmatch(name))), None)
        if match:
            kind = "score" if match["kind"] in _SCORES else match["kind"]
            found.setdefault(match["joint"], {})[kind] = place
    return {joint: each for joint, each in found.items() if {"x", "y"} <= each.keys()}


def _named(joints: list[str]) -> tuple[str, ...]:
    """Joints by name; numbers mean something if they are MediaPipe's 33."""
    if all(re.search(r"[^\W\d]", joint) for joint in joints) and not _counted(joints):
        return tuple(joints)
    return MEDIAPIPE if len(joints) == len(MEDIAPIPE) else ()


def _counted(joints: list[str]) -> bool:
    """Whether all share one word and differ by number alone, as `landmark_7`."""
    return len({re.sub(r"\d+", "", joint) for joint in joints}) == 1


def _times(names: list[str], rows: Rows) -> np.ndarray | None:
    place = next((k for k, name in enumerate(names) if name in _TIMES), None)
    return None if place is None else numbers(rows, [place], 2)[:, 0] * _TIMES[names[place]]


def _numbers(names: list[str], rows: Rows) -> np.ndarray | None:
    """Frame numbers from 0; those that start with 1 are taken to be counted from there."""
    place = next((k for k, name in enumerate(names) if _FRAMES.fullmatch(name)), None)
    if place is None:
        return None
    counted = numbers(rows, [place], 2)[:, 0]
    return counted - 1 if counted[0] == 1 else counted
