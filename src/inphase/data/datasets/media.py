"""Find downloaded videos by their names, wherever below a folder they lie."""

import os
from pathlib import Path

from inphase.data.sources import SUFFIXES


def videos_by_name(root: Path) -> dict[str, Path]:
    """Every video file below a folder, by its name without suffix and by folder/name.

    Of several with one name the first in alphabetical order counts.
    """
    found: dict[str, Path] = {}
    for place, folders, names in os.walk(root, followlinks=True):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            if path.suffix.lower() in SUFFIXES and not name.startswith("."):
                found.setdefault(path.stem, path)
                found.setdefault(f"{path.parent.name}/{path.stem}", path)
    return found


def folder_with(root: Path, pattern: str, *, beside: str = "") -> Path | None:
    """Find the folder of files that match a pattern: this one, one right below, or one beside.

    Args:
        root: The folder.
        pattern: Of the files' names.
        beside: What the folder beside this one would be called.
    """
    found = min(root.glob(pattern), default=None) or min(root.glob(f"*/{pattern}"), default=None)
    if found is None and beside:
        found = min((root.absolute().parent / beside).glob(pattern), default=None)
    return found.parent if found else None
