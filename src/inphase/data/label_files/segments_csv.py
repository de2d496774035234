"""inphase's own labels: a CSV `video,start,end,label`, seconds, half-open, one row a segment."""

import csv
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from inphase.data.label_files.delimited import read_table, seconds
from inphase.data.labels import Segments
from inphase.errors import InputError
from inphase.files import atomic

COLUMNS = ("video", "start", "end", "label")


def read(path: Path) -> dict[str, Segments]:
    """Read segments; other columns are passed over.

    Without a column `video`, all rows are of the video named like the file: `clip.csv` beside
    `clip.mp4`. A row whose `end` is empty is a moment.

    Args:
        path: The CSV; semicolons and tabs divide columns too.

    Returns:
        The segments of each video, by what the column `video` calls it.

    Raises:
        InputError: If a column is missing, or a row is wrong; names the line.
    """
    columns, rows = read_table(path)
    missing = [name for name in COLUMNS[1:] if name not in columns]
    if missing:
        raise InputError(
            f"{path}: has no column `{missing[0]}` but {', '.join(columns)}; "
            f"expected {','.join(COLUMNS)}"
        )
    found: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    for cells, where in rows:
        video = cells.get("video", path.stem)
        if not video or not cells["label"]:
            raise InputError(f"{where}: `{'label' if video else 'video'}` is empty")
        start = seconds(cells, "start", where)
        end = seconds(cells, "end", where) if cells["end"] else start
        if end < start:
            raise InputError(f"{where}: end ({end} s) comes before start ({start} s)")
        found[video].append((start, end, cells["label"]))
    return {video: Segments.of(rows) for video, rows in found.items()}


def write(path: Path, labels: Mapping[str, Segments]) -> None:
    """Write segments so that `read` gives the same ones back."""
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for video, segments in labels.items():
            for start, end, label in segments:
                writer.writerow([video, start, end if end > start else "", label])
