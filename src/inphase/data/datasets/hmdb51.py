"""HMDB51: 6766 clips from films and the web of 51 actions, in three divisions.

Of Kuehne, Jhuang, Garrote, Poggio and Serre (HMDB, ICCV 2011): `<class>/<clip>.avi`, once the
archives inside hmdb51_org.rar are unpacked. `testTrainMulti_7030_splits` holds for each class and
fold a file, `brush_hair_test_split1.txt`, with lines `<clip>.avi 1`: 1 is train (70 a class), 2 is
test (30 a class), and 0 is neither, so that a fold has 3570 train and 1530 test clips. Those of 0
are left out here, as a video without a split would be trained on. Papers report fold 1, or the mean
of the three.

The class is that of the whole clip: there are no phases.
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from inphase.data.datasets.dataset import Dataset, Missing, several
from inphase.data.datasets.media import folder_with, videos_by_name
from inphase.data.label_files.delimited import read_text
from inphase.data.video import Video
from inphase.errors import InputError

URL = "https://serre-lab.clps.brown.edu/resource/hmdb-a-large-human-motion-database/"
LISTS_URL = "https://serre-lab.clps.brown.edu/wp-content/uploads/2013/10/test_train_splits.rar"
FOLDS = (1, 2, 3)
COUNTS = (3570, 1530)  # train, test of each fold
CLASSES = 51
_FOLDER = "testTrainMulti_7030_splits"
_LISTS = "*_test_split[123].txt"
_SPLITS = {"0": "", "1": "train", "2": "test"}


def is_here(root: Path) -> bool:
    """Whether a folder holds the lists of HMDB51, or its clips."""
    if folder_with(root, _LISTS) is not None:
        return True
    named = re.search(r"hmdb-?_?51", root.absolute().name, re.IGNORECASE) is not None
    beside = (root.absolute().parent / _FOLDER).is_dir()
    return (named or beside) and any(root.glob("brush_hair/*.avi"))


def load(root: Path, *, fold: int = 1) -> Dataset:
    """Read HMDB51.

    Args:
        root: The folder of the classes, with the lists in it or beside it, or one above both.
        fold: Which division into train and test, 1 to 3.

    Raises:
        InputError: If there is no such fold, or a list is wrong; names the line.
    """
    if fold not in FOLDS:
        raise InputError(f"HMDB51 has the folds 1, 2 and 3, not {fold}")
    folder = folder_with(root, _LISTS, beside=_FOLDER)
    ending = f"_test_split{fold}.txt"
    files = sorted(folder.glob(f"*{ending}")) if folder else []
    # A clip is known by its class, too: nothing says that names are unique over classes.
    media = {name: path for name, path in videos_by_name(root).items() if "/" in name}
    missing: list[Missing] = []
    notes: list[str] = []
    if files:
        clips: dict[str, str] = {}
        for file in files:
            clips |= dict(_listed(file, file.name.removesuffix(ending)))
        unused = [name for name, split in clips.items() if not split]
        clips = {name: split for name, split in clips.items() if split}
        if unused:
            notes.append(f"{several(unused, 'video')} left out: in neither split of fold {fold}")
    else:
        clips = dict.fromkeys(media, "")
        missing.append(Missing(f"{_FOLDER}/<class>{ending}", LISTS_URL))
    videos, absent = [], []
    for name, split in clips.items():
        if name in media:
            activity = name.partition("/")[0]
            videos.append(Video(media[name], name=name, activity=activity, split=split))
        else:
            absent.append(name)
    if absent:
        missing.append(Missing(f"{several(absent, 'video')} of the {len(clips)}", URL))
    if 0 < len(files) < CLASSES:
        what = f"the lists of {CLASSES - len(files)} of the {CLASSES} classes of fold {fold}"
        missing.append(Missing(what, LISTS_URL))
    name = f"HMDB51 (fold {fold})" if files else "HMDB51"
    return Dataset(name, videos, missing=missing, notes=notes)


def _listed(file: Path, activity: str) -> Iterator[tuple[str, str]]:
    """Yield the clips of a list, as `class/clip`, with their splits."""
    for place, line in enumerate(read_text(file).splitlines(), 1):
        if not line.strip():
            continue
        clip, _, number = line.strip().rpartition(" ")
        if number not in _SPLITS or not clip.strip().lower().endswith(".avi"):
            raise InputError(
                f"{file}, line {place}: expected `<clip>.avi` and 0, 1 or 2, not `{line.strip()}`"
            )
        yield f"{activity}/{PurePosixPath(clip.strip()).stem}", _SPLITS[number]
