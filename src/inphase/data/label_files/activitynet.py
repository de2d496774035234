"""ActivityNet's JSON, which MMAction2, COIN, IKEA ASM and many others use with small changes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inphase.data.label_files.delimited import read_text
from inphase.data.labels import Segments
from inphase.errors import InputError
from inphase.files import write_text


def load(path: Path) -> dict[str, Any]:
    """Read the entry of every video: below `database` or `results`, or on top as MMAction2 does.

    Raises:
        InputError: If the file is not JSON of this kind.
    """
    try:
        whole = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}: is not JSON ({error.msg})") from None
    videos = whole.get("database", whole.get("results", whole)) if isinstance(whole, dict) else None
    if not isinstance(videos, dict):
        raise InputError(f"{path}: is not ActivityNet's JSON; expected an entry for each video")
    return videos


def annotations(entry: Any, where: str) -> list[tuple[float, float, str]]:
    """Return a video's rows (start, end, label), in the file's own unit.

    Args:
        entry: What the file says of the video.
        where: What errors call it.

    Raises:
        InputError: If the entry has no annotations, or one lacks a segment or a label.
    """
    if isinstance(entry, dict):
        entry = entry.get("annotations", entry.get("annotation"))
    if not isinstance(entry, list):
        raise InputError(f"{where}: has no list of annotations")
    rows = []
    for number, each in enumerate(entry):
        try:
            start, end = each["segment"]
            rows.append((float(start), float(end), str(each["label"])))
        except (KeyError, TypeError, ValueError):
            raise InputError(
                f"{where}, annotation {number}: expected a label and a segment [start, end], "
                f"not {json.dumps(each)[:80]}"
            ) from None
    return rows


def read(path: Path) -> dict[str, Segments]:
    """Read the segments of every video, in seconds.

    Args:
        path: The JSON.

    Raises:
        InputError: If it is not such a file, or an annotation is wrong; names video and place.
    """
    found = {}
    for video, entry in load(path).items():
        where = f"{path}, video {video}"
        try:
            found[video] = Segments.of(annotations(entry, where))
        except InputError as error:
            message = str(error)
            raise InputError(message if where in message else f"{where}: {message}") from None
    return found


def write(path: Path, labels: Mapping[str, Segments]) -> None:
    """Write segments so that `read` gives the same ones back."""
    database = {
        video: {
            "annotations": [
                {"segment": [start, end], "label": label} for start, end, label in segments
            ]
        }
        for video, segments in labels.items()
    }
    write_text(path, json.dumps({"version": "1.3", "database": database}, indent=1) + "\n")
