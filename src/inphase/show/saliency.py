"""What a network looks at: frames of a clip above, how much their pixels matter below."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import fill

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.figure import Figure

from inphase.errors import InputError
from inphase.files import atomic
from inphase.show.movie import unwritable
from inphase.show.plots import COLOURS

# Share of the pixels that are drawn below white: a few outliers would leave all others black.
_LETTERS = 16  # of a row's name in a line, that it stays beside its row
_SHARE = 0.99


def plot_saliency(
    frames: UInt8[np.ndarray, "t h w 3"],
    rows: Mapping[str, Float[np.ndarray, "_ _ _"]],
    *,
    columns: int = 8,
) -> Figure:
    """Draw a film strip and under it what matters to one network or several, a row each.

    Every row has its own scale, from 0 to the value that 99 % of its pixels stay below, because
    saliency is not comparable from network to network.

    Source: Jenni et al., Temporal Transformations, ECCV 2020, figure 4.

    Args:
        frames: Of the clip, as the networks were shown them.
        rows: By name the saliency of each pixel, see `inphase.probing.guided_backpropagation`.
        columns: Frames drawn, evenly spread; never more than there are.

    Returns:
        The figure; save it with `figure.savefig`, or call `save_saliency`.

    Raises:
        InputError: If a row does not fit the frames, or there is nothing to draw.
    """
    if columns < 1 or not rows or not len(frames):
        raise InputError("there must be a frame, a row and a column to draw")
    for name, values in rows.items():
        if values.shape != frames.shape[:3]:
            raise InputError(
                f"the saliency '{name}' is of shape {values.shape}, not {frames.shape[:3]} like "
                "the frames: give both of the same clip"
            )
    shown = np.unique(
        np.linspace(0, len(frames) - 1, min(columns, len(frames))).round().astype(int)
    )
    height, width = frames.shape[1:3]
    side = 1.2
    size = (side * len(shown) + 0.3, side * height / width * (1 + len(rows)) + 0.3)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(1 + len(rows), len(shown), squeeze=False)
    for axes, place in zip(grid[0], shown, strict=True):
        axes.imshow(frames[place])
        axes.set_title(str(place), fontsize=8)
    grid[0, 0].set_ylabel("clip", fontsize=8)
    for line, (name, values) in zip(grid[1:], rows.items(), strict=True):
        white = float(np.quantile(values, _SHARE)) or float(values.max()) or 1.0
        for axes, place in zip(line, shown, strict=True):
            axes.imshow(values[place], cmap=COLOURS, vmin=0, vmax=white)
        line[0].set_ylabel(fill(name, _LETTERS), fontsize=8)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
    return figure


def save_saliency(
    frames: UInt8[np.ndarray, "t h w 3"],
    rows: Mapping[str, Float[np.ndarray, "_ _ _"]],
    path: Path | str,
    *,
    columns: int = 8,
) -> Path:
    """Write `plot_saliency` to an image file.

    Args:
        frames: Of the clip.
        rows: By name the saliency of each pixel.
        path: The file; its suffix (.png, .pdf, .svg) chooses the format.
        columns: Frames drawn.

    Returns:
        The path written.

    Raises:
        InputError: If the input does not fit together or the file cannot be written.
    """
    path = Path(path)
    figure = plot_saliency(frames, rows, columns=columns)
    try:
        with atomic(path) as temporary:
            figure.savefig(temporary, dpi=150)
    except OSError as error:
        raise unwritable(path, error) from error
    return path
