"""Write alignments as a table, for spreadsheets and scripts."""

import csv
from collections.abc import Mapping
from pathlib import Path

from inphase.files import atomic
from inphase.show.movie import unwritable
from inphase.tasks.align import Alignment

COLUMNS = ("video", "reference_time", "own_time", "cost")


def save_warp(alignments: Mapping[str, Alignment], path: Path | str) -> Path:
    """Write `warp.csv`: one row for each pair of matched frames.

    Columns: `video`, `reference_time` and `own_time` (seconds, each in its own file's time), and
    `cost`, the match cost of the two frames. Rows of a video follow its path, so both times never
    decrease.

    Args:
        alignments: The alignments, by video name.
        path: The file to write.

    Returns:
        The path written.

    Raises:
        InputError: If the file cannot be written.
    """
    path = Path(path)
    try:
        with atomic(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(COLUMNS)
            for name, alignment in alignments.items():
                reference_times = alignment.reference_times[alignment.path[:, 0]]
                times = alignment.times[alignment.path[:, 1]]
                table.writerows(
                    (name, f"{reference:.6f}", f"{own:.6f}", f"{cost:.6f}")
                    for reference, own, cost in zip(
                        reference_times, times, alignment.cost, strict=True
                    )
                )
    except OSError as error:
        raise unwritable(path, error) from error
    return path
