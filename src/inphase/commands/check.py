"""`inphase check`."""

import json as json_module
from pathlib import Path

from tyro.conf import Positional

from inphase.commands.arguments import Videos
from inphase.console import rate, say, typed
from inphase.errors import InputError


def check(
    videos: Positional[Videos],
    /,
    *,
    fps: float | None = None,
    strict: bool = False,
    write: Path | None = None,
    json: bool = False,
) -> None:
    """Look at videos: lengths, frame rates, bad files, likely slow motion.

    inphase check squats/

    Args:
        videos: A video, a folder of videos, or a CSV with a `video` column.
        fps: Frame rate for folders of images, and for poses without times.
        strict: Stop with an error if any file cannot be used.
        write: Also write the usable videos to this CSV, to edit and train from.
        json: Print JSON.
    """
    from inphase.data.collection import inspect, write_csv

    report = inspect(videos, fps=fps)
    if json:
        print(json_module.dumps(report.as_dict(), indent=2))
    else:
        print(report)
    if write is not None and report.videos:
        write_csv(write, report.videos)
        say(f"wrote {write}   -> inphase train {typed(write)}{rate(fps)}", json)
    elif report.videos:
        say(f"-> inphase train {typed(videos)}{rate(fps)}", json)
    if strict and report.bad:
        path, reason = report.bad[0]
        raise InputError(f"{len(report.bad)} unusable, the first is {path}: {reason}")
    if not report.videos:
        raise InputError(f"no usable video in {videos}")
