"""Rows of a CSV, and numbers out of them."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from inphase.data.opening import VideoError

Rows = list[list[str]]


def read_rows(path: Path) -> Rows:
    """Read the cells of all rows that are not empty; none of a file that is no text.

    Raises:
        VideoError: If the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return []
    except OSError as error:
        raise VideoError(f"cannot be read ({error.strerror})") from None
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return [[cell.strip() for cell in row] for row in rows if any(row)]


def numbers(rows: Rows, columns: Sequence[int], first: int) -> Float64[np.ndarray, "t columns"]:
    """Read columns of numbers; empty cells are NaN.

    Args:
        rows: Without the header.
        columns: Which.
        first: The line of the first row in the file, for errors.

    Raises:
        VideoError: If a cell is missing or is no number.
    """
    try:
        return np.array(
            [[float(row[column] or "nan") for column in columns] for row in rows], np.float64
        ).reshape(len(rows), len(columns))
    except (ValueError, IndexError):
        for line, row in enumerate(rows, first):
            for column in columns:
                cell = row[column] if column < len(row) else "missing"
                if not _is_number(cell):
                    raise VideoError(
                        f"line {line}, column {column + 1} is `{cell}`, not a number"
                    ) from None
        raise


def _is_number(cell: str) -> bool:
    try:
        float(cell or "nan")
    except ValueError:
        return False
    return True
