"""Tables in text files, row by row, each row with the name that errors call it by."""

import csv
import io
import math
from pathlib import Path

from inphase.errors import InputError

Row = tuple[dict[str, str], str]  # the cells by column in lower case; "file, line 3"


def read_text(path: Path) -> str:
    """Read a whole text file, with or without a byte order mark.

    Raises:
        InputError: If it cannot be read as UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not a text file in UTF-8") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def read_table(path: Path) -> tuple[list[str], list[Row]]:
    """Read a table whose columns are divided by commas, semicolons or tabs.

    Returns:
        The columns' names in lower case, and the rows that are not empty.

    Raises:
        InputError: If the file is no text or has no header.
    """
    text = read_text(path)
    header = text.split("\n", 1)[0]
    delimiter = max("\t;,", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="")
    columns = [(name or "").strip().lower() for name in reader.fieldnames or []]
    if not any(columns):
        raise InputError(f"{path}: is empty; expected a header and one row for each segment")
    reader.fieldnames = columns
    rows = []
    for row in reader:
        cells = {name: cell.strip() for name, cell in row.items() if isinstance(cell, str)}
        if any(cells.values()):
            rows.append((cells, f"{path}, line {reader.line_num}"))
    return columns, rows


def seconds(cells: dict[str, str], column: str, where: str) -> float:
    """Read a time in seconds.

    Raises:
        InputError: If the cell is not a finite number.
    """
    try:
        number = float(cells[column])
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{where}: {column} is `{cells[column]}`, not a number of seconds")
    return number
