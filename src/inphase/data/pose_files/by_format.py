"""Read poses in whatever format a file is in."""

from functools import lru_cache
from pathlib import Path

from inphase.data.opening import VideoError
from inphase.data.pose_files import arrays, deeplabcut, wide_table
from inphase.data.pose_files.table import read_rows
from inphase.data.poses import Poses

SUFFIXES = frozenset({".npz", ".csv", ".tsv"})


def read_poses(path: Path) -> dict[str, Poses]:
    """Read poses: arrays in an .npz, DeepLabCut's CSV, or a CSV with columns like `nose_x`.

    Args:
        path: The file.

    Returns:
        The poses by track, under `""` if there is one alone; none if the file is about something
        else.

    Raises:
        VideoError: If the file is missing or damaged, or its poses are wrong.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise VideoError(f"{path}: cannot be read ({error.strerror})") from None
    return _read(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=8)  # many videos may be tracks of one file
def _read(path: Path, size: int, changed: int) -> dict[str, Poses]:  # noqa: ARG001
    try:
        if path.suffix.lower() == ".npz":
            return arrays.read(path)
        rows = read_rows(path)
        table = deeplabcut if deeplabcut.is_here(rows) else wide_table
        return table.read(rows)
    except VideoError as error:
        text = str(error)
        raise VideoError(text if text.startswith(str(path)) else f"{path}: {text}") from None
