"""What a look at a collection found, in words for people and in a dictionary for scripts."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from inphase.data.poses import PoseTrack
from inphase.data.video import Video

_FAST = 100.0  # frames per second from which slow motion is likely
_SLOW_NAME = re.compile(r"slow[-_ ]?mo|slomo|zeitlupe", re.IGNORECASE)
_GAP = 1.0  # seconds without a frame that are worth a word

Remarks = list[tuple[Path, str]]


@dataclass(frozen=True)
class Report:
    """What was found at a source.

    Attributes:
        source: What was looked at.
        videos: The usable videos.
        bad: Files that cannot be used, each with the reason.
        slow: Files that are likely slow motion, each with the evidence and the remedy.
        odd: Usable files with something odd about them.
        notes: What was left out, and other remarks on the whole.
    """

    source: str
    videos: list[Video]
    bad: Remarks = field(default_factory=list)
    slow: Remarks = field(default_factory=list)
    odd: Remarks = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        remarks = [("bad", self.bad), ("slow?", self.slow), ("odd", self.odd)]
        width = max((len(str(path)) for _, some in remarks for path, _ in some), default=0)
        lines = [self.summary]
        for kind, some in remarks:
            lines += [f"  {kind:<7}{path!s:<{width}}  {reason}" for path, reason in some]
        return "\n".join(lines + [f"  {'note':<7}{note}" for note in self.notes])

    @property
    def summary(self) -> str:
        """One line: how many videos, how long, how large, how fast."""
        videos = self.videos
        files = len({video.path for video in videos})
        count = f"{len(videos)} video{'s' * (len(videos) != 1)}"
        if not videos:
            return f"No usable videos; {len(self.bad)} bad."
        if files < len(videos):
            count += f" in {files} file{'s' * (files != 1)}"
        sizes = Counter(size_label(video) for video in videos)
        rates = Counter(rate_label(video) for video in videos)
        length = human_seconds(sum(video.duration for video in videos))
        return f"{count}, {length}.  {_counts(sizes)}.  {_counts(rates)}."

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, numbers and words, for JSON."""
        remarks = {"bad": self.bad, "slow": self.slow, "odd": self.odd}
        return {
            "source": self.source,
            "videos": [_facts(video) for video in self.videos],
            **{
                kind: [{"path": str(path), "reason": reason} for path, reason in some]
                for kind, some in remarks.items()
            },
            "notes": self.notes,
        }


def size_label(video: Video) -> str:
    """Say how much a frame shows: `360p`, or `13 joints`."""
    if isinstance(video, PoseTrack):
        return f"{video.poses.keypoints.shape[1]} joints"
    return f"{min(video.size)}p"


def rate_label(video: Video) -> str:
    """Say a video's frame rate in a word or two: `30 fps`, `variable`, `single frame`."""
    if len(video) == 1:
        return "single frame"
    return f"{video.rate:.3g} fps" if video.index.steady else "variable"


def human_seconds(seconds: float) -> str:
    """Say a length in the unit a person would use."""
    for unit, size, limit in (("s", 1, 90), ("min", 60, 5400)):
        if seconds < limit:
            amount = seconds / size
            return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:.0f} {unit}"
    return f"{seconds / 3600:.1f} h"


def slow_motion(videos: Sequence[Video]) -> Remarks:
    """Name the files that are likely slow motion, and why; those with `capture_fps` are settled."""
    return [
        (video.path, reason)
        for video in _one_per_file(videos)
        if video.capture_fps is None and (reason := _slow_reason(video))
    ]


def oddities(videos: Sequence[Video]) -> Remarks:
    """Name the files that are cut, hold a single frame, pause, or repeat another's content."""
    remarks, same = [], defaultdict(list)
    for video in _one_per_file(videos):
        times = video.index.times
        same[video.index.digest].append(video.path)
        if video.index.note:
            remarks.append((video.path, video.index.note))
        if len(times) == 1:
            remarks.append((video.path, "holds a single frame"))
            continue
        gaps = np.diff(times)
        longest = int(gaps.argmax())
        if gaps[longest] > max(_GAP, 10 * np.median(gaps)):
            what = f"no frame for {gaps[longest]:.1f} s from {times[longest]:.1f} s on"
            remarks.append((video.path, what))
    for digest, paths in same.items():
        if digest:
            remarks += [(path, f"the same content as {paths[0]}") for path in paths[1:]]
    return remarks


def _slow_reason(video: Video) -> str:
    camera, rate = video.index.capture_fps, video.rate
    remedy = "a capture_fps column in a CSV sets the camera's rate"
    if camera > 1.5 * rate:
        return f"recorded at {camera:.3g} fps, plays at {rate:.3g}: {remedy}"
    if rate >= _FAST and len(video) > 1:
        return f"{rate:.3g} fps: if it plays slower than life, {remedy}"
    if _SLOW_NAME.search(video.path.stem):
        return f"named so, plays at {rate:.3g} fps: {remedy}"
    return ""


def _one_per_file(videos: Sequence[Video]) -> list[Video]:
    return list({video.path: video for video in reversed(videos)}.values())[::-1]


def _counts(counter: Counter) -> str:
    return ", ".join(f"{what} x {count}" for what, count in counter.most_common())


def _facts(video: Video) -> dict[str, Any]:
    poses = isinstance(video, PoseTrack)
    height, width = (None, None) if poses else video.size
    return {
        "name": video.name,
        "path": str(video.path),
        "start": video.start,
        "end": video.end,
        "frames": len(video),
        "seconds": video.duration,
        "height": height,
        "width": width,
        "joints": video.poses.keypoints.shape[1] if poses else None,
        "fps": video.rate,
        "variable": not video.index.steady,
        "activity": video.activity,
        "group": video.group,
        "split": video.split,
        "capture_fps": video.capture_fps,
        "digest": video.digest,
    }
