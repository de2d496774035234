"""COIN: instructional videos of 180 tasks with their steps in seconds; six of them, as in VAVA.

Of Tang et al. (COIN, CVPR 2019): `COIN.json` is ActivityNet's JSON; each entry of `database` has
`class` (the task), `recipe_type`, `subset`, `start` and `end` of the part that shows the task, and
`annotation`, steps with `id`, `label` and `segment`. Videos are to be fetched from YouTube as
`videos/<recipe_type>/<id>.mp4`; any place below the folder will do.

The six activities, and a random split of each, 60 % for training, are of Liu et al. (VAVA, CVPR
2022, supplement 4). Its random numbers are not published, so the split is by a seed of ours. Not
confirmed: that the class of the hamster is spelt `CleanHamsterCage` (spelling is compared by
letters and digits alone), that the papers use whole videos, and that they count background.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inphase.data.datasets.dataset import Dataset, Missing, several
from inphase.data.datasets.media import videos_by_name
from inphase.data.label_files import activitynet
from inphase.data.labels import Segments
from inphase.data.video import Video
from inphase.errors import InputError

URL = "https://coin-dataset.github.io/"
ANNOTATIONS_URL = "https://github.com/coin-dataset/annotations"
ACTIVITIES = (
    "CleanHamsterCage",
    "MakeRJ45Cable",
    "ChangeMobilePhoneBattery",
    "AttendNBASkillsChallenge",
    "MakePaperWindMill",
    "ReplaceHardDisk",
)
BACKGROUND = "background"
TRAIN_SHARE = 0.6
_FILES = ("COIN.json", "annotations/COIN.json")


def is_here(root: Path) -> bool:
    """Whether a folder holds COIN's annotations."""
    return any((root / file).is_file() for file in _FILES)


def load(
    root: Path,
    *,
    activities: Sequence[str] = ACTIVITIES,
    seed: int | None = 0,
    background: bool = True,
    trimmed: bool = False,
) -> Dataset:
    """Read COIN.

    The split is drawn over all annotated videos of an activity, in the order of their names, so
    that it does not depend on which ones can still be downloaded.

    Args:
        root: The folder with COIN.json and the videos below.
        activities: Which tasks.
        seed: Of the split, 60 % train and the rest val; the published subsets if None, of which
            `validation` is called val.
        background: Whether what is in no step is a label of its own; else it has none.
        trimmed: Whether videos are cut to the part that shows the task.

    Raises:
        InputError: If the annotations are not there or wrong.
    """
    file = next((root / name for name in _FILES if (root / name).is_file()), None)
    if file is None:
        raise InputError(f"{root}: holds no COIN.json; it is published at {ANNOTATIONS_URL}")
    entries = activitynet.load(file)
    media = videos_by_name(root)
    videos, labels, phases, missing = [], {}, {}, []
    for activity in activities:
        names = sorted(n for n in entries if _same(_get(entries[n], "class"), activity))
        if not names:
            missing.append(Missing(f"annotations of {activity} in {file.name}", ANNOTATIONS_URL))
            continue
        steps = _steps([entries[name] for name in names])
        phases[activity] = (BACKGROUND, *steps) if background else steps
        splits = _splits(names, entries, seed)
        for name in names:
            if name in media:
                span = _span(entries[name]) if trimmed else (None, None)
                split = splits[name]
                videos.append(Video(media[name], *span, name=name, activity=activity, split=split))
                labels[name] = _segments(entries[name], f"{file}, video {name}", background)
        absent = [name for name in names if name not in media]
        if absent:
            what = f"{several(absent, 'video')} of the {len(names)} of {activity}"
            missing.append(Missing(what, _get(entries[absent[0]], "video_url") or URL))
    return Dataset("COIN", videos, labels, phases, missing=missing)


def _get(entry: Any, key: str) -> str:
    return str(entry.get(key, "")) if isinstance(entry, dict) else ""


def _same(one: str, other: str) -> bool:
    return re.sub(r"[\W_]", "", one).lower() == re.sub(r"[\W_]", "", other).lower()


def _steps(entries: list[Any]) -> tuple[str, ...]:
    """Names of the steps in the order of their ids."""
    found = {
        int(step["id"]): str(step["label"])
        for entry in entries
        for step in entry.get("annotation", [])
        if str(step.get("id", "")).isdecimal() and "label" in step
    }
    return tuple(dict.fromkeys(found[number] for number in sorted(found)))


def _splits(names: list[str], entries: dict[str, Any], seed: int | None) -> dict[str, str]:
    if seed is None:
        subsets = {"training": "train", "validation": "val", "testing": "val"}
        return {name: subsets.get(_get(entries[name], "subset"), "") for name in names}
    order = np.random.default_rng(seed).permutation(len(names))
    count = round(TRAIN_SHARE * len(names))
    return {names[k]: "train" if place < count else "val" for place, k in enumerate(order)}


def _span(entry: dict[str, Any]) -> tuple[float, float]:
    return float(entry["start"]), float(entry["end"])


def _segments(entry: Any, where: str, background: bool) -> Segments:
    try:
        steps = Segments.of(activitynet.annotations(entry, where))
        if not background:
            return steps
        return steps.filled(BACKGROUND, 0.0, float(entry.get("duration", 0)))
    except InputError as error:
        message = str(error)
        raise InputError(message if where in message else f"{where}: {message}") from None
