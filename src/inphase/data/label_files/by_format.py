"""Read and write labels in whatever format a file is in."""

from collections.abc import Mapping
from pathlib import Path

from inphase.data.label_files import activitynet, boris, elan, frame_text, segments_csv
from inphase.data.label_files.delimited import read_table
from inphase.data.labels import Segments
from inphase.errors import InputError

FORMATS = ("csv", "boris", "eaf", "activitynet")
_SUFFIXES = ".csv, .tsv, .eaf, .json or .txt"


def read_labels(
    path: Path | str, *, fps: float | int | None = None, tier: str | None = None
) -> dict[str, Segments]:
    """Read labels from a file: a CSV, ELAN's .eaf, BORIS's table, ActivityNet's JSON, frame text.

    Args:
        path: The file, or a folder of .eaf or .txt files, one for each video.
        fps: For frame-wise text only: the frames per second it was labelled at.
        tier: For ELAN only: which tier, if there are several.

    Returns:
        The segments of each video by what the file calls it; `labels_of` finds a video's.

    Raises:
        InputError: If the file is in none of these formats, or wrong; names file and line.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in (".eaf", ".txt"))
        if not files:
            raise InputError(f"{path}: holds no .eaf and no .txt files with labels")
        found: dict[str, Segments] = {}
        for file in files:
            found |= read_labels(file, fps=fps, tier=tier)
        return found
    suffix = path.suffix.lower()
    if suffix == ".eaf":
        return elan.read(path, tier=tier)
    if suffix == ".json":
        return activitynet.read(path)
    if suffix == ".txt":
        return {path.stem: frame_text.read(path, fps=fps)}
    if suffix in (".csv", ".tsv"):
        table = boris if boris.is_boris(read_table(path)[0]) else segments_csv
        return table.read(path)
    raise InputError(f"{path}: labels are read from {_SUFFIXES}, not `{suffix or path.name}`")


def write_labels(
    path: Path | str, labels: Mapping[str, Segments], *, form: str | None = None
) -> None:
    """Write the labels of one or more videos.

    Args:
        path: The file to write.
        labels: The segments of each video.
        form: One of `FORMATS`; told by the suffix if None.

    Raises:
        InputError: If there is no such format, or an .eaf is to hold more than one video.
    """
    path = Path(path)
    suffixes = {".csv": "csv", ".tsv": "boris", ".eaf": "eaf", ".json": "activitynet"}
    form = form or suffixes.get(path.suffix.lower(), "")
    if form not in FORMATS:
        raise InputError(f"{path}: labels are written as {', '.join(FORMATS)}, not `{form}`")
    if form == "eaf":
        if len(labels) != 1:
            raise InputError(f"{path}: an .eaf holds one video, not {len(labels)}; write one each")
        ((video, segments),) = labels.items()
        elan.write(path, segments, video=video)
    elif form == "boris":
        boris.write(path, labels)
    elif form == "activitynet":
        activitynet.write(path, labels)
    else:
        segments_csv.write(path, labels)
