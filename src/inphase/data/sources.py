"""What a user can point at (a file, a folder, a list, a CSV) -> the videos it names, unread."""

import csv
import io
import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from inphase.data.images import is_image, natural_key
from inphase.data.opening import VideoError
from inphase.data.pose_files import SUFFIXES as POSE_SUFFIXES
from inphase.data.pose_files import read_poses
from inphase.data.poses import PoseTrack, tracks_of
from inphase.data.video import Video
from inphase.errors import InputError
from inphase.files import atomic

Source = str | Path | Sequence[str | Path | Video]

# fmt: off
SUFFIXES = frozenset({
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".gif", ".mpg", ".mpeg", ".ts", ".mts",
    ".m2ts", ".wmv", ".flv", ".3gp", ".ogv",
})
# fmt: on
SPLITS = ("train", "val", "test")
_COLUMNS = "video[,start,end][,activity][,group][,split][,capture_fps]"


def list_videos(source: Source, fps: float | int | None = None) -> tuple[list[Video], list[str]]:
    """List the videos that a source names, without opening any.

    Files of poses, in a folder without videos, are read: only so are they told from others.

    Args:
        source: A video file, a folder, a CSV, or a list of files and folders.
        fps: Frame rate for folders of images and poses without times.

    Returns:
        The videos, and notes on what was left out.

    Raises:
        InputError: If there is no such source, it names no video, or the CSV is wrong.
    """
    if not isinstance(source, str | Path):
        return _from_list(source, fps)
    path = Path(source)
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder")
    if path.is_dir():
        return _from_folder(path, fps)
    tracks = _from_poses(path, fps)
    if tracks:
        return tracks, []
    if path.suffix.lower() in (".csv", ".tsv"):
        return _from_csv(path, fps), []
    return [Video(path)], []


def _from_poses(path: Path, fps: float | int | None) -> list[Video]:
    """Read the tracks of a file, if it holds poses."""
    if path.suffix.lower() not in POSE_SUFFIXES:
        return []
    return tracks_of(path, read_poses(path), fps)


def _from_list(
    items: Sequence[str | Path | Video], fps: float | int | None
) -> tuple[list[Video], list[str]]:
    videos, notes = [], []
    for item in items:
        if isinstance(item, Video):
            videos.append(item)
        elif Path(item).is_dir():
            found, left_out = _from_folder(Path(item), fps)
            videos += found
            notes += left_out
        else:
            # A file that is missing is one bad video among many, not a reason to stop.
            path = Path(item)
            videos += (path.is_file() and _from_poses(path, fps)) or [Video(path)]
    if not videos:
        raise InputError("an empty list of videos was given; give at least one")
    if len({video.name for video in videos}) < len(videos):
        together = os.path.commonpath([video.path.absolute().parent for video in videos])
        videos = _named(videos, Path(together))
    return videos, notes


def _from_folder(folder: Path, fps: float | int | None) -> tuple[list[Video], list[str]]:
    videos, images, others = [], [], 0
    tables: dict[Path, tuple[str, ...]] = {}  # files that may hold poses
    closed: list[OSError] = []
    for place, files, is_leaf in _walk(folder, closed.append):
        movies = [file for file in files if file.suffix.lower() in SUFFIXES]
        pictures = [file for file in files if is_image(file)]
        others += len(files) - len(movies) - len(pictures)
        parts = place.relative_to(folder).parts
        tables |= {file: parts for file in files if file.suffix.lower() in POSE_SUFFIXES}
        if movies:
            videos += [_placed(Video(file), parts) for file in movies]
        elif pictures and is_leaf:
            images.append(place)
            if fps is not None:
                videos.append(_placed(Video(place, fps=fps), parts[:-1]))
    unused = f"{len(images)} folder{'s' * (len(images) > 1)} of images"
    notes = [f"{error.filename} cannot be opened: {error.strerror}" for error in closed]
    if not videos and not images:
        videos, wrong = _from_tables(tables, fps)
        notes += wrong
    if not videos and notes:
        raise InputError(f"{folder}: no videos found; {notes[0]}")
    if not videos and images:
        raise InputError(f"{folder}: no videos, but {unused}: give their frame rate with --fps")
    if not videos:
        among = f" among {others} other files" if others else ""
        raise InputError(
            f"{folder}: no videos found{among}; looked in it and below for "
            f"{' '.join(sorted(SUFFIXES))}, for folders of images, and for poses in "
            f"{' '.join(sorted(POSE_SUFFIXES))}"
        )
    if images and not fps:
        notes.append(f"{unused} left out ({images[0]}): pass --fps")
    return _named(videos, folder), notes


def _from_tables(
    tables: dict[Path, tuple[str, ...]], fps: float | int | None
) -> tuple[list[Video], list[str]]:
    """Read the tracks of those files that hold poses; the notes are on those that should."""
    videos, notes = [], []
    for path, parts in tables.items():
        try:
            videos += [_placed(track, parts) for track in _from_poses(path, fps)]
        except VideoError as error:
            notes.append(str(error))
    return videos, notes


