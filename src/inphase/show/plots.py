"""Pictures for papers and reports.

Figures are made with matplotlib's objects, not `pyplot`: no window, no global state.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int, UInt8
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inphase.data.video import Video
from inphase.files import atomic
from inphase.show.movie import unwritable
from inphase.tasks.align import Alignment

COLOURS = "bone"
ACCENT = "#f0a63c"
STRIP = 8


def plot_similarity(
    alignment: Alignment, reference_video: Video | None = None, video: Video | None = None
) -> Figure:
    """Draw the similarity matrix with the path through it, and filmstrips on its margins.

    The layout is that of `plot1D_mat` in POT (Flamary et al., JMLR 2021): the reference runs along
    the top, the other video down the left side, both in seconds.

    Args:
        alignment: The alignment to draw.
        reference_video: The reference, for the filmstrip along the top.
        video: The other video, for the filmstrip down the side.

    Returns:
        The figure; save it with `figure.savefig`, or call `save_similarity`.
    """
    figure = Figure(figsize=(7, 7), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1, STRIP), height_ratios=(1, STRIP))
    main = figure.add_subplot(grid[1, 1])
    _draw_matrix(main, alignment)
    main.set_xlabel(f"{alignment.reference} (s)")
    main.set_ylabel(f"{alignment.video} (s)")
    if reference_video is not None:
        _draw_strip(figure.add_subplot(grid[0, 1]), reference_video, alignment.reference_times)
    if video is not None:
        _draw_strip(figure.add_subplot(grid[1, 0]), video, alignment.times, down=True)
    return figure


def save_similarity(
    alignment: Alignment,
    path: Path | str,
    reference_video: Video | None = None,
    video: Video | None = None,
) -> Path:
    """Write `plot_similarity` to an image file.

    Args:
        alignment: The alignment to draw.
        path: The file; its suffix (.png, .pdf, .svg) chooses the format.
        reference_video: The reference, for its filmstrip.
        video: The other video, for its filmstrip.

    Returns:
        The path written.

    Raises:
        InputError: If the file cannot be written.
    """
    path = Path(path)
    figure = plot_similarity(alignment, reference_video, video)
    try:
        with atomic(path) as temporary:
            figure.savefig(temporary, dpi=150)
    except OSError as error:
        raise unwritable(path, error) from error
    return path


def similarity_picture(alignment: Alignment, side: int) -> UInt8[np.ndarray, "h w 3"]:
    """The similarity matrix as a coloured picture with constant seconds per pixel.

    Reference time runs to the right and own time down, each over `span` of its times.

    Args:
        alignment: The alignment.
        side: The largest number of pixels along a side; short videos get one pixel a frame.
    """
    return colormaps[COLOURS](_levels(alignment, side), bytes=True)[..., :3]


def span(times: Float64[np.ndarray, " n"]) -> tuple[float, float]:
    """First to last time, with half a frame on either side, so that frames are centred."""
    half = float(np.median(np.diff(times))) / 2 if len(times) > 1 else 0.5
    return float(times[0]) - half, float(times[-1]) + half


def nearest(
    times: Float64[np.ndarray, " n"], wanted: Float64[np.ndarray, " k"]
) -> Int[np.ndarray, " k"]:
    """Index of the nearest of increasing times."""
    if len(times) == 1:
        return np.zeros(len(wanted), dtype=int)
    right = np.clip(np.searchsorted(times, wanted), 1, len(times) - 1)
    return right - (wanted - times[right - 1] < times[right] - wanted)


def _levels(alignment: Alignment, side: int) -> Float64[np.ndarray, "h w"]:
    """Similarity scaled to 0..1 on a grid with constant seconds per pixel."""
    rows = _resample(alignment.times, side)
    columns = _resample(alignment.reference_times, side)
    picture = alignment.similarity[np.ix_(columns, rows)].T.astype(np.float64)
    low, high = np.quantile(picture, 0.02), picture.max()
    return np.clip((picture - low) / max(high - low, 1e-9), 0, 1)


def _resample(times: Float64[np.ndarray, " n"], side: int) -> Int[np.ndarray, " p"]:
    start, end = span(times)
    count = min(side, len(times))
    return nearest(times, start + (np.arange(count) + 0.5) / count * (end - start))


def _draw_matrix(axes: Axes, alignment: Alignment) -> None:
    (left, right), (top, bottom) = span(alignment.reference_times), span(alignment.times)
    axes.imshow(
        _levels(alignment, 1000), cmap=COLOURS, vmin=0, vmax=1, aspect="auto",
        interpolation="nearest", extent=(left, right, bottom, top),
    )  # fmt: skip
    x = alignment.reference_times[alignment.path[:, 0]]
    y = alignment.times[alignment.path[:, 1]]
    axes.plot(x, y, color="black", linewidth=3.5, alpha=0.7)
    axes.plot(x, y, color=ACCENT, linewidth=1.8)


def _draw_strip(
    axes: Axes, video: Video, times: Float64[np.ndarray, " n"], *, down: bool = False
) -> None:
    """Equally spaced frames beside the axis of their times."""
    start, end = span(times)
    height, width = video.size
    shape = height / width if down else width / height
    count = int(np.clip(round(STRIP / shape), 2, 16))
    middles = start + (np.arange(count) + 0.5) / count * (end - start)
    frames = video.frames_at(middles, size=160)
    strip = np.concatenate(list(frames), axis=0 if down else 1)
    axes.imshow(strip, aspect="auto", interpolation="antialiased")
    axes.set_axis_off()
