"""A folder of rendered videos beside their truth."""

import csv
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from inphase.data.rendered.film import Plan, frames, plan
from inphase.data.rendered.level import Level
from inphase.data.rendered.timing import Truth
from inphase.errors import InputError
from inphase.files import atomic, write_text

SETTINGS, TRUTH, PHASES = "rendered.json", "truth.npz", "phases.csv"
# Raised when the same settings begin to give other pictures, so that old folders are made anew.
EDITION = 2


def make(
    folder: Path | str,
    *,
    activity: str = "pouring",
    videos: int = 20,
    seed: int = 0,
    difficulty: float | int | Level = 0.25,
    size: tuple[int, int] = (160, 160),
    fps: float | int = 15.0,
    workers: int = 2,
) -> list[Path]:
    """Render videos into a folder, with their truth; do nothing if they are already there.

    Writes `00.mp4`, `01.mp4`, ... (H.264), `phases.csv` (columns video, start, end, label; seconds,
    half-open), `truth.npz` (canonical time of every frame, see `load_truth`) and `rendered.json`
    (the settings).

    Args:
        folder: Made if absent.
        activity: A name in `ACTIVITIES`.
        videos: How many.
        seed: Video k of seed s is always the same, however many there are.
        difficulty: 0 to 1, or a `Level`.
        size: Height and width, even.
        fps: Frames per second.
        workers: Threads.

    Returns:
        The video files.

    Raises:
        InputError: If a setting cannot be used, or if the folder holds something else.
    """
    folder = Path(folder)
    if videos < 1:
        raise InputError(f"asked for {videos} rendered videos: give 1 or more")
    plans = [
        plan(activity, seed=seed * 100_000 + k, difficulty=difficulty, size=size, fps=fps)
        for k in range(videos)
    ]
    digits = max(2, len(str(videos - 1)))
    paths = [folder / f"{k:0{digits}d}.mp4" for k in range(videos)]
    settings = {
        "edition": EDITION,
        "activity": activity,
        "videos": videos,
        "seed": seed,
        "level": asdict(plans[0].level),
        "size": list(size),
        "fps": fps,
    }
    if is_made(folder, settings, [*paths, folder / TRUTH]):
        return paths
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        list(pool.map(_film, plans, paths))
    truths = {path.stem: p.truth for path, p in zip(paths, plans, strict=True)}
    _save_truth(folder, truths)
    return paths


# A group of one frame, and one quantiser for all instead of one that looks ahead.
ALONE = {"g": "1", "qp": "20"}


def is_made(folder: Path, settings: dict, files: Iterable[Path]) -> bool:
    """Whether a folder holds all files of these settings; else note the settings, to make them.

    Settings are noted before anything is made, so that a run that was cut short is taken up.

    Raises:
        InputError: If the folder holds videos of other settings.
    """
    marker = folder / SETTINGS
    if marker.is_file() and json.loads(marker.read_text()) == settings:
        return all(path.is_file() for path in files)
    if folder.is_dir() and any(folder.rglob("*.mp4")):
        raise InputError(
            f"{folder} holds other videos than those asked for: give another folder, or empty it"
        )
    write_text(marker, json.dumps(settings, indent=1))
    return False


def write_video(
    path: Path, pictures: Iterable[np.ndarray], fps: float, *, alone: bool = False
) -> None:
    """Write RGB frames of one size as an H.264 video; frame k is shown at k / fps seconds.

    Args:
        path: The file.
        pictures: The frames.
        fps: Frames per second.
        alone: Code each frame by itself and all alike, so that it decodes to a function of its
            picture, not of the frames around it.
    """
    rate = Fraction(fps).limit_denominator(1001)
    with atomic(path) as temporary, av.open(str(temporary), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "veryfast", **(ALONE if alone else {"crf": "20"})}
        # One thread gives the same file on every machine.
        stream.codec_context.thread_count = 1
        for k, picture in enumerate(pictures):
            if k == 0:
                stream.height, stream.width = picture.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def load_truth(folder: Path | str) -> dict[str, Truth]:
    """Return the truth of every video that `make` wrote, by name.

    Raises:
        InputError: If the folder was not made by `make`.
    """
    path = Path(folder) / TRUTH
    if not path.is_file():
        raise InputError(f"{folder} has no {TRUTH}: give a folder of rendered videos")
    with np.load(path) as arrays:
        phases = tuple(arrays["phases"].tolist())
        return {
            name: Truth(**{key: arrays[f"{name}/{key}"] for key in ARRAYS}, phases=phases)
            for name in arrays["videos"].tolist()
        }


ARRAYS = ("times", "phase_time", "labels")


def _film(plan: Plan, path: Path) -> None:
    write_video(path, frames(plan), plan.fps)


def _save_truth(folder: Path, truths: dict[str, Truth]) -> None:
    arrays = {
        f"{name}/{key}": getattr(truth, key) for name, truth in truths.items() for key in ARRAYS
    }
    phases = next(iter(truths.values())).phases
    with atomic(folder / TRUTH) as temporary:
        np.savez(temporary, videos=list(truths), phases=list(phases), **arrays)
    with atomic(folder / PHASES) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["video", "start", "end", "label"])
        for name, truth in truths.items():
            for start, end, label in truth.segments():
                writer.writerow([name, f"{start:.6f}", f"{end:.6f}", label])
