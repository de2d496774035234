"""Event tables exported by BORIS, as CSV or TSV.

Both of its exports are read: aggregated events, one row an event with `Start (s)` and `Stop (s)`,
and tabular events, one row for each START and STOP. Written are aggregated events.
"""

import csv
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath

from inphase.data.label_files.delimited import Row, read_table, seconds
from inphase.data.labels import Segments
from inphase.errors import InputError
from inphase.files import atomic

Rows = dict[str, list[tuple[float, float, str]]]

# Names of the media column in versions 6 to 9, the most telling first.
_MEDIA = ("media file name", "media file", "media file path", "source")
_COLUMNS = (
    "Observation id", "Subject", "Behavior", "Behavior type", "Start (s)", "Stop (s)",
    "Duration (s)", "Media file name",
)  # fmt: skip


def is_boris(columns: list[str]) -> bool:
    """Whether a table's columns, in lower case, are those of BORIS."""
    return "behavior" in columns and ("start (s)" in columns or "time" in columns)


def read(path: Path) -> dict[str, Segments]:
    """Read states as segments and point events as moments.

    BORIS adds an observation's `Time offset (s)` to the times in its media; here it is taken off
    again. Subjects are not told apart.

    Args:
        path: The export.

    Returns:
        The segments of each video, by its media file, or the observation if none is named.

    Raises:
        InputError: If it is no such export, a row is wrong, or its times run on over several media
            files; names the line.
    """
    columns, rows = read_table(path)
    if not is_boris(columns):
        raise InputError(
            f"{path}: is not an event table of BORIS; expected the columns Behavior and Start (s), "
            "or Behavior, Behavior type and Time"
        )
    found = _aggregated(rows) if "start (s)" in columns else _tabular(rows)
    return {video: Segments.of(found[video]) for video in found}


def _aggregated(rows: list[Row]) -> Rows:
    found: Rows = defaultdict(list)
    for cells, where in rows:
        start = seconds(cells, "start (s)", where)
        stop = cells.get("stop (s)", "")
        end = start if stop in ("", "NA") else seconds(cells, "stop (s)", where)
        if end < start:
            raise InputError(f"{where}: stops at {end} s, before it starts at {start} s")
        late = _offset(cells, where)
        found[_video(cells, where)].append((start - late, end - late, cells["behavior"]))
    return found


def _tabular(rows: list[Row]) -> Rows:
    found: Rows = defaultdict(list)
    begun: dict[tuple[str, ...], tuple[float, str]] = {}
    for cells, where in rows:
        video, label = _video(cells, where), cells["behavior"]
        time = seconds(cells, "time", where) - _offset(cells, where)
        kind = (cells.get("behavior type") or cells.get("status") or "POINT").upper()
        key = (video, cells.get("observation id", ""), cells.get("subject", ""), label)
        if kind == "START":
            begun[key] = (time, where)
        elif kind == "STOP":
            if key not in begun:
                raise InputError(f"{where}: {label} stops without having started")
            found[video].append((begun.pop(key)[0], time, label))
        else:
            found[video].append((time, time, label))
    for key, (_, where) in begun.items():
        raise InputError(f"{where}: {key[-1]} starts and never stops; pair its events in BORIS")
    return found


def _offset(cells: dict[str, str], where: str) -> float:
    column = "time offset (s)"
    return seconds(cells, column, where) if cells.get(column) not in (None, "", "NA") else 0.0


def _video(cells: dict[str, str], where: str) -> str:
    for column in _MEDIA:
        # "player #1:a.mp4;b.mp4|player #2:c.mp4" names every file of every player
        name = cells.get(column, "").split("|")[0]
        if name.startswith("player #"):
            name = name.split(":", 1)[-1]
        if ";" in name:
            raise InputError(
                f"{where}: the times run on over several media files ({name}); export observations "
                "of one file each"
            )
        name = PureWindowsPath(name.strip()).name
        if name and name not in ("NA", "Not found", "Live observation"):
            return name
    if not cells.get("observation id"):
        raise InputError(f"{where}: names neither a media file nor an observation")
    return cells["observation id"]


def write(path: Path, labels: Mapping[str, Segments]) -> None:
    """Write aggregated events; a path that ends in `.tsv` gets tabs. Times to a millisecond."""
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for video, segments in labels.items():
            name = PureWindowsPath(video).stem
            for start, end, label in segments:
                kind = "STATE" if end > start else "POINT"
                times = [f"{value:.3f}" for value in (start, end, end - start)]
                writer.writerow([name, "No focal subject", label, kind, *times, video])
