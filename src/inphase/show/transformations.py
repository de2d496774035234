"""Picture of the temporal transformations: what each makes of one and the same video."""

from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

import numpy as np
from jaxtyping import Int64, UInt8
from matplotlib.figure import Figure

from inphase.data.video import Video
from inphase.errors import InputError
from inphase.files import atomic
from inphase.show.movie import unwritable
from inphase.views import retime

HEIGHT = 160  # pixels of a picture's short side
WIDTH = 13.0  # inches of the figure, at most
LABELS = 1.4  # inches of them are the labels' on the left, of so many letters:
LETTERS = 17
NUMBERS = 0.24  # inches below each row for the frame numbers
WIDEST = 1.2  # inches of a picture with its gap
LINE = 0.16  # inches of a label's line
MARGIN = 0.05  # inches


@dataclass(frozen=True)
class Row:
    """One row of the picture.

    Attributes:
        label: What is said beside it.
        shown: Frame numbers of the pictures, from left to right.
    """

    label: str
    shown: Int64[np.ndarray, " pictures"]


def plot_transformations(
    video: Video | UInt8[np.ndarray, "length h w 3"],
    out: Path | str,
    *,
    kappa: int = 1,
    frames: int = retime.CLIP,
    start: int | None = None,
    most_pictures: int = 16,
    seed: int = 0,
) -> Path:
    """Write the picture of a clip at four speeds, in random order, periodic and warped.

    After Fig. 1 of Jenni et al., ECCV 2020, with the frame number below each picture. All rows
    begin at the same place of the video, so that they can be compared.

    Args:
        video: The video, or all its frames.
        out: The file; its suffix (.png, .pdf, .svg) chooses the format.
        kappa: Speed of the periodic clip.
        frames: Frames in a clip.
        start: Lowest frame of every row; by default such that the longest speed's row lies in the
            middle of the video.
        most_pictures: Of a longer clip so many are shown, evenly spaced, first and last among them.
        seed: The same seed draws the same clips.

    Returns:
        The path written.

    Raises:
        InputError: If `start` is not a frame of the video, a row would have no pictures, a clip is
            too short to be periodic, or the file cannot be written.
    """
    out = Path(out)
    rows = choose_rows(
        len(video), kappa=kappa, frames=frames, start=start, most_pictures=most_pictures, seed=seed
    )
    figure = draw_rows(video, rows)
    try:
        with atomic(out) as temporary:
            figure.savefig(temporary, dpi=150)
    except OSError as error:
        raise unwritable(out, error) from error
    return out


def choose_rows(
    length: int,
    *,
    kappa: int = 1,
    frames: int = retime.CLIP,
    start: int | None = None,
    most_pictures: int = 16,
    seed: int = 0,
) -> list[Row]:
    """Choose and name the frames of every row; see `plot_transformations` for the arguments."""
    if most_pictures < 1:
        raise InputError(f"A row of {most_pictures} pictures shows nothing; give 1 or more.")
    if start is None:
        longest = (frames - 1) * 2 ** retime.largest_speed(length, frames=frames) + 1
        start = max(0, length - longest) // 2
    if not 0 <= start < length:
        raise InputError(
            f"The start {start} is not a frame of the video; give 0 to {length - 1}, or none."
        )
    rest = length - start
    clips = [
        (
            _label("Speed", k, rest, frames),
            retime.speed(rest, seed, kappa=k, frames=frames, start=0),
        )
        for k in range(retime.SPEEDS)
    ]
    clips += [
        ("Random", retime.random(rest, seed, frames=frames, start=0)),
        (
            _label("Periodic, speed", kappa, rest, frames),
            retime.periodic(rest, seed, kappa=kappa, frames=frames, start=0),
        ),
        ("Warp", retime.warp(rest, seed, frames=frames, start=0)),
    ]
    return [
        _row(f"({letter}) {label}", start + clip, rest, most_pictures)
        for letter, (label, clip) in zip("abcdefg", clips, strict=True)
    ]


def draw_rows(video: Video | UInt8[np.ndarray, "length h w 3"], rows: list[Row]) -> Figure:
    """Draw rows of frames, each frame read once."""
    numbers = np.unique(np.concatenate([row.shown for row in rows]))
    pictures = video.frames(numbers, size=HEIGHT) if isinstance(video, Video) else video[numbers]
    columns = max(len(row.shown) for row in rows)
    cell = min(WIDEST, (WIDTH - LABELS) / columns)
    tall = cell * pictures.shape[1] / pictures.shape[2]
    pitch = max(tall + NUMBERS, LINE * max(len(row.label.splitlines()) for row in rows) + MARGIN)
    width, height = LABELS + cell * columns, MARGIN + pitch * len(rows)
    figure = Figure(figsize=(width, height))
    for i, row in enumerate(rows):
        top = MARGIN + i * pitch
        figure.text(MARGIN / width, 1 - top / height, row.label, va="top", fontsize=9)
        for column, number in enumerate(row.shown):
            left = (LABELS + column * cell) / width
            axes = figure.add_axes(
                (left, 1 - (top + tall) / height, 0.96 * cell / width, tall / height)
            )
            axes.imshow(pictures[np.searchsorted(numbers, number)], aspect="auto")
            axes.set(xticks=[], yticks=[])
            axes.set_xlabel(str(number), fontsize=9, labelpad=2)
    return figure


def _row(label: str, clip: Int64[np.ndarray, " n"], rest: int, most: int) -> Row:
    """Thin a long clip, and say so, and say when the video was too short for it."""
    notes = [label]
    if rest < len(clip):
        notes.append(f"video ends after {rest} frames")
    if len(clip) > most:
        notes.append(f"{most} of {len(clip)} frames")
        clip = clip[np.round(np.linspace(0, len(clip) - 1, most)).astype(int)]
    return Row("\n".join(fill(note, LETTERS) for note in notes), clip)


def _label(name: str, kappa: int, rest: int, frames: int) -> str:
    """Name a row with its speed, and the one that the video allows in its place."""
    allowed = retime.largest_speed(rest, frames=frames, highest=kappa)
    short = "" if allowed == kappa else f": video too short, shown at {allowed}"
    return f"{name} {kappa}{short}"
