"""The published numbers of paper_tables.md, read."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from inphase.errors import InputError

FILE = Path(__file__).with_suffix(".md")

_ID = re.compile(r"[a-z]+(-[a-z]+)*-\d+[a-z]?")
_FIELDS = ("paper", "table", "data", "note")


@dataclass(frozen=True)
class PaperTable:
    """One result table of a paper.

    Attributes:
        id: Paper and table number, as in `carl-1`.
        paper: Short name, authors and title.
        table: Number as printed.
        data: Data sets.
        note: Protocol, as far as the paper states it.
        columns: Names of all columns; the first is the method.
        metrics: Names of those columns that hold numbers.
        rows: For each row its cells, numbers as printed; a missing number is "".
    """

    id: str
    paper: str
    table: str
    data: str
    note: str
    columns: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def named(self, row: tuple[str, ...]) -> dict[str, str]:
        """The cells of a row by column."""
        return dict(zip(self.columns, row, strict=True))


@cache
def published() -> dict[str, PaperTable]:
    """All tables of `paper_tables.md`, by id."""
    return read_tables(FILE)


def paper_table(name: str) -> PaperTable:
    """Find a table by its id.

    Raises:
        InputError: If there is none.
    """
    if name not in published():
        raise InputError(f"there is no table '{name}': use one of {', '.join(published())}")
    return published()[name]


def read_tables(path: Path) -> dict[str, PaperTable]:
    """All tables of the file by id, in its order.

    Raises:
        ValueError: An id occurs twice, a table lacks a line, or a row has more or fewer cells
            than the header.
    """
    tables: dict[str, PaperTable] = {}
    for section in re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading, *lines = section.splitlines()
        if not _ID.fullmatch(heading):
            continue
        if heading in tables:
            raise ValueError(f"{path} has two tables {heading}: give one of them another id.")
        tables[heading] = _table(heading, lines)
    return tables


def _table(name: str, lines: list[str]) -> PaperTable:
    stated = dict(line[2:].split(": ", 1) for line in lines if line.startswith("- "))
    header, rule, *rows = (_cells(line) for line in lines if line.startswith("|"))
    if tuple(stated) != _FIELDS:
        raise ValueError(f"{name} states {', '.join(stated)}: write {', '.join(_FIELDS)}.")
    for row in (rule, *rows):
        if len(row) != len(header):
            raise ValueError(f"{name} has {len(header)} columns, but {len(row)} cells in {row}.")
    metrics = (column for column, mark in zip(header, rule, strict=True) if mark.endswith(":"))
    return PaperTable(name, **stated, columns=header, metrics=tuple(metrics), rows=tuple(rows))


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
