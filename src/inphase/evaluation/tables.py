"""An evaluation as people read it: a printed table, Markdown, LaTeX; and CSV for spreadsheets."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

from inphase.evaluation.intervals import Interval, number
from inphase.evaluation.result import FILES, Result, Row
from inphase.files import write_text

KEYS = ("row", "kind", "activity", "metric")
_LATEX = str.maketrans(
    {
        **{sign: f"\\{sign}" for sign in "_%&#$" + "{}"},
        **{sign: f"${sign}$" for sign in "<>"},
        "±": r"$\pm$",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}",
    }
)


def write(result: Result, folder: Path) -> list[Path]:
    """Write all forms; see `Result.save`."""
    texts = (
        json.dumps(result.as_dict(), indent=2, ensure_ascii=False) + "\n",
        markdown(result),
        comma_separated(result),
        latex(result),
    )
    paths = [folder / name for name in FILES]
    for path, content in zip(paths, texts, strict=True):
        write_text(path, content)
    return paths


def text(result: Result) -> str:
    """For a terminal: what was scored, the table, and what it says in words."""
    cells = [["", *result.metrics], *_lines(result)]
    widths = [max(len(line[k]) for line in cells) for k in range(len(cells[0]))]
    table = [
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip()
        for line in cells
    ]
    said = [f"- {sentence}" for sentence in result.sentences]
    return "\n".join([heading(result), "", *table, "", *said])


def markdown(result: Result) -> str:
    """The table, what it says in words, and the scores of each activity if there are several."""
    parts = [heading(result), "", *_markdown(["", *result.metrics], _lines(result)), ""]
    parts += [f"- {sentence}" for sentence in result.sentences]
    for activity in result.data["activities"]:
        if len(result.data["activities"]) > 1:
            rows = [
                [row.name, *(number(row.activities[activity].get(m)) for m in result.metrics)]
                for row in result.rows
            ]
            parts += ["", f"{activity or 'no activity'}", ""]
            parts += _markdown(["", *result.metrics], rows)
    return "\n".join(parts) + "\n"


def heading(result: Result) -> str:
    """One line: protocol, data, models."""
    splits = [
        f"{name}: {each['split']}" if name else each["split"]
        for name, each in result.data["activities"].items()
    ]
    shown = "; ".join(splits[:3]) + (f"; {len(splits) - 3} more" if len(splits) > 3 else "")
    return (
        f"Protocol {result.protocol.name}, data {result.data['digest']}, seed {result.seed}. "
        f"{shown}. Intervals: 95 %, {result.draws} draws of videos."
    )


def latex(result: Result) -> str:
    """The table as a LaTeX tabular, without packages."""
    lines = [["", *result.metrics], *_lines(result)]
    rows = [" & ".join(cell.translate(_LATEX) for cell in line) + r" \\" for line in lines]
    begin = rf"\begin{{tabular}}{{l{'r' * len(result.metrics)}}}"
    head = f"% {heading(result)}"
    return "\n".join([head, begin, rows[0], r"\hline", *rows[1:], r"\end{tabular}"]) + "\n"


def comma_separated(result: Result) -> str:
    """One line for each score: of each activity, and the mean over them as activity `mean`."""
    made = io.StringIO()
    table = csv.writer(made, lineterminator="\n")
    table.writerow((*KEYS, "score", "sd", "low", "high", "episodes", "beyond_clock"))
    for row in result.rows:
        for activity, scores in row.activities.items():
            for metric, value in scores.items():
                table.writerow((row.name, row.kind, activity, metric, value, *[""] * 5))
        for metric, value in row.scores.items():
            within = row.intervals.get(metric)
            low, high = (within.low, within.high) if within else ("", "")
            spread, margin, above = (
                each.get(metric, "") for each in (row.spread, row.margins, row.beyond)
            )
            numbers = value, spread, low, high, margin, above
            table.writerow((row.name, row.kind, "mean", metric, *numbers))
    return made.getvalue()


def _lines(result: Result) -> list[list[str]]:
    """The cells of the table: a line a row; under models their interval and what is gained."""
    lines = []
    for row in result.rows:
        lines.append([row.name, *(_score(row, metric) for metric in result.metrics)])
        if row.intervals:
            cells = (_between(row.intervals.get(metric)) for metric in result.metrics)
            lines.append(["  95 %", *cells])
        if row.margins:
            cells = (_margin(row.margins.get(metric)) for metric in result.metrics)
            lines.append(["  95 % of episodes", *cells])
        if row.beyond:
            cells = (number(row.beyond.get(metric)) for metric in result.metrics)
            lines.append(["  beyond the clock", *cells])
    return lines


def _score(row: Row, metric: str) -> str:
    value, spread = row.scores.get(metric), row.spread.get(metric)
    return number(value) + (f" ± {number(spread)}" if spread is not None else "")


def _between(interval: Interval | None) -> str:
    return f"{number(interval.low)} to {number(interval.high)}" if interval else "-"


def _margin(margin: float | None) -> str:
    return f"± {number(margin)}" if margin is not None else "-"


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return ["| " + " | ".join(cell.strip() for cell in line) + " |" for line in lines]
