"""Tell public data sets apart by what lies in a folder."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from inphase.data.datasets import (
    coin,
    finegym,
    folder,
    hmdb51,
    ikea_asm,
    kinetics,
    penn_action,
    penn_action_pose,
    pouring,
    ucf101,
)
from inphase.data.datasets.dataset import Dataset
from inphase.errors import InputError

# Each has `is_here(root)` and `load(root, ...)`. Any folder is the generic one, so it is last.
DATASETS: dict[str, ModuleType] = {
    "pouring": pouring,
    "penn_action": penn_action,
    "penn_action_pose": penn_action_pose,
    "ikea_asm": ikea_asm,
    "coin": coin,
    "finegym": finegym,
    "ucf101": ucf101,
    "hmdb51": hmdb51,
    "kinetics": kinetics,
    "folder": folder,
}


def recognise(root: Path | str, *, fold: int | None = None) -> Dataset | None:
    """Read the public data set in a folder; nothing is written.

    Args:
        root: The folder.
        fold: Which of its divisions into train and test, if it has several; the first if None.

    Returns:
        The data set, or None if the folder holds none that is known.

    Raises:
        InputError: If it holds one whose labels are wrong, or none with such a fold.
    """
    root = Path(root)
    name = _name(root)
    folds = getattr(DATASETS[name], "FOLDS", ())
    if fold is not None and not folds:
        raise InputError(f"{root}: has no fold {fold}, for it is no data set with several folds")
    if name == "folder":
        return None
    look: Callable[..., Dataset] = getattr(DATASETS[name], "look", DATASETS[name].load)
    return look(root) if fold is None else look(root, fold=fold)


def load(root: Path | str, name: str | None = None, **options: Any) -> Dataset:
    """Read a data set; frames inside TFRecords are unpacked beside them the first time.

    Args:
        root: The folder.
        name: One of `DATASETS`; told by what lies in the folder if None.
        **options: Of the data set's own `load`.

    Raises:
        InputError: If there is no such folder or data set, or its labels are wrong.
    """
    root = Path(root)
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder")
    name = name or _name(root)
    if name not in DATASETS:
        raise InputError(f"{name}: is no known data set; known are {', '.join(DATASETS)}")
    return DATASETS[name].load(root, **options)


def _name(root: Path) -> str:
    if not root.is_dir():
        return "folder"
    return next(name for name, module in DATASETS.items() if module.is_here(root))
