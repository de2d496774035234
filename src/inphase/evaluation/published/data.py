"""The data sets of the papers' tables: how each is read, and where it is published."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inphase.data.datasets import coin, finegym, ikea_asm, penn_action, pouring
from inphase.data.datasets.dataset import Dataset, Missing
from inphase.data.datasets.recognise import DATASETS

_SHORTER = tuple(
    name for name in penn_action.ACTIONS if name not in ("baseball_swing", "tennis_forehand")
)


@dataclass(frozen=True)
class Source:
    """A data set as a paper uses it.

    Attributes:
        name: One of `DATASETS`.
        where: Where it is published.
        options: How the paper reads it, for its `load`.
        folder: Of its runs.
        activities: How many the paper has.
        stride: Of the protocol `carl`, whose code has one for each data set.
    """

    name: str
    where: str
    options: Mapping[str, Any] = field(default_factory=dict)
    folder: str = ""
    activities: int = 1
    stride: int = 2

    def place(self, root: Path) -> Path | None:
        """Find its folder: this one, or one right below."""
        is_here = DATASETS[self.name].is_here
        below = sorted(path for path in root.iterdir() if path.is_dir())
        return next((path for path in (root, *below) if is_here(path)), None)

    def load(self, place: Path) -> Dataset:
        """Read it as the paper does.

        Raises:
            InputError: If its labels are wrong.
        """
        return DATASETS[self.name].load(place, **self.options)


_PENN = f"{penn_action.URL} (frames) and {penn_action.LABELS_URL} (phases)"
_COIN = f"{coin.URL} and {coin.ANNOTATIONS_URL}"

# LAV's numbers are those that VAVA gives for IKEA ASM without background. FineGym's labels are
# those of CARL, whose vaults are labelled at their last stage alone.
SOURCES = {
    "Pouring": Source("pouring", pouring.URL, folder="pouring", stride=5),
    "Penn Action": Source("penn_action", _PENN, folder="penn_action", activities=13),
    "Penn Action, 11 actions": Source(
        "penn_action", _PENN, {"actions": _SHORTER}, "penn_action", 11
    ),
    "IKEA ASM": Source("ikea_asm", ikea_asm.URL, {"background": False}, "ikea_asm"),
    "IKEA ASM, no background": Source("ikea_asm", ikea_asm.URL, {"background": False}, "ikea_asm"),
    "IKEA ASM, background": Source(
        "ikea_asm", ikea_asm.URL, {"background": True}, "ikea_asm_background"
    ),
    "COIN": Source("coin", _COIN, folder="coin", activities=6),
    "FineGym99": Source("finegym", finegym.URL, {"classes": 99, "stages": "last"}, "finegym99", 4),
    "FineGym288": Source(
        "finegym", finegym.URL, {"classes": 288, "stages": "last"}, "finegym288", 4
    ),
}


def absent(name: str) -> Missing:
    """A data set that is not there at all."""
    return Missing(name, SOURCES[name].where)
