"""Numbers for the phases that a supervised method learns."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int64, Integer

from inphase.data.labels import ROUNDING, LabelIndex, Segments
from inphase.data.video import Video
from inphase.errors import InputError
from inphase.methods import METHODS

Labels = Mapping[str, Segments | Integer[np.ndarray, "_"]]


def numbered(
    videos: Sequence[Video], labels: Labels
) -> tuple[list[Int64[np.ndarray, "_"]], tuple[str, ...]]:
    """Give every phase of every activity a number of its own.

    Args:
        videos: To learn from.
        labels: By video: segments, or one number a frame, below 0 for none.

    Returns:
        The number of each frame of each video, below 0 for none; and the names of the numbers.

    Raises:
        InputError: If no frame is labelled, or numbers are not as many as frames.
    """
    index = LabelIndex({k: each for k, each in labels.items() if isinstance(each, Segments)})
    found = {v.name: labels[v.name] if v.name in labels else index.of(v) for v in videos}
    names = sorted({(v.activity, str(p)) for v in videos for p in _phases(found[v.name])})
    numbers = []
    for video in videos:
        each = found[video.name]
        own = {phase: k for k, (activity, phase) in enumerate(names) if activity == video.activity}
        if isinstance(each, Segments):
            local = each.at(video.times + ROUNDING, tuple(own))
        elif each is None:
            local = np.full(len(video), -1)
        elif len(each) != len(video):
            raise InputError(f"{video.name} has {len(each)} labels and {len(video)} frames")
        else:
            local = np.array([list(own).index(str(p)) if p >= 0 else -1 for p in each.tolist()])
        places = np.array([*own.values(), -1])  # the last place is that of -1
        numbers.append(places[local].astype(np.int64))
    if not any((each >= 0).any() for each in numbers):
        raise InputError(
            f"this method learns from labels, but none of the {len(videos)} videos has any: "
            "name a file with --labels"
        )
    return numbers, tuple(" ".join(filter(None, name)) for name in names)


def learns_labels(config: Mapping[str, Any]) -> bool:
    """Whether a model, by its config, was trained from the phases of frames."""
    written = [config.get("method", {}), *(each["method"] for each in config.get("plus", []))]
    known = [METHODS[each["name"]] for each in written if each.get("name") in METHODS]
    return any(method().learns_labels for method in known)


def _phases(labels: Segments | Integer[np.ndarray, "_"] | None) -> list[str] | list[int]:
    if labels is None:
        return []
    if isinstance(labels, Segments):
        return list(labels.names)
    return np.unique(labels[labels >= 0]).tolist()
