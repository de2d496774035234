"""Results of several seeds as one Markdown table."""

from collections.abc import Mapping, Sequence

import numpy as np


def markdown(rows: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """One line per row: mean over its runs, and their standard deviation where there are several.

    Args:
        rows: For each row its runs (seeds), for each run its scores by name. All have the same
            scores.
    """
    columns = list(next(iter(rows.values()))[0])
    lines = [
        "| | " + " | ".join(columns) + " |",
        "|---|" + "---|" * len(columns),
    ]
    for row, runs in rows.items():
        cells = (_cell([run[column] for run in runs]) for column in columns)
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(values: Sequence[float]) -> str:
    mean = f"{np.mean(values):.3f}"
    return mean if len(values) == 1 else f"{mean} ± {np.std(values, ddof=1):.3f}"