def _walk(
    folder: Path, closed: Callable[[OSError], None]
) -> Iterator[tuple[Path, list[Path], bool]]:
    """Yield each folder below, its files in natural order, and whether it has no sub-folders."""
    seen = set()
    for place, folders, names in os.walk(folder, onerror=closed, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:  # a link that leads back up
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted((f for f in folders if not f.startswith(".")), key=natural_key)
        visible = sorted((n for n in names if not n.startswith(".")), key=natural_key)
        yield Path(place), [Path(place, name) for name in visible], not folders


def _placed(video: Video, parts: tuple[str, ...]) -> Video:
    """Read the split and the activity off the folders that lead to a video."""
    split = next((part.lower() for part in parts if part.lower() in SPLITS), "")
    activity = "/".join(part for part in parts if part.lower() not in SPLITS)
    return replace(video, split=split, activity=activity)


def _named(videos: list[Video], folder: Path) -> list[Video]:
    """Name videos by their place below a folder: no suffix, unless two would share the name.

    Several parts of one file are numbered: `cycles#1`, `cycles#2`.
    """
    # Only the words of a path count here: a link's name is its own.
    top = folder.absolute()
    places = [_place(video, top) for video in videos]
    files = dict(zip(places, videos, strict=True))
    bare = Counter(_bare(place, video) for place, video in files.items())
    parts, numbers, named = Counter(places), Counter(), []
    for place, video in zip(places, videos, strict=True):
        name = _bare(place, video)
        name = place.as_posix() if bare[name] > 1 else name
        numbers[place] += 1
        number = f"#{numbers[place]}" if parts[place] > 1 else ""
        named.append(replace(video, name=name + number))
    return named


def _place(video: Video, top: Path) -> Path:
    """Where a video is below a folder; tracks are below their file."""
    place = Path(os.path.relpath(video.path.absolute(), top))
    track = video.track if isinstance(video, PoseTrack) else ""
    return place.with_suffix("") / track if track else place


def _bare(place: Path, video: Video) -> str:
    if place == Path("."):  # the folder itself is the video
        return video.path.absolute().name
    whole = video.track if isinstance(video, PoseTrack) else video.fps
    return place.as_posix() if whole else place.with_suffix("").as_posix()


def _from_csv(path: Path, fps: float | int | None) -> list[Video]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a CSV ({error})") from None
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    reader.fieldnames = [(name or "").strip().lower() for name in reader.fieldnames or []]
    if "video" not in reader.fieldnames:
        raise InputError(
            f"{path}: has no column `video` but {', '.join(reader.fieldnames) or 'nothing'}; "
            f"expected {_COLUMNS}"
        )
    videos, names = [], []
    for row in reader:
        cells = {key: (value or "").strip() for key, value in row.items() if isinstance(value, str)}
        videos.append(_from_row(cells, path, f"{path}, row {reader.line_num}", fps))
        names.append(cells.get("name", ""))
    if not videos:
        raise InputError(f"{path}: names no videos; expected rows of {_COLUMNS}")
    videos = _named(videos, path.parent)
    videos = [replace(v, name=name or v.name) for v, name in zip(videos, names, strict=True)]
    name, count = Counter(video.name for video in videos).most_common(1)[0]
    if count > 1:
        raise InputError(f"{path}: {count} rows are named {name}; every name must be its own")
    return videos


def _from_row(cells: dict[str, str], path: Path, where: str, fps: float | int | None) -> Video:
    """Make a video of one row; `where` names the row in errors."""
    if not cells.get("video"):
        raise InputError(f"{where}: the column `video` is empty")
    start, end = _number(cells, "start", where), _number(cells, "end", where)
    if start is not None and start < 0:
        raise InputError(f"{where}: start is {start} s, before the video begins")
    if end is not None and end <= (start or 0):
        raise InputError(f"{where}: end ({end} s) does not come after start ({start or 0} s)")
    rates = {name: _number(cells, name, where) for name in ("fps", "capture_fps")}
    for name, rate in rates.items():
        if rate is not None and rate <= 0:
            raise InputError(f"{where}: {name} is {rate}, but must be above 0")
    file, track = path.parent / cells["video"], cells.get("track", "")
    poses = file.suffix.lower() in POSE_SUFFIXES
    return (partial(PoseTrack, track=track) if poses else Video)(
        file,
        start,
        end,
        fps=(rates["fps"] or fps) if poses or file.is_dir() else None,
        activity=cells.get("activity", ""),
        group=cells.get("group", ""),
        split=cells.get("split", ""),
        capture_fps=rates["capture_fps"],
    )


def _number(cells: dict[str, str], name: str, where: str) -> float | None:
    if not cells.get(name):
        return None
    try:
        number = float(cells[name])
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{where}: {name} is `{cells[name]}`, not a number")
    return number


def write_csv(path: Path | str, videos: Sequence[Video]) -> None:
    """Write videos as a CSV that `find` reads back to equal videos.

    Files below the CSV's folder are written relative to it, others with their whole path. Columns
    that no video uses are left out.

    Args:
        path: The CSV to write.
        videos: The videos.
    """
    path = Path(path)
    rows = [_row(video, path.parent) for video in videos]
    default = [video.name for video in _named(list(videos), path.parent)]
    if default == [video.name for video in videos]:
        rows = [row | {"name": ""} for row in rows]
    columns = [name for name in rows[0] if any(row[name] for row in rows)] if rows else ["video"]
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _row(video: Video, folder: Path) -> dict[str, str]:
    inside = video.path.is_relative_to(folder)
    file = video.path.relative_to(folder) if inside else video.path.absolute()
    values = {
        "video": file.as_posix(),
        "start": video.start,
        "end": video.end,
        "track": video.track if isinstance(video, PoseTrack) else "",
        "name": video.name,
        "activity": video.activity,
        "group": video.group,
        "split": video.split,
        "fps": video.fps,
        "capture_fps": video.capture_fps,
    }
    return {name: "" if value is None else str(value) for name, value in values.items()}
