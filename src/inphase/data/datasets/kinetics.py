"""Kinetics: ten seconds each of YouTube videos of 400, 600 or 700 actions.

Of Kay et al. (The Kinetics Human Action Video Dataset, arXiv:1705.06950, 2017), Carreira et al.
(600: arXiv:1808.01340, 2018; 700: arXiv:1907.06987, 2019) and Smaira et al. (700-2020:
arXiv:2010.10864). The annotations are tables, one for each split, with the columns
`label,youtube_id,time_start,time_end,split`; some have others besides, and that of the test split
of 400 no label. Copies have clips as `<youtube_id>_<start>_<end>.mp4`, seconds in six digits, or as
`<youtube_id>.mp4`, in any folder; or no table at all, but folders `train`, `val` and `test` of
folders of classes, whose names have spaces or underscores. Underscores are read as spaces here, so
that either copy has the same classes (without the tables, apostrophes and brackets that a copy
took out stay out).

The addresses are those in torchvision's source; that they still answer could not be confirmed. Many
videos are gone from YouTube, so copies differ. The class is that of the whole clip: no phases.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from inphase.data.datasets.dataset import Dataset, Missing, several
from inphase.data.datasets.media import videos_by_name
from inphase.data.label_files.delimited import read_table, seconds
from inphase.data.sources import SUFFIXES
from inphase.data.video import Video, VideoError
from inphase.errors import InputError

URL = "https://github.com/cvdfoundation/kinetics-dataset"
ANNOTATIONS_URL = "https://s3.amazonaws.com/kinetics/<400, 600 or 700_2020>/annotations/<split>.csv"
VERSIONS = (400, 600, 700)
_COLUMNS = {"youtube_id", "time_start", "time_end"}
_TABLES = [f"{place}*{split}*.csv" for place in ("", "*/") for split in ("train", "val", "test")]
_SPLITS = {"train": "train", "val": "val", "validate": "val", "validation": "val", "test": "test"}
_SPLIT = re.compile(rf"(?:.*[\W_])?({'|'.join(_SPLITS)})(?:[\W_].*)?", re.IGNORECASE)
_CLIP = re.compile(r"([\w-]{11})_\d{6}_\d{6}")
_NAME = re.compile(r"(?:kinetics|k)[-_ ]?[467]00", re.IGNORECASE)
_ASKED = 5  # whole downloads are told from cut ones by so many files at most


@dataclass(frozen=True)
class _Clip:
    """A row of a table."""

    youtube: str
    start: float
    end: float
    activity: str
    split: str

    @property
    def name(self) -> str:
        """Of the file once it is cut."""
        return f"{self.youtube}_{int(self.start):06d}_{int(self.end):06d}"


def is_here(root: Path) -> bool:
    """Whether a folder holds Kinetics' tables, or its clips in folders of splits and classes."""
    if _tables(root):
        return True
    named = _NAME.search(root.absolute().name) is not None
    for split in sorted(root.glob("*/")):
        if _split(split.name):
            some = next((p for p in split.glob("*/*") if p.suffix.lower() in SUFFIXES), None)
            if some is not None and (named or _CLIP.fullmatch(some.stem)):
                return True
    return False


def load(root: Path, *, whole: bool | None = None) -> Dataset:
    """Read Kinetics.

    The group of a video is its YouTube id.

    Args:
        root: The folder with the tables, in it or right below, and the videos anywhere below; or
            with folders of splits.
        whole: Whether files named by the id alone are whole downloads, to be cut at the annotated
            times, or are cut already. If None, the files with the latest clips tell: what ends
            before its clip begins was cut.

    Raises:
        InputError: If a table is wrong; names the row.
    """
    media = {name: path for name, path in videos_by_name(root).items() if "/" not in name}
    tables = _tables(root)
    if not tables:
        return _from_folders(root, media)
    clips, notes = _listed(tables)
    bare = [c for c in clips.values() if c.name not in media and c.youtube in media]
    cut = not (_are_whole(bare, media) if whole is None else whole)
    videos: list[Video] = []
    absent: dict[str, list[str]] = defaultdict(list)
    for name, clip in clips.items():
        if name not in media and clip.youtube not in media:
            absent[clip.split].append(name)
            continue
        span = (None, None) if cut or name in media else (clip.start, clip.end)
        path = media.get(name) or media[clip.youtube]
        activity, group, split = clip.activity, clip.youtube, clip.split
        videos.append(Video(path, *span, name=name, activity=activity, group=group, split=split))
    counts = Counter(clip.split for clip in clips.values())
    missing = [
        Missing(f"{several(names, 'video')} of the {counts[split]} {split}".rstrip(), URL)
        for split, names in absent.items()
    ]
    if bare:
        taken = "cut already" if cut else "whole downloads, and cut at the annotated times"
        notes.append(f"{len(bare)} of the files are named by the id alone and taken to be {taken}")
    return Dataset(_name(clips.values()), videos, missing=missing, notes=notes)


