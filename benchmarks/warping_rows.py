"""Rows of the table of the warping kernels."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        case: What is computed.
        ours: Time, memory or error of inphase.
        other: The call it is compared with.
        theirs: Its time, memory or error.
        factor: By how much inphase is better; or, for the floor, worse.
        target: What was to be reached, in words; empty where nothing was set.
        reached: Whether it was.
    """

    case: str
    ours: str
    other: str
    theirs: str
    factor: float
    target: str = ""
    reached: bool | None = None


def faster(case: str, ours: float, other: str, theirs: float, target: float | None = None) -> Row:
    """A row of two times in seconds, and by how much inphase is to be faster."""
    factor = theirs / ours
    words = "" if target is None else f"{target:g} times faster"
    reached = None if target is None else factor >= target
    return Row(case, duration(ours), other, duration(theirs), factor, words, reached)


def duration(seconds: float) -> str:
    """A time to three digits."""
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def markdown(rows: Sequence[Row]) -> str:
    """One line per row; a case is named where it begins."""
    lines = [
        "| case | inphase | other | | ratio | target | reached |",
        "|---|---|---|---|---|---|---|",
    ]
    case = None
    for row in rows:
        first = row.case if row.case != case else ""
        case = row.case
        reached = {True: "yes", False: "**no**", None: ""}[row.reached]
        lines.append(
            f"| {first} | {row.ours} | {row.other} | {row.theirs} | {row.factor:.3g} | "
            f"{row.target} | {reached} |"
        )
    return "\n".join(lines) + "\n"
