"""From a file, a folder, a list or a CSV to usable videos, and a report on the rest."""

import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from inphase.data.datasets.recognise import recognise
from inphase.data.digest import content_digest
from inphase.data.images import index_folder
from inphase.data.index import Index, index_file
from inphase.data.index_cache import IndexCache
from inphase.data.poses import PoseTrack
from inphase.data.report import Report, oddities, slow_motion
from inphase.data.sources import Source, list_videos, write_csv
from inphase.data.video import Video, VideoError
from inphase.errors import InputError

__all__ = ["Report", "Source", "find", "inspect", "write_csv"]

Key = tuple[Path, float | int | None]  # a path, and the frame rate of a folder of images
Item = TypeVar("Item")

# PyAV lets go of Python's lock while it reads, so threads do; more would only wait for the disk.
_THREADS = min(8, os.cpu_count() or 1)


def find(
    source: Source,
    *,
    fps: float | int | None = None,
    fold: int | None = None,
    strict: bool = False,
    cache: bool = True,
) -> list[Video]:
    """Find the usable videos at a source; see `inspect` for what counts.

    Args:
        source: A video file, a folder, a CSV, or a list of files and folders.
        fps: Frame rate for folders of images, and for poses without times.
        fold: Which division of UCF101 or HMDB51 into train and test, 1 to 3; the first if None.
        strict: Raise for the first unusable file instead of warning and going on.
        cache: Whether to remember and recall what was read from unchanged files.

    Raises:
        InputError: If there is nothing at the source, nothing usable, or its CSV is wrong.
        VideoError: If `strict` and a file cannot be used.
    """
    report = inspect(source, fps=fps, fold=fold, cache=cache)
    for path, reason in report.bad:
        if strict:
            raise VideoError(f"{path}: {reason}")
        warnings.warn(f"left out {path}: {reason}", stacklevel=2)
    if not report.videos:
        if not report.bad:
            raise InputError(f"{report.source}: no video to use; {'; '.join(report.notes)}")
        raise InputError(f"{report.source}: none of its {len(report.bad)} videos can be used")
    for video in {video.path: video for video in report.videos}.values():
        if video.index.note:
            warnings.warn(f"{video.path}: {video.index.note}", stacklevel=2)
    return report.videos


def inspect(
    source: Source,
    *,
    fps: float | int | None = None,
    fold: int | None = None,
    cache: bool = True,
) -> Report:
    """Look at every video of a source: what is usable, broken, odd, or likely slow motion.

    In a folder every file with a video's suffix counts, however deep; hidden ones do not. Folders
    `train`, `val` and `test` give the split, other folders the activity. Folders with nothing but
    images are one video each if `fps` is given. A CSV has columns
    `video[,start,end][,activity][,group][,split][,capture_fps]`, with files relative to it and
    seconds of file time; the same file may have several rows.

    In a folder without videos and images, files of poses count, see `inphase.data.pose_files`;
    `fps` is their frame rate if they tell no times. A CSV names one of several tracks in a file in
    the column `track`.

    Files are read in parallel, and what was read is remembered by path, length and time of change
    in a cache folder (`INPHASE_CACHE`, else `~/.cache/inphase`).

    A folder with a public data set in its published layout gives the videos of that set, with its
    activities and splits, and notes say what is missing and where it is published.

    Args:
        source: A video file, a folder, a CSV, or a list of files and folders.
        fps: Frame rate for folders of images, and for poses without times.
        fold: Which division of UCF101 or HMDB51 into train and test, 1 to 3; the first if None.
        cache: Whether to remember and recall what was read from unchanged files.

    Raises:
        InputError: If there is nothing at the source, its CSV is wrong, or there is no such fold.
    """
    listed, notes = _recognised(source, fps, fold) or list_videos(source, fps)
    indices = _read_indices(listed, cache)
    videos, bad = [], {}
    for video in listed:
        try:
            index = video.index if _is_known(video) else indices[video.path, video.fps]
            if isinstance(index, VideoError):
                raise index
            videos.append(_usable(replace(video, known=index)))
        except VideoError as error:
            reason = str(error).removeprefix(f"{video.path}: ")
            bad.setdefault((video.path, reason))
    name = str(source) if isinstance(source, str | Path) else f"{len(source)} paths"
    return Report(name, videos, list(bad), slow_motion(videos), oddities(videos), notes)


def _recognised(
    source: Source, fps: float | int | None, fold: int | None
) -> tuple[list[Video], list[str]] | None:
    """List the videos of a public data set, and notes on it, if the source is one."""
    if not isinstance(source, str | Path):
        if fold is not None:
            raise InputError("a list of paths has no folds: name the folder of the data set")
        return None
    found = recognise(source, fold=fold)
    if found is None:
        return None
    videos = [replace(v, fps=fps) if fps and v.fps else v for v in found.videos]
    missing = [f"missing: {each}" for each in found.missing]
    return videos, [found.summary, *missing, *found.notes]


def _is_known(video: Video) -> bool:
    """Whether there is no video file to index: it was before, or there are poses alone."""
    return video.known is not None or isinstance(video, PoseTrack)


def _usable(video: Video) -> Video:
    """Return the video if its interval holds a frame."""
    len(video)
    return video


def _read_indices(videos: Sequence[Video], cache: bool) -> dict[Key, Index | VideoError]:
    """Index each file once, from the cache where it can be; failures are returned, not raised."""
    found: dict[Key, Index | VideoError] = {}
    missing = list(dict.fromkeys((v.path, v.fps) for v in videos if not _is_known(v)))
    caches: dict[Path, IndexCache] = {}
    if cache:
        caches = {folder: IndexCache(folder) for folder in {path.parent for path, _ in missing}}
        recalled = {key: caches[key[0].parent].get(key[0]) for key in missing if key[1] is None}
        found |= {key: index for key, index in recalled.items() if index is not None}
        missing = [key for key in missing if key not in found]
    try:
        for key, index in _with_progress(_read_all(missing), len(missing)):
            found[key] = index
            if cache and isinstance(index, Index) and key[1] is None:
                caches[key[0].parent].put(key[0], index)
    finally:  # what was read stays known after Ctrl-C
        for folder in caches.values():
            folder.save()
    return found


def _read_all(keys: Sequence[Key]) -> Iterator[tuple[Key, Index | VideoError]]:
    with ThreadPoolExecutor(_THREADS) as pool:
        try:
            yield from zip(keys, pool.map(_read, keys), strict=True)
        finally:
            pool.shutdown(cancel_futures=True)


def _read(key: Key) -> Index | VideoError:
    path, fps = key
    try:
        index = index_folder(path, fps) if path.is_dir() else index_file(path)
        return replace(index, digest=content_digest(path))
    except VideoError as error:
        return error


def _with_progress(items: Iterator[Item], count: int) -> Iterator[Item]:
    """Pass items through, with a bar on a terminal once it takes over two seconds."""
    yield from tqdm(items, "reading videos", count, delay=2, leave=False, disable=None)