def _tables(root: Path) -> list[Path]:
    """The tables with Kinetics' columns."""
    found = sorted({file for name in _TABLES for file in root.glob(name) if file.is_file()})
    return [file for file in found if _is_table(file)]


def _is_table(file: Path) -> bool:
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as text:
            header = text.readline(1000)
    except OSError:
        return False
    return {cell.strip().strip('"').lower() for cell in header.split(",")} >= _COLUMNS


def _listed(tables: Sequence[Path]) -> tuple[dict[str, _Clip], list[str]]:
    """Read all clips by name, and notes on them."""
    clips: dict[str, _Clip] = {}
    other: list[str] = []
    for clip in (clip for table in tables for clip in _rows(table)):
        if clips.setdefault(clip.name, clip) != clip:
            other.append(clip.name)
    if not other:
        return clips, []
    what = f"{several(other, 'clip')} listed again with another class or split"
    return clips, [f"{what}; the first counts"]


def _rows(table: Path) -> Iterator[_Clip]:
    """Yield the rows; the split is that of the column, or of the table's name."""
    named = _split(table.stem)
    for cells, where in read_table(table)[1]:
        youtube = cells.get("youtube_id", "")
        if not youtube:
            raise InputError(f"{where}: youtube_id is empty")
        start, end = (seconds(cells, column, where) for column in ("time_start", "time_end"))
        if not 0 <= start < end:
            raise InputError(f"{where}: the clip runs from {start:g} to {end:g} s")
        split = cells.get("split") or named
        if split and not _split(split):
            raise InputError(f"{where}: split is `{split}`, not one of {', '.join(_SPLITS)}")
        yield _Clip(youtube, start, end, cells.get("label", ""), _split(split))


def _split(text: str) -> str:
    """The split that a word is about, as `holdout_test` and `val_256` are; none if it is not."""
    named = _SPLIT.fullmatch(text)
    return _SPLITS[named[1].lower()] if named else ""


def _are_whole(clips: Sequence[_Clip], media: dict[str, Path]) -> bool:
    """Whether files named by the id alone last until their clips begin; one that opens tells."""
    for clip in sorted(clips, key=lambda clip: -clip.start)[:_ASKED]:
        try:
            return Video(media[clip.youtube]).duration > clip.start
        except VideoError:
            continue
    return True


def _from_folders(root: Path, media: dict[str, Path]) -> Dataset:
    """Read clips whose folders tell their class and, above it, their split."""
    videos, others = [], []
    for name, path in sorted(media.items()):
        *above, place = path.parent.relative_to(root).parts or ("",)
        split = next(filter(None, map(_split, above)), "")
        if not split:
            others.append(name)
            continue
        clip = _CLIP.fullmatch(name)
        group = clip[1] if clip else name
        activity = place.replace("_", " ")
        videos.append(Video(path, name=name, activity=activity, group=group, split=split))
    what = "train.csv, validate.csv and test.csv, without which no missing video can be named"
    missing = [Missing(what, ANNOTATIONS_URL)]
    notes = [f"{several(others, 'video')} left out: in no folder of a split"] if others else []
    return Dataset(_name(videos), videos, missing=missing, notes=notes)


def _name(those: Iterable[Video | _Clip]) -> str:
    count = len({each.activity for each in those} - {""})
    return f"Kinetics-{count}" if count in VERSIONS else "Kinetics"
