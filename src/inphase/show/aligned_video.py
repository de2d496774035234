"""One film with all videos side by side, in phase: plays on a phone and in slides."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from pathlib import Path
from warnings import warn

import matplotlib
import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image, ImageDraw, ImageFont
from tqdm import tqdm

from inphase.data.video import Video
from inphase.errors import InputError
from inphase.show.movie import even, write_movie
from inphase.show.retime import aligned_frames, clock_of, own_frames, play
from inphase.tasks.align import Alignment

SCREEN = (1080, 1920)
GAP = 16
RIM = 2  # around the reference
BACKGROUND = (16, 17, 20)
CELL = (0, 0, 0)
INK = (226, 228, 233)
QUIET = (150, 155, 165)
ACCENT = (240, 180, 60)


@dataclass(frozen=True)
class Grid:
    """Equal cells in rows; under each picture a line of text. All lengths in pixels."""

    rows: int
    columns: int
    picture: tuple[int, int]
    text: int

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the whole, both even."""
        height = self.rows * (self.picture[0] + self.text + GAP) + GAP
        width = self.columns * (self.picture[1] + GAP) + GAP
        return height + height % 2, width + width % 2

    def corner(self, cell: int) -> tuple[int, int]:
        """(top, left) of a cell's picture, counted along the rows."""
        row, column = divmod(cell, self.columns)
        top = GAP + row * (self.picture[0] + self.text + GAP)
        return top, GAP + column * (self.picture[1] + GAP)


def arrange(count: int, size: tuple[int, int], screen: tuple[int, int] = SCREEN) -> Grid:
    """The grid that shows `count` pictures of (height, width) `size` largest on a screen.

    Pictures are not enlarged beyond `size`, except that a cell is never narrower than 240 pixels
    or the text would not fit.
    """
    text = 32

    def scale(columns: int) -> float:
        rows = ceil(count / columns)
        height = (screen[0] - GAP) / rows - GAP - text
        width = (screen[1] - GAP) / columns - GAP
        return min(height / size[0], width / size[1])

    columns = max(range(1, count + 1), key=lambda number: (round(scale(number), 6), -number))
    factor = min(scale(columns), max(1.0, 240 / size[1]))
    picture = even(size[0] * factor), even(size[1] * factor)
    return Grid(ceil(count / columns), columns, picture, text)


def save_aligned_video(
    reference: Video,
    videos: Sequence[Video],
    alignments: Mapping[str, Alignment],
    path: Path | str,
    *,
    limit: int = 16,
) -> Path:
    """Write a grid film of the reference and the videos aligned with it.

    The reference stands first and sets the clock: frame i of the film is tick i of
    `inphase.show.retime.clock_of(reference)`. Under each picture are its name and its own time.

    Args:
        reference: The reference.
        videos: The others; the reference among them is not shown twice.
        alignments: The alignment of each of them, by video name.
        path: The `.mp4` file to write.
        limit: The largest number of cells; further videos are left out with a warning.

    Returns:
        The path written.

    Raises:
        InputError: If a video has no alignment or the file cannot be written.
    """
    path = Path(path)
    others = with_alignments(reference, videos, alignments)
    if len(others) >= limit:
        warn(
            f"{path.name} shows the first {limit} of {len(others) + 1} videos; "
            "choose fewer, or open the page to see all.",
            stacklevel=2,
        )
        others = others[: limit - 1]
    clock = clock_of(reference)
    shown = [own_frames(clock, reference, clock.count)]
    shown += [aligned_frames(clock, reference, video, alignments[video.name]) for video in others]
    cells = [reference, *others]
    grid = arrange(len(cells), _typical_size(cells))
    with write_movie(path, clock.rate, grid.size, group=30, quality=20) as movie:
        frames = _film(grid, cells, shown)
        for frame in tqdm(
            frames, f"writing {path.name}", clock.count, delay=2, leave=False, disable=None
        ):
            movie.append(frame)
    return path


