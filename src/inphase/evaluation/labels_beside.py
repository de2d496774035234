"""Where labels are: in the file that is named, or beside the videos."""

from pathlib import Path

from inphase.data.label_files import read_labels
from inphase.data.labels import Segments
from inphase.errors import InputError

BESIDE = "phases.csv"


def labels_beside(videos: Path, labels: Path | None = None) -> dict[str, Segments]:
    """Read labels, from `phases.csv` beside the videos if no file is named.

    Args:
        videos: The folder of videos, a video, or the CSV that lists them.
        labels: A file in any format of `inphase.data.label_files`.

    Raises:
        InputError: If there is no such file, or it holds no labels.
    """
    if labels is None:
        labels = (videos if videos.is_dir() else videos.parent) / BESIDE
        if not labels.is_file():
            raise InputError(
                f"there are no labels {labels}: name their file with --labels, or write this one, "
                "with columns video,start,end,label, in seconds"
            )
    if not labels.exists():
        raise InputError(f"there is no labels file {labels}")
    return read_labels(labels)
