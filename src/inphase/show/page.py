"""The page: all videos in phase, in any browser, from one folder on disk.

How frames stay exact. Warping in the browser (changing the playback rate as it plays) was measured
to be off by up to 5 frames, while seeking to the middle of a frame in a constant-rate clip with
short groups is right. So the warp happens here: every video is written re-timed onto the
reference's clock, and the page only seeks and plays clips that share one clock.

The page offers three clocks (`inphase.show.retime.CLOCKS`), so a video gets three small clips and
the reference one, all written in a single pass of decoding. The alternative, one clip with every
frame once and tables of frame indices, would be a third of the size but could only be stepped
through, not played, on any clock but its own. A clip of a few hundred frames takes about half a
megabyte; frames held still cost next to nothing.

A clip on the video's `own` clock lasts as long as the video; the page then holds its last frame.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from re import sub
from typing import Any

import numpy as np
from jaxtyping import Int
from PIL import Image
from tqdm import tqdm

from inphase.data.video import Video
from inphase.files import atomic
from inphase.show.aligned_video import with_alignments
from inphase.show.movie import even, unwritable, write_movie
from inphase.show.plots import nearest, similarity_picture, span
from inphase.show.retime import CLOCKS, Clock, clock_of, frames_to_show, own_frames
from inphase.tasks.align import Alignment

SHORT_SIDE = 360
MAP_SIDE = 512

Frames = dict[str, Int[np.ndarray, " n"]]


def save_page(
    reference: Video,
    videos: Sequence[Video],
    alignments: Mapping[str, Alignment],
    folder: Path | str,
) -> Path:
    """Write `page.html` and its `media` folder: open it from disk, or copy it to any server.

    Args:
        reference: The reference; its clock is the page's.
        videos: The others; the reference among them is not shown twice.
        alignments: The alignment of each of them, by video name.
        folder: Where to write. The page and its media folder belong together.

    Returns:
        The path of `page.html`.

    Raises:
        InputError: If a video has no alignment or the folder cannot be written.
    """
    folder = Path(folder)
    others = with_alignments(reference, videos, alignments)
    clock = clock_of(reference)
    entries = []
    for video in tqdm([reference, *others], "writing page", delay=2, leave=False, disable=None):
        alignment = None if video is reference else alignments[video.name]
        frames = {name: frames_to_show(name, clock, reference, video, alignment) for name in CLOCKS}
        stem = f"{len(entries):02d}-{_plain(video.name)}"
        entry = _describe(video, frames)
        entry["clips"] = _write_clips(video, clock, frames, folder, stem)
        if alignment is not None:
            entry |= _describe_match(reference, video, alignment, clock, frames)
            entry["map"]["image"] = _write_map(alignment, folder, stem)
        entries.append(entry)
    height, width = reference.size
    page = {
        "title": f"{len(entries)} videos in phase with {reference.name}",
        "rate": float(clock.rate),
        "clocks": CLOCKS,
        "aspect": width / height,
        "videos": entries,
    }
    return _write_html(page, folder / "page.html")


def _plain(name: str) -> str:
    """A name that is safe in any file system and in a URL."""
    return sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:60] or "video"


def _describe(video: Video, frames: Frames) -> dict[str, Any]:
    return {
        "name": video.name,
        "times": np.round(video.times, 4).tolist(),
        "frames": {name: indices.tolist() for name, indices in frames.items()},
    }


def _write_clips(
    video: Video, clock: Clock, frames: Frames, folder: Path, stem: str
) -> dict[str, str]:
    """Write a video on every clock in one pass; clocks that show the same share a clip."""
    clips: dict[str, str] = {}
    for name in CLOCKS:
        same = next((other for other in clips if np.array_equal(frames[other], frames[name])), name)
        clips[name] = clips.get(same, f"media/{stem}.{name}.mp4")
    counts = {
        clips[name]: np.bincount(frames[name], minlength=len(video)).tolist() for name in CLOCKS
    }
    factor = min(1.0, SHORT_SIDE / min(video.size))
    size = even(video.size[0] * factor), even(video.size[1] * factor)
    with ExitStack() as stack:
        movies = {
            clip: stack.enter_context(write_movie(folder / clip, clock.rate, size, quality=26))
            for clip in counts
        }
        stream = (frame for block in video.stream(size=size, chunk=16) for frame in block)
        for index, frame in enumerate(stream):
            for clip, movie in movies.items():
                movie.append(frame, counts[clip][index])
    return clips


def _describe_match(
    reference: Video, video: Video, alignment: Alignment, clock: Clock, frames: Frames
) -> dict[str, Any]:
    """How alike the frames shown are, in per cent at each tick of each clock, and the map."""
    match = {}
    for name, own in frames.items():
        # On the clock of own times one of the two may be held on its last frame.
        ticks = max(len(own), clock.count)
        own = np.pad(own, (0, ticks - len(own)), mode="edge")
        shown = reference.times[own_frames(clock, reference, ticks)]
        rows = nearest(alignment.reference_times, shown)
        columns = nearest(alignment.times, video.times[own])
        percent = np.rint(100 * alignment.similarity[rows, columns])
        match[name] = np.clip(percent, 0, 100).astype(int).tolist()
    times = alignment.reference_times[alignment.path[:, 0]], alignment.times[alignment.path[:, 1]]
    return {
        "match": match,
        "mean": float(np.mean(match["aligned"])) / 100,
        "map": {
            "path": np.round(np.stack(times, axis=1), 4).tolist(),
            "reference": span(alignment.reference_times),
            "own": span(alignment.times),
        },
    }


def _write_map(alignment: Alignment, folder: Path, stem: str) -> str:
    image = f"media/{stem}.map.png"
    try:
        with atomic(folder / image) as temporary:
            Image.fromarray(similarity_picture(alignment, MAP_SIDE)).save(temporary)
    except OSError as error:
        raise unwritable(folder / image, error) from error
    return image


def _write_html(page: dict[str, Any], path: Path) -> Path:
    """Put style, script and data into the page: a file from disk may not load other text."""
    parts = files("inphase.show")
    html = (parts / "page.html").read_text(encoding="utf-8")
    # "<" could end the script element that holds the data.
    data = json.dumps(page, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    for mark, text in {
        "{{css}}": (parts / "page.css").read_text(encoding="utf-8"),
        "{{map}}": (parts / "similarity_map.js").read_text(encoding="utf-8"),
        "{{js}}": (parts / "page.js").read_text(encoding="utf-8"),
        "{{data}}": data,
    }.items():
        html = html.replace(mark, text)
    try:
        with atomic(path) as temporary:
            temporary.write_text(html, encoding="utf-8")
    except OSError as error:
        raise unwritable(path, error) from error
    return path