def with_alignments(
    reference: Video, videos: Sequence[Video], alignments: Mapping[str, Alignment]
) -> list[Video]:
    """The videos other than the reference, each checked to have an alignment with it."""
    others = [video for video in videos if video.name != reference.name]
    missing = [video.name for video in others if video.name not in alignments]
    if missing:
        raise InputError(
            f"No alignment was given for {', '.join(missing)}: align every video to show with "
            f"{reference.name} first."
        )
    for video in others:
        if alignments[video.name].reference != reference.name:
            raise InputError(
                f"{video.name} is aligned with {alignments[video.name].reference}, not with "
                f"{reference.name}: all videos shown together need the same reference."
            )
    return others


def fit(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """The largest (height, width) of the same shape inside a box."""
    factor = min(box[0] / size[0], box[1] / size[1])
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def shorten(name: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """The name with an ellipsis in its middle, if it is wider than `width` pixels."""
    if font.getlength(name) <= width:
        return name
    for kept in range(len(name) - 1, 1, -1):
        head = ceil(kept / 2)
        short = f"{name[:head]}…{name[len(name) - (kept - head) :]}"
        if font.getlength(short) <= width:
            return short
    return "…"


def _typical_size(videos: Sequence[Video]) -> tuple[int, int]:
    """The size whose shape is the median one, so that most cells need no bars."""
    sizes = sorted((video.size for video in videos), key=lambda size: size[1] / size[0])
    return sizes[len(sizes) // 2]


def _film(
    grid: Grid, videos: Sequence[Video], shown: Sequence[Int[np.ndarray, " n"]]
) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Compose the film frame by frame; each video is decoded once, all in step."""
    page = _blank(grid, [video.name for video in videos])
    sizes = [fit(video.size, grid.picture) for video in videos]
    with ExitStack() as stack:
        players = [
            stack.enter_context(closing(play(video, indices, size=size, chunk=4)))
            for video, indices, size in zip(videos, shown, sizes, strict=True)
        ]
        for tick in range(len(shown[0])):
            for cell, (player, size) in enumerate(zip(players, sizes, strict=True)):
                top, left = grid.corner(cell)
                bars = (grid.picture[0] - size[0]) // 2, (grid.picture[1] - size[1]) // 2
                _paste(page, next(player), top + bars[0], left + bars[1])
                time = _time_label(float(videos[cell].times[shown[cell][tick]]), grid.text - RIM)
                right = left + grid.picture[1]
                _paste(page, time, top + grid.picture[0] + RIM, right - time.shape[1])
            yield page


def _paste(
    page: UInt8[np.ndarray, "page_h page_w 3"], picture: UInt8[np.ndarray, "h w 3"],
    top: int, left: int,
) -> None:  # fmt: skip
    page[top : top + picture.shape[0], left : left + picture.shape[1]] = picture


def _blank(grid: Grid, names: Sequence[str]) -> UInt8[np.ndarray, "h w 3"]:
    """Everything that does not move: cells, names, and the mark of the reference."""
    height, width = grid.size
    image = Image.new("RGB", (width, height), BACKGROUND)
    draw = ImageDraw.Draw(image)
    font = _font()
    room = float(grid.picture[1] - _time_width())
    mark = "reference  "
    for cell, name in enumerate(names):
        top, left = grid.corner(cell)
        bottom, right = top + grid.picture[0], left + grid.picture[1]
        if cell == 0:
            draw.rectangle((left - RIM, top - RIM, right + RIM - 1, bottom + RIM - 1), fill=ACCENT)
            if font.getlength(mark + name) <= room:
                name = mark + name
        draw.rectangle((left, top, right - 1, bottom - 1), fill=CELL)
        ink = ACCENT if cell == 0 else INK
        place = left, bottom + (RIM + grid.text) / 2
        draw.text(place, shorten(name, font, room), ink, font, anchor="lm")
    return np.array(image)


def _time_width() -> int:
    return ceil(_font().getlength("00000.00 s"))


@lru_cache(maxsize=1024)
def _time_label(seconds: float, height: int) -> UInt8[np.ndarray, "h w 3"]:
    image = Image.new("RGB", (_time_width(), height), BACKGROUND)
    ImageDraw.Draw(image).text(
        (image.width, height / 2), f"{seconds:.2f} s", QUIET, _font(), anchor="rm"
    )
    return np.array(image)


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont:
    """DejaVu Sans from matplotlib's own files: no system font is needed."""
    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(str(file), 16)
