"""Penn Action's 2D joints without its pictures: `penn_action_pose.npz` beside `meta.json`.

The joints are those annotated in Penn Action (Zhang, Zhu and Derpanis, From Actemes to Action,
ICCV 2013): 13 in every frame, with whether each is visible. The .npz has an array (T, 13, 3) of x,
y in pixels and visibility for each video, under its number, `0001`; the JSON says its `action` and
whether it is for training (`train`). There are no phases of frames: those of LAV are of the videos,
see `inphase.data.datasets.penn_action`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inphase.data.datasets.dataset import Dataset
from inphase.data.datasets.penn_action import ACTIONS, KEY_EVENTS
from inphase.data.pose_files import read_poses
from inphase.data.poses import PoseTrack
from inphase.data.video import Video
from inphase.errors import InputError

ARRAYS, FACTS = "penn_action_pose.npz", "meta.json"


def is_here(root: Path) -> bool:
    """Whether a folder holds both files."""
    return (root / ARRAYS).is_file() and (root / FACTS).is_file()


def load(root: Path, *, actions: Sequence[str] = ACTIONS, fps: float | int = 30) -> Dataset:
    """Read the poses; the official test set is called val, as the papers do.

    Args:
        root: The folder of the two files.
        actions: Which actions; the 13 that the papers use if not given.
        fps: How fast the frames are shown, which is not published.

    Raises:
        InputError: If the files cannot be read, or do not belong together.
    """
    facts, tracks = _facts(root / FACTS), read_poses(root / ARRAYS)
    videos: list[Video] = []
    for name in sorted(facts):
        action, train = facts[name]
        if action not in actions:
            continue
        if name not in tracks:
            raise InputError(f"{root / ARRAYS}: lacks video {name}, which {FACTS} names")
        videos.append(
            PoseTrack(
                root / ARRAYS,
                fps=fps,
                name=name,
                activity=action,
                split="train" if train else "val",
                track=name,
                known_poses=tracks[name],
            )
        )
    events = {action: KEY_EVENTS[action] for action in actions if action in KEY_EVENTS}
    return Dataset("Penn Action (poses)", videos, key_events=events)


def _facts(path: Path) -> dict[str, tuple[str, bool]]:
    try:
        read: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return {name: (str(each["action"]), bool(each["train"])) for name, each in read.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: does not tell action and split ({error!r})") from None
