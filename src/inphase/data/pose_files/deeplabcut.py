"""DeepLabCut's CSV: three rows of header (scorer, bodyparts, coords), or four (individuals)."""

import numpy as np

from inphase.data.opening import VideoError
from inphase.data.pose_files.table import Rows, numbers
from inphase.data.poses import Poses

LEAST_LIKELY = 0.6  # below, a place is a guess: DeepLabCut's own default (pcutoff)
_LEVELS = ("scorer", "individuals", "bodyparts", "coords")
_NOT_ANIMALS = "single"  # parts that belong to no individual


def is_here(rows: Rows) -> bool:
    """Whether the header is DeepLabCut's."""
    return bool(rows) and rows[0][0].lower() == "scorer"


def read(rows: Rows) -> dict[str, Poses]:
    """Read the places of all body parts, each individual a track of its own.

    Places less likely than `LEAST_LIKELY` count as missing; parts that belong to no individual
    are left out. Of 3-D files, which tell no likelihood, every place counts.

    Raises:
        VideoError: If the header is not whole or cells are no numbers.
    """
    header = {}
    for row in rows[: len(_LEVELS)]:
        if row[0].lower() in _LEVELS:
            header[row[0].lower()] = row
    if not {"bodyparts", "coords"} <= header.keys():
        raise VideoError("has DeepLabCut's header, but without rows `bodyparts` and `coords`")
    if len({len(row) for row in header.values()}) > 1:
        raise VideoError("has DeepLabCut's header, but its rows are not as long as each other")
    body = rows[len(header) :]
    if not body:
        raise VideoError("has a header and no frame")
    individuals = header.get("individuals", [""] * len(header["coords"]))
    columns: dict[str, dict[str, dict[str, int]]] = {}
    for place in range(1, len(header["coords"])):
        animal, part = individuals[place], header["bodyparts"][place]
        parts = columns.setdefault(animal, {}).setdefault(part, {})
        parts[header["coords"][place].lower()] = place
    animals = {name: parts for name, parts in columns.items() if name != _NOT_ANIMALS} or columns
    frames = _frame_numbers(body)
    found = {name: _track(body, parts, len(header) + 1, frames) for name, parts in animals.items()}
    return {"": next(iter(found.values()))} if len(found) == 1 else found


def _track(rows: Rows, parts: dict[str, dict[str, int]], first: int, frames: list[int]) -> Poses:
    first_part = next(iter(parts.values()))
    axes = [axis for axis in "xyz" if axis in first_part]
    kinds = [*axes, *(["likelihood"] if "likelihood" in first_part else [])]
    try:
        places = [part[kind] for part in parts.values() for kind in kinds]
    except KeyError as error:
        raise VideoError(f"not every body part has coords {', '.join(kinds)}") from error
    values = numbers(rows, places, first).reshape(len(rows), len(parts), len(kinds))
    points, scores = values[..., : len(axes)], None
    if len(kinds) > len(axes):
        scores = values[..., -1]
        points = np.where(scores[..., None] >= LEAST_LIKELY, points, np.nan)
    return Poses.of(points, scores, tuple(parts), numbers=frames)


def _frame_numbers(rows: Rows) -> list[int]:
    """The first column, or the row's place where frames are named by picture files."""
    cells = [row[0] for row in rows]
    return (
        [int(cell) for cell in cells] if all(c.isdecimal() for c in cells) else [*range(len(rows))]
    )
