"""A paper's table with our numbers below its own, as text, Markdown and JSON."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from inphase.evaluation.published.columns import column_of
from inphase.evaluation.published.paper_tables import PaperTable
from inphase.evaluation.result import plain
from inphase.files import write_text


@dataclass(frozen=True)
class FilledRow:
    """A row of the paper's table, and what was found for it.

    Attributes:
        printed: Its cells as the paper has them.
        found: By column the score of each seed, in the unit of the table.
        reason: Why there is none, in words.
        runs: The folders of the models scored, or the names of those that need no training.
    """

    printed: tuple[str, ...]
    found: dict[str, list[float]] = field(default_factory=dict)
    reason: str = ""
    runs: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Reproduction:
    """A reproduced table.

    Attributes:
        paper: The table as published.
        rows: One for each of its rows.
        clocks: By data set and by name of the clock, its scores by column.
        setup: In sentences, what was done otherwise than in the paper; data, models, protocol.
        notes: What else a reader should know.
        facts: All switches, for scripts.
    """

    paper: PaperTable
    rows: list[FilledRow]
    clocks: dict[str, dict[str, dict[str, float]]]
    setup: list[str]
    notes: list[str]
    facts: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values; None where a score is undefined."""
        return plain(asdict(self) | {"table": self.paper.id})

    def save(self, folder: Path | str) -> list[Path]:
        """Write Markdown and JSON, named after the table; older ones are replaced.

        Returns:
            The files written.
        """
        paths = [Path(folder) / f"{self.paper.id}{suffix}" for suffix in (".md", ".json")]
        write_text(paths[0], self.markdown())
        write_text(paths[1], json.dumps(self.as_dict(), indent=2, ensure_ascii=False) + "\n")
        return paths

    def markdown(self) -> str:
        """The whole table: what was done, the numbers, what is missing."""
        head, *lines = self._cells()
        first = len(self.paper.columns) - len(self.paper.metrics) + 1
        rule = ["---"] * first + ["---:"] * len(self.paper.metrics)
        table = [
            "| " + " | ".join(cell.strip() for cell in cells) + " |"
            for cells in (head, rule, *lines)
        ]
        title = f"# {self.paper.id}: {self.paper.paper}, table {self.paper.table}"
        said = [f"- {note}" for note in self.notes]
        setup = [f"- {line}" for line in self.setup]
        return "\n".join([title, "", *setup, "", *table, "", *said]).rstrip() + "\n"

    def __str__(self) -> str:
        """For a terminal."""
        cells = self._cells()
        widths = [max(len(line[k]) for line in cells) for k in range(len(cells[0]))]
        first = len(widths) - len(self.paper.metrics)
        table = [
            "  ".join(
                cell.ljust(width) if k < first else cell.rjust(width)
                for k, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in cells
        ]
        title = f"{self.paper.id}: {self.paper.paper}, table {self.paper.table}"
        return "\n".join(
            [title, *self.setup, "", *table, "", *(f"- {note}" for note in self.notes)]
        ).rstrip()

    def _cells(self) -> list[list[str]]:
        """The cells of the table, its head first: two lines a row, then the clocks."""
        metrics = self.paper.metrics
        first = len(self.paper.columns) - len(metrics)
        lines = [[*self.paper.columns[:first], "by", *metrics]]
        for row in self.rows:
            lines.append([*row.printed[:first], "paper", *row.printed[first:]])
            # A sentence would widen a column of numbers; it stands where the method does.
            by = "inphase" if row.found else "-"
            numbers = [_number(name, row.found.get(name, [])) for name in metrics]
            lines.append([f"  {row.reason}".rstrip(), *[""] * (first - 1), by, *numbers])
        for data, clocks in self.clocks.items():
            where = f", {data}" if len(self.clocks) > 1 else ""
            for name, scores in clocks.items():
                numbers = [_number(m, [scores[m]] if m in scores else []) for m in metrics]
                lines.append([f"{name}{where}", *[""] * (first - 1), "inphase", *numbers])
        return lines


def _number(column: str, values: list[float]) -> str:
    """Mean and, over seeds, standard deviation; two digits of a percentage, three of one."""
    percent = column_of(column).percent
    digits, least = (2, -1000) if percent else (3, -10)
    if not values or any(value != value for value in values):
        return "-"
    if mean(values) < least:
        return f"< {least}"
    spread = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{mean(values):.{digits}f}{spread}"
