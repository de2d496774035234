"""The columns of the papers' tables in our own words: which score, in which unit."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from inphase.evaluation.protocols import Protocol, protocol_of

_COLUMN = re.compile(r"(\w+)(?:@([\d.]+))?(?: \[(.+)\])?")
_METRICS = {
    "classification": "classification",
    "progression": "progression",
    "AP": "retrieval",
    "dtw_accuracy": "dtw_accuracy",
    "one_shot_classification": "one_shot",
    "rand_index": "rand_index",
    "tau": "tau",
}
_SCORES = {
    "dtw_accuracy": "DTW accuracy",
    "one_shot_classification": "one-shot",
    "rand_index": "Rand index",
}
_OF_ONE = {"progression", "tau", "rand_index"}
SUB_ACTION = "sub_action_classification"


@dataclass(frozen=True)
class Column:
    """A metric of a table.

    Attributes:
        name: As the table has it.
        score: As an evaluation calls it; empty if it is not measured here.
        metric: Of `inphase.evaluation.protocols.METRICS`, or `SUB_ACTION`.
        at: The K or the share of labels behind the @; 0 if none is printed.
        percent: Whether it stands in percent.
    """

    name: str
    score: str
    metric: str
    at: float
    percent: bool

    def shown(self, value: float) -> float:
        """A score in the unit of the table."""
        return 100 * value if self.percent else value


def column_of(name: str) -> Column:
    """Read the heading of a metric, such as `tau [%]` or `classification@0.5`."""
    match = _COLUMN.fullmatch(name)
    assert match
    what, at, unit = match[1], float(match[2] or 0), match[3]
    percent = unit == "%" or (unit is None and what not in _OF_ONE)
    if what == "classification":
        score = f"classification@{at or 1:g}"  # with all labels, where no share is printed
    elif what == "AP":
        score = f"AP@{at:g}"
    elif what == SUB_ACTION:
        return Column(name, name, SUB_ACTION, at, percent)
    else:
        score = _SCORES.get(what, what if what in _METRICS else "")
    return Column(name, score, _METRICS.get(what, ""), at, percent)


def protocol_for(name: str, columns: Sequence[Column], stride: int) -> Protocol | None:
    """The protocol with the metrics, shares and K of a table; None if it measures none of them.

    Args:
        name: Of the protocol.
        columns: Of the table.
        stride: For the protocol `carl`, whose code has another one for each data set.
    """
    wanted = tuple(dict.fromkeys(c.metric for c in columns if c.metric in _METRICS.values()))
    if not wanted:
        return None
    protocol = protocol_of(name, metrics=wanted, stride=stride if name == "carl" else None)
    shares = tuple(sorted({c.at or 1.0 for c in columns if c.metric == "classification"}))
    ks = tuple(sorted({int(c.at) for c in columns if c.metric == "retrieval"}))
    return replace(
        protocol,
        fractions=shares or protocol.fractions,
        retrieval_k=ks or protocol.retrieval_k,
    )


def in_columns(columns: Sequence[Column], scores: Mapping[str, float]) -> dict[str, float]:
    """Scores by the table's columns and in its units."""
    return {c.name: c.shown(scores[c.score]) for c in columns if c.score in scores}
