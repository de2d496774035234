"""Videos with their labels: of a public data set, of a named file, or beside the videos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inphase.data.collection import find
from inphase.data.datasets import Dataset, recognise
from inphase.data.label_files import read_labels
from inphase.data.labels import Segments
from inphase.data.video import Video
from inphase.errors import InputError
from inphase.evaluation.activities import Labels

BESIDE = "phases.csv"


@dataclass(frozen=True)
class Labelled:
    """What `evaluate` is to score.

    Attributes:
        videos: All that can be used.
        labels: By video: segments, or a number for each frame.
        phases: What numbers mean, by activity; empty where the labels are words.
        dataset: What is said of the public data set, if it is one.
    """

    videos: list[Video]
    labels: Labels
    phases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    dataset: str = ""


def labelled(videos: Path, labels: Path | None = None, fps: float | None = None) -> Labelled:
    """Find videos and their labels; a public data set brings both.

    Args:
        videos: A folder of videos or of a public data set, a video, or a CSV that lists videos.
        labels: A file in any format of `inphase.data.label_files`, which goes before all others;
            `phases.csv` beside the videos if there is no data set.
        fps: Frame rate for folders of images.

    Raises:
        InputError: If there are no videos, or no labels.
    """
    dataset = recognise(videos) if labels is None else None
    if dataset is None:
        known = labels_beside(videos, labels) if videos.exists() else {}
        return Labelled(find(videos, fps=fps), known)
    if not dataset.phases:
        raise InputError(
            f"{videos} is {dataset.name}, which tells no phases within its videos: name a file of "
            "them with --labels"
        )
    if not dataset.labels:
        missing = "; ".join(f"missing: {each}" for each in dataset.missing) or "name their file"
        raise InputError(f"{videos} is {dataset.name}, but has no labels of frames ({missing})")
    found = find(videos, fps=fps)
    numbers = {
        video.name: dataset.frame_labels(video) for video in found if video.name in dataset.labels
    }
    return Labelled(found, numbers, dataset.phases, _said(dataset))


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


def _said(dataset: Dataset) -> str:
    return "\n".join([dataset.summary, *(f"  missing {each}" for each in dataset.missing)])
