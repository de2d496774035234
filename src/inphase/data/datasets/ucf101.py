"""UCF101: 13 320 clips from YouTube of 101 actions, in three divisions into train and test.

Of Soomro, Zamir and Shah (UCF101, CRCV-TR-12-01, 2012): `UCF-101/<class>/v_<class>_g01_c01.avi`,
DivX with packed B-frames, where g is one of 25 groups of a class, clips of one source video, and c
the clip. `ucfTrainTestlist` holds `classInd.txt` (`1 ApplyEyeMakeup`) and, for each
fold, `trainlist01.txt` (`ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1`) and `testlist01.txt` (the
path alone). A group is never divided. Papers report fold 1, or the mean of the three.

The class is that of the whole clip: there are no phases.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from inphase.data.datasets.dataset import Dataset, Missing, several
from inphase.data.datasets.media import folder_with, videos_by_name
from inphase.data.label_files.delimited import read_text
from inphase.data.video import Video
from inphase.errors import InputError

URL = "https://www.crcv.ucf.edu/data/UCF101.php"
LISTS_URL = "https://www.crcv.ucf.edu/data/UCF101/UCF101TrainTestSplits-RecognitionTask.zip"
FOLDS = (1, 2, 3)
COUNTS = {1: (9537, 3783), 2: (9586, 3734), 3: (9624, 3696)}  # train, test
_FOLDER = "ucfTrainTestlist"
_LISTS = "t*list0[123].txt"
_CLIP = re.compile(r"v_\w+_(g\d+)_c\d+")
# The lists of UCF101-24, its part with boxes, name clips without `.avi`.
_LINE = re.compile(rf"(\w+)/({_CLIP.pattern})(?:\.avi)?(?:\s+(\d+))?")

Clips = dict[tuple[str, str], str]  # split by class and file


def is_here(root: Path) -> bool:
    """Whether a folder holds the lists of UCF101, or its clips."""
    if folder_with(root, _LISTS) is not None:
        return True
    named = re.search(r"ucf-?_?101", root.absolute().name, re.IGNORECASE) is not None
    beside = (root.absolute().parent / _FOLDER).is_dir()
    return (named or beside) and any(root.glob("*/v_*_g[0-9][0-9]_c[0-9][0-9].avi"))


def load(root: Path, *, fold: int = 1) -> Dataset:
    """Read UCF101.

    The group of a video is its class and its source video, as in `Archery_g07`.

    Args:
        root: The folder of the classes, with the lists in it or beside it, or one above both.
        fold: Which division into train and test, 1 to 3.

    Raises:
        InputError: If there is no such fold, or a list is wrong; names the line.
    """
    if fold not in FOLDS:
        raise InputError(f"UCF101 has the folds 1, 2 and 3, not {fold}")
    folder = folder_with(root, _LISTS, beside=_FOLDER)
    files = {split: f"{split}list{fold:02}.txt" for split in ("train", "test")}
    lacking = [each for each in files.values() if not (folder and (folder / each).is_file())]
    missing = [Missing(each, LISTS_URL) for each in lacking]
    # Some copies spell v_HandStandPushups with another case than their lists.
    media = {name.lower(): path for name, path in videos_by_name(root).items()}
    clips: Clips = {}
    if folder is not None:
        classes = _classes(folder / "classInd.txt")
        for split in files:
            if files[split] not in lacking:
                clips |= dict(_listed(folder / files[split], split, classes))
    listed = bool(clips)
    if not listed:
        paths = sorted(set(media.values()))
        clips = {(p.parent.name, p.stem): "" for p in paths if _CLIP.fullmatch(p.stem)}
    videos, absent = [], []
    for (activity, name), split in clips.items():
        path = media.get(f"{activity}/{name}".lower()) or media.get(name.lower())
        if path is None:
            absent.append(name)
            continue
        group = f"{activity}_{name.split('_')[-2]}"
        videos.append(Video(path, name=name, activity=activity, group=group, split=split))
    if absent:
        missing.append(Missing(f"{several(absent, 'video')} of the {len(clips)}", URL))
    name = f"UCF101 (fold {fold})" if listed else "UCF101"
    return Dataset(name, videos, missing=missing)


def _classes(file: Path) -> dict[int, str]:
    """Read the numbers of the classes; none if the file is not there."""
    found: dict[int, str] = {}
    for place, line in enumerate(read_text(file).splitlines() if file.is_file() else (), 1):
        number, _, name = line.strip().partition(" ")
        if not line.strip():
            continue
        if not number.isdecimal() or not name:
            raise InputError(f"{file}, line {place}: expected `1 ApplyEyeMakeup`, not `{line}`")
        found[int(number)] = name.strip()
    return found


def _listed(
    file: Path, split: str, classes: dict[int, str]
) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the clips of a list; a number behind a path, where there is one, must be its class."""
    for place, line in enumerate(read_text(file).splitlines(), 1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise InputError(
                f"{file}, line {place}: expected `ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi"
                f"{' 1' * (split == 'train')}`, not `{line.strip()}`"
            )
        activity, name, _, number = match.groups()
        if number and classes and classes.get(int(number), "").lower() != activity.lower():
            raise InputError(f"{file}, line {place}: class {number} is not {activity}")
        yield (activity, name), split
