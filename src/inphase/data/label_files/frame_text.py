"""One label a frame: a line each (Breakfast, 50Salads, GTEA), or `frame<TAB>label` (Cholec80)."""

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from inphase.data.label_files.delimited import read_text
from inphase.data.labels import UNLABELLED, Segments
from inphase.errors import InputError
from inphase.files import write_text

_LEEWAY = 0.01  # lines may differ from frames by so much without a word


def read(path: Path, *, fps: float | int | None = None, times: ArrayLike | None = None) -> Segments:
    """Read the labels of one video's frames.

    Lines with two columns say which frame they are of; every label holds until the next line's
    frame, and a first line of two words is a heading. Empty lines at the end are passed over.

    Args:
        path: The text file.
        fps: Frames per second that the lines count in.
        times: Better: when each frame is shown, in seconds.

    Raises:
        InputError: If neither `fps` nor `times` is given, or a line is wrong; names the line.
    """
    if times is None and not fps:
        raise InputError(
            f"{path}: has one label a frame; give the frames per second it was labelled at"
        )
    numbers, labels = _lines(path)
    if not labels:
        raise InputError(f"{path}: is empty; expected one label a line")
    step = numbers[-1] - numbers[-2] if len(numbers) > 1 else 1
    if times is None:
        edges = np.append(numbers, numbers[-1] + step) / float(fps or 1)
        return Segments.of_frames(labels, edges[:-1], float(edges[-1]))
    shown = np.asarray(times, np.float64)
    frames = numbers[-1] + step
    if abs(frames - len(shown)) > max(1, _LEEWAY * len(shown)):
        warnings.warn(f"{path}: labels {frames} frames, but there are {len(shown)}", stacklevel=2)
    last = 2 * shown[-1] - shown[-2] if len(shown) > 1 else shown[-1] + 1.0
    kept = int(np.searchsorted(numbers, len(shown)))
    end = shown[frames] if frames < len(shown) else last
    return Segments.of_frames(labels[:kept], shown[numbers[:kept]], float(end))


def _lines(path: Path) -> tuple[np.ndarray, list[str]]:
    """Frame numbers, ascending, and labels."""
    lines = read_text(path).rstrip().splitlines()
    if not any("\t" in line for line in lines):
        for place, line in enumerate(lines, 1):
            if not line.strip():
                raise InputError(f"{path}, line {place}: is empty; expected a label")
        return np.arange(len(lines)), [line.strip() for line in lines]
    numbers, labels = [], []
    for place, line in enumerate(lines, 1):
        number, _, label = line.partition("\t")
        if place == 1 and not number.strip().isdecimal():
            continue
        if not number.strip().isdecimal() or not label.strip():
            raise InputError(f"{path}, line {place}: expected a frame number, a tab and a label")
        if numbers and int(number) <= numbers[-1]:
            raise InputError(f"{path}, line {place}: frame {number} comes after {numbers[-1]}")
        numbers.append(int(number))
        labels.append(label.strip())
    return np.array(numbers, np.int64), labels


def write(
    path: Path, segments: Segments, times: ArrayLike, *, background: str = "background"
) -> None:
    """Write the label of each frame on its own line.

    Args:
        path: The text file.
        segments: What to write.
        times: When each frame is shown, in seconds.
        background: What to call frames in no segment.
    """
    names = segments.names
    numbers = segments.at(times)
    words = [background if number == UNLABELLED else names[number] for number in numbers.tolist()]
    write_text(path, "".join(f"{word}\n" for word in words))
