"""What an evaluation found: scores, controls, intervals, and all that is needed to do it again."""

import math
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from inphase.errors import InputError
from inphase.evaluation.intervals import ROUGH, Comparison, Interval
from inphase.evaluation.protocols import Protocol
from inphase.evaluation.scores import CYCLES, UNLABELLED

FILES = ("evaluation.json", "evaluation.md", "evaluation.csv", "evaluation.tex")


@dataclass(frozen=True)
class Row:
    """One line of the table: a model or a control.

    Attributes:
        name: As it is shown.
        kind: "model", "against" for one that it is compared with, or "control".
        activities: Scores by activity, then by metric; of several models their mean.
        scores: Mean over activities, by metric.
        spread: Standard deviation of that over several models (seeds).
        intervals: 95 % of draws of other videos.
        beyond: Beyond the clock, for metrics that need labels; empty for controls.
        margins: Of means over episodes, which labels were seen: 95 % are within it.
    """

    name: str
    kind: str
    activities: dict[str, dict[str, float]]
    scores: dict[str, float]
    spread: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, Interval] = field(default_factory=dict)
    beyond: dict[str, float] = field(default_factory=dict)
    margins: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """An evaluation.

    Attributes:
        protocol: All switches.
        rows: The models first, then the controls.
        metrics: Names of the columns.
        against_clock: For each model by name, how it compares with the better clock.
        comparisons: How the first model compares with each other one.
        data: Digest, videos and phases by activity.
        models: Name, source, digest and training seed of each model.
        seed: Of everything random here.
        draws: Of the bootstrap.
        versions: Of what computed it.
        notes: What else a reader should know.
    """

    protocol: Protocol
    rows: list[Row]
    metrics: list[str]
    against_clock: dict[str, list[Comparison]]
    comparisons: list[Comparison]
    data: dict[str, Any]
    models: list[dict[str, Any]]
    seed: int
    draws: int
    versions: dict[str, str]
    notes: list[str]

    def row(self, name: str) -> Row:
        """The line of this name.

        Raises:
            InputError: If there is none.
        """
        for row in self.rows:
            if row.name == name:
                return row
        raise InputError(f"there is no row '{name}', only {', '.join(r.name for r in self.rows)}")

    @property
    def sentences(self) -> list[str]:
        """What the table says, in words."""
        lines = [
            sentence
            for name, each in self.against_clock.items()
            for sentence in _beyond_clock(name, each)
        ]
        lines += [each.sentence for each in self.comparisons if each.metric not in UNLABELLED]
        if "tau" in self.metrics:
            lines.append(
                "tau is no headline: a clock, which looks at no pixel, reaches .99 on most sets"
            )
        if set(self.metrics) & set(CYCLES.values()):
            lines.append(
                "cycle consistency is no headline: a clock, which looks at no pixel, comes back "
                "nearly always"
            )
        fewest = min(each["scored"] for each in self.data["activities"].values())
        if fewest == 1:
            lines.append("a single scored video has no interval, and nothing is sure of it")
        elif fewest < ROUGH:
            lines.append(f"with {fewest} scored videos the intervals are rough, likely too narrow")
        return lines + self.notes

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values; None where a score is undefined."""
        made = asdict(self)
        made["protocol"] = self.protocol.as_dict()
        return plain(made | {"sentences": self.sentences})

    def save(self, folder: Path | str) -> list[Path]:
        """Write the result as JSON, Markdown, CSV and LaTeX, each whole or not at all.

        Args:
            folder: Made if missing; older results in it are replaced.

        Returns:
            The files written.
        """
        from inphase.evaluation.tables import write

        return write(self, Path(folder))

    def __str__(self) -> str:
        from inphase.evaluation.tables import text

        return text(self)


def _beyond_clock(name: str, comparisons: Sequence[Comparison]) -> list[str]:
    unsure = [each.metric for each in comparisons if each.winner != 0]
    if not unsure:
        return []
    if len(unsure) == len(comparisons):
        return [
            f"{name} adds nothing to the clock: on no score that needs labels is it surely better "
            "than elapsed time alone"
        ]
    return [f"{name} is not surely better than the clock on {', '.join(unsure)}"]


def beyond(score: float, clock: float, *, error: bool = False) -> float:
    r"""How much of what the clock leaves to gain a score gains.

    $(s - c) / (1 - c)$ for metrics whose best is 1; for errors, whose best is 0, the mirrored
    $(c - s) / c$. 1 is perfect, 0 as good as the clock, below 0 worse. NaN if the clock is perfect.
    """
    gained, left = (clock - score, clock) if error else (score - clock, 1 - clock)
    return gained / left if left > 0 else math.nan


def versions() -> dict[str, str]:
    """Of Python and of the packages that scores come from."""
    found = {"python": platform.python_version()}
    for package in ("inphase", "numpy", "torch", "scipy", "scikit-learn", "numba"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found


def plain(value: Any) -> Any:
    """Tuples as lists and NaN as None, which JSON has no word for."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
