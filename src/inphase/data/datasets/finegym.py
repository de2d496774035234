"""FineGym: routines of gymnasts with their elements; 99 or 288 classes.

Of Shao et al. (FineGym, CVPR 2020). `finegym_annotation_info_v1.0.json` holds, by YouTube id, the
events (`E_002407_002435`) with `event` (1 vault, 2 floor exercise, 3 balance beam, 4 uneven bars),
`timestamps` in seconds of the video, and `segments`, elements (`A_0003_0005`) whose `timestamps`
count from the event's start: three stages for vaults and one for the rest; null where no element
was annotated. `gym99_train_element_v1.0.txt`, `gym99_val_element.txt` and those of gym288 give
`<id>_E_..._A_... <class>`; `gym99_categories.txt` names the classes.

As in CARL (Chen et al., CVPR 2022), a video is one event that has at least one element of the
split, cut at the event's boundaries: 3182 for training and 1442 for validation. Either whole
downloads (`<id>.mp4`) or CARL's cut ones (`<id>_E_....mp4`, or `<id>/E_....mp4`) are found.
CARL's labels count a vault's last stage only: `stages="last"`.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from inphase.data.datasets.dataset import Dataset, Missing, several
from inphase.data.datasets.media import videos_by_name
from inphase.data.label_files.delimited import read_text
from inphase.data.labels import Segments
from inphase.data.video import Video
from inphase.errors import InputError

URL = "https://sdolivia.github.io/FineGym/"
FILES_URL = f"{URL}resources/dataset/"
EVENTS = {1: "vault", 2: "floor exercise", 3: "balance beam", 4: "uneven bars"}
COUNTS = {"train": 3182, "val": 1442}
_FOLDERS = ("", "annotations")
_ELEMENT = re.compile(r"(.+)_(E_\d{6}_\d{6})_(A_\d{4}_\d{4})")
_CATEGORY = re.compile(r"Clabel:\s*(\d+);.*?;\s*(?:Glabel:\s*\d+;)?\s*(.*?)\s*")

Elements = dict[tuple[str, str], dict[str, int]]  # class of each element, by video and event


def is_here(root: Path) -> bool:
    """Whether a folder holds FineGym's annotations."""
    names = ("finegym_annotation_info_v*.json", "gym*_val_element.txt")
    return any(any((root / place).glob(name)) for place in _FOLDERS for name in names)


def load(
    root: Path,
    *,
    classes: Literal[99, 288] = 99,
    version: Literal["v1.0", "v1.1"] = "v1.0",
    stages: Literal["all", "last"] = "all",
) -> Dataset:
    """Read FineGym.

    Args:
        root: The folder with annotations and the videos below.
        classes: 99 or 288.
        version: Of the annotations and the training split; the papers use v1.0.
        stages: Whether an element of several stages is labelled from the first on, or its last.

    Raises:
        InputError: If a file is wrong; names the line.
    """
    files = {
        "annotations": f"finegym_annotation_info_{version}.json",
        "train": f"gym{classes}_train_element_{version}.txt",
        "val": f"gym{classes}_val_element.txt",
        "names": f"gym{classes}_categories.txt",
    }
    found = {what: _find(root, name) for what, name in files.items()}
    missing = [Missing(files[what], FILES_URL + files[what]) for what in files if not found[what]]
    annotations = _annotations(found["annotations"])
    names = _names(found["names"], classes)
    media = videos_by_name(root)
    videos, labels, notes, absent, unknown = [], {}, [], [], []
    seen: set[str] = set()
    for split in ("train", "val"):
        for (video, event), elements in _elements(found[split], len(names)).items():
            name = f"{video}_{event}"
            facts = annotations.get(video, {}).get(event)
            if facts is None:
                unknown.append(name)
            elif name in seen:
                notes.append(f"{name} is in both splits; it is kept in train")
            elif (placed := _video(media, video, event, facts, split)) is None:
                absent.append(name)
            else:
                seen.add(name)
                videos.append(placed)
                rows = _rows(facts, elements, names, stages, f"{found['annotations']}, {name}")
                labels[name] = Segments.of(rows).shifted(placed.start or 0.0)
    if absent:
        missing.append(Missing(f"videos of {several(absent, 'event')}", URL))
    if unknown and annotations:
        notes.append(f"in a split but not annotated: {several(unknown, 'event')}")
    return Dataset(f"FineGym{classes}", videos, labels, {"": names}, missing=missing, notes=notes)


def _find(root: Path, name: str) -> Path | None:
    return next((root / p / name for p in _FOLDERS if (root / p / name).is_file()), None)


def _annotations(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return json.loads(read_text(file))
    except json.JSONDecodeError as error:
        raise InputError(f"{file}, line {error.lineno}: is not JSON ({error.msg})") from None


def _names(file: Path | None, classes: int) -> tuple[str, ...]:
    """Names of the classes, each with its number, since some elements share a name."""
    if file is None:
        return tuple(str(number) for number in range(classes))
    found = {}
    for place, line in enumerate(read_text(file).splitlines(), 1):
        if not line.strip():
            continue
        match = _CATEGORY.fullmatch(line)
        if match is None:
            raise InputError(f"{file}, line {place}: expected `Clabel: 0; set: 1; Glabel: 1; name`")
        found[int(match[1])] = f"{match[1]} {match[2]}"
    if sorted(found) != list(range(len(found))):
        raise InputError(f"{file}: its {len(found)} classes are not numbered from 0 on")
    return tuple(found[number] for number in sorted(found))


def _elements(file: Path | None, classes: int) -> Elements:
    found: Elements = defaultdict(dict)
    for place, line in enumerate(read_text(file).splitlines() if file else (), 1):
        if not line.strip():
            continue
        name, _, number = line.strip().rpartition(" ")
        match = _ELEMENT.fullmatch(name)
        if match is None or not number.isdecimal():
            raise InputError(f"{file}, line {place}: expected `<id>_E_..._A_... <class>`")
        if int(number) >= classes:
            raise InputError(f"{file}, line {place}: class {number} is none of {classes}")
        found[match[1], match[2]][match[3]] = int(number)
    return found


def _video(
    media: dict[str, Path], video: str, event: str, facts: dict[str, Any], split: str
) -> Video | None:
    """Find an event as a file of its own, or as a part of the whole download."""
    name = f"{video}_{event}"
    activity = EVENTS.get(facts.get("event", 0), "")
    path = media.get(name) or media.get(f"{video}/{event}")
    start = end = None
    if path is None and (path := media.get(video)):
        start, end = (float(time) for time in facts["timestamps"][0])
    if path is None:
        return None
    return Video(path, start, end, name=name, activity=activity, group=video, split=split)


def _rows(
    facts: dict[str, Any],
    elements: dict[str, int],
    names: tuple[str, ...],
    stages: str,
    where: str,
) -> Iterator[tuple[float, float, str]]:
    """Yield the elements of an event, in seconds from its start."""
    segments = facts.get("segments") or {}
    for element, number in elements.items():
        try:
            times = segments[element]["timestamps"]
            start, end = times[-1 if stages == "last" else 0][0], times[-1][1]
            yield float(start), float(end), names[number]
        except (KeyError, IndexError, TypeError):
            raise InputError(f"{where}: has no times of element {element}") from None
