"""IKEA ASM: people put furniture together, filmed by three cameras.

Of Ben-Shabat et al. (The IKEA ASM Dataset, WACV 2021). The papers use the drawer shelf (folder
`Kallax_Shelf_Drawer`): 61 training and 29 test videos, which they validate on, with 17 labels
(Haresh et al., CVPR 2021).

A scan is `Kallax_Shelf_Drawer/0001_black_table_.../dev3/images/scan_video.avi`, or the frames
`000000.jpg` and on in its place; dev3 is the top view. `gt_segments.json` is ActivityNet's JSON
with segments in frames, counted from 0 and including both ends; `subset` is the split across
environments, also listed in `indexing_files/train_cross_env.txt` and `test_cross_env.txt`. The
label `NA` stands for background. A stretch of one single frame is lost by the release's own export;
such frames have no label here. Frames in folders are shown at 25 a second as in the released
videos (the paper says about 24).

What the papers' "no background" leaves out beyond `NA` is not confirmed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64

from inphase.data.datasets.dataset import Dataset, Missing, several
from inphase.data.images import is_image
from inphase.data.label_files import activitynet
from inphase.data.labels import UNLABELLED
from inphase.data.sources import SUFFIXES
from inphase.data.video import Video
from inphase.errors import InputError

URL = "https://ikeaasm.github.io/"
FURNITURE = "Kallax_Shelf_Drawer"
BACKGROUND = "NA"
COUNTS = {"train": 61, "val": 29}
_ANNOTATIONS = (
    "gt_segments.json",
    "annotations/action_annotations/gt_segments.json",
    "annotations/gt_segments.json",
    "action_annotations/gt_segments.json",
)
_SUBSETS = {"training": "train", "train": "train", "testing": "val", "test": "val"}


def is_here(root: Path) -> bool:
    """Whether a folder holds IKEA ASM: its annotations or its drawer shelf."""
    if (root / FURNITURE).is_dir():
        return True
    file = _annotations(root)
    return file is not None and FURNITURE.encode() in file.read_bytes()


def load(
    root: Path,
    *,
    furniture: str = FURNITURE,
    camera: str = "dev3",
    background: bool = True,
    fps: float | int = 25,
) -> Dataset:
    """Read IKEA ASM.

    Args:
        root: The data set's folder.
        furniture: The piece of furniture, as its folder is called.
        camera: dev1 (front), dev2 (side) or dev3 (top).
        background: Whether background is a label; else its frames have none.
        fps: How fast frames in folders are shown.

    Raises:
        InputError: If the annotations are wrong.
    """
    file = _annotations(root)
    missing: list[Missing] = []
    rows: dict[str, list[tuple[int, int, str]]] = {}
    if file is None:
        missing.append(Missing("gt_segments.json (what is done when)", URL))
        splits = _lists(root)
        if not splits:
            missing.append(Missing("indexing_files/*_cross_env.txt (splits)", URL))
            splits = {place.name: "" for place in sorted((root / furniture).glob("*"))}
            splits = {f"{furniture}/{scan}": split for scan, split in splits.items()}
    else:
        entries = activitynet.load(file)
        rows = {scan: _rows(entries[scan], f"{file}, video {scan}") for scan in entries}
        splits = {scan: _split(entries[scan], _lists(root).get(scan, "")) for scan in entries}
    scans = sorted(scan for scan in splits if scan.split("/")[0] == furniture)
    named = sorted({label for scan in scans for *_, label in rows.get(scan, [])} - {BACKGROUND})
    phases = (BACKGROUND, *named) if background and rows else tuple(named)
    videos, labels, absent = [], {}, []
    for scan in scans:
        path = _media(root / scan / camera)
        if path is None:
            absent.append(scan)
            continue
        name = scan.split("/", 1)[1]
        shown = fps if path.is_dir() else None
        group = name.split("_")[0]  # the person
        videos.append(
            Video(path, fps=shown, name=name, activity=furniture, group=group, split=splits[scan])
        )
        if scan in rows:
            labels[name] = _numbers(rows[scan], phases)
    if absent or not scans:
        what = f"{camera} of {several(absent, 'video')}" if absent else f"{furniture}/"
        missing.append(Missing(what, URL))
    return Dataset("IKEA ASM", videos, labels, {furniture: phases}, missing=missing)


def _annotations(root: Path) -> Path | None:
    return next((root / name for name in _ANNOTATIONS if (root / name).is_file()), None)


def _rows(entry: Any, where: str) -> list[tuple[int, int, str]]:
    rows = []
    for start, end, label in activitynet.annotations(entry, where):
        if start < 0 or end < start or start != int(start) or end != int(end):
            raise InputError(f"{where}: {label} runs from frame {start} to {end}")
        rows.append((int(start), int(end), label))
    return rows


def _split(entry: Any, listed: str) -> str:
    subset = entry.get("subset", "") if isinstance(entry, dict) else ""
    return listed or _SUBSETS.get(subset, "")


def _lists(root: Path) -> dict[str, str]:
    """Read the split from the lists of scans."""
    splits: dict[str, str] = {}
    for name, split in (("train", "train"), ("test", "val")):
        file = root / "indexing_files" / f"{name}_cross_env.txt"
        if file.is_file():
            splits |= dict.fromkeys(file.read_text().split(), split)
    return splits


def _media(device: Path) -> Path | None:
    """Find a camera's video or its folder of frames."""
    images = device / "images"
    if not images.is_dir():
        return None
    files = sorted(images.iterdir())
    movie = next((file for file in files if file.suffix.lower() in SUFFIXES), None)
    return movie or (images if any(map(is_image, files)) else None)


def _numbers(
    rows: Sequence[tuple[int, int, str]], phases: Sequence[str]
) -> Int64[np.ndarray, " t"]:
    """One number a frame, up to the last one that was labelled."""
    places = {name: k for k, name in enumerate(phases)}
    last = max((end for _, end, _ in rows), default=-1)
    labels = np.full(last + 1, UNLABELLED, np.int64)
    for start, end, label in rows:
        labels[start : end + 1] = places.get(label, UNLABELLED)
    return labels
