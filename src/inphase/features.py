"""Features of every frame of every video, computed once and kept in memory-mapped files.

A video is decoded once; each chunk of its frames goes through the frozen backbone in the clean view
and in a few augmented ones. The main thread decodes ahead while others augment and run the
backbone, each on its own chunk with one processor core: chunks are independent, so all cores stay
busy without waiting for each other inside every layer. Chunks never mix videos and always start at
the same frames, so that a video's features depend neither on the other videos nor on their order.
"""

import errno
import hashlib
import math
import os
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float16, Float64, UInt8
from torch import Tensor
from tqdm import tqdm

from inphase.data.poses import PoseTrack
from inphase.data.video import Video, VideoError
from inphase.encoders.backbones import Backbone, pool
from inphase.encoders.pose import PATH, PoseFeatures, presence
from inphase.errors import InputError
from inphase.files import cache_folder, write_text
from inphase.views.augment import CLEAN, Fit, ViewParameters, apply, draw
from inphase.views.poses import PoseView, apply_pose_view, draw_pose_view

CHUNK = 4  # frames; larger ones cost more in fresh memory than they save in calls, on CPUs
_MARK_EVERY = 128 * CHUNK  # frames between notes of how far a video has come
_VERSION = 1  # of what is computed; a new number leaves old files unused


@dataclass(frozen=True)
class Features:
    """What the backbone saw in each frame of a video.

    Attributes:
        values: Clean view first, then the augmented ones; memory-mapped.
        times: Seconds of each frame, in file time.
        video: Name.
    """

    values: Float16[np.ndarray, "views t d"]
    times: Float64[np.ndarray, " t"]
    video: str


def extract(
    videos: Sequence[Video],
    backbone: Backbone | PoseFeatures,
    *,
    views: int = 4,
    pooling: str = "mean",
    fit: Fit = "squash",
    cache: Path | str | None = None,
    progress: bool = True,
) -> dict[str, Features]:
    """Compute features of all frames, or find them in the cache; those of poses need none.

    Interrupted, it leaves what is finished, and continues the next time inside the video where it
    stopped.

    Args:
        videos: With different names.
        backbone: Frozen; runs where its weights are. Poses are for `PoseFeatures` alone.
        views: Augmented views besides the clean one, the same ones in every run.
        pooling: How a feature map becomes a feature; see `inphase.encoders.backbones.pool`.
        fit: How a frame becomes a square; see `inphase.views.augment.apply`.
        cache: Folder for the files; `features` in the cache folder if None.
        progress: Show a bar if there is something to compute.

    Returns:
        By name, in the order given, without videos that cannot be read; there is one warning for
        each of those.

    Raises:
        InputError: If no video can be read, two have the same name, the disk is full, or poses
            and pixels are mixed.
    """
    if views < 0:
        raise InputError(f"views must be 0 or more, not {views}")
    names = [video.name for video in videos]
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise InputError(f"two videos are called '{double}': give them different names")
    tracks = _tracks(videos, backbone)
    if isinstance(backbone, PoseFeatures):
        return {track.name: _pose_features(track, backbone, views) for track in tracks}
    folder = Path(cache) if cache else cache_folder() / "features"
    todo: dict[Path, _Recording] = {}
    places = backbone.map[1:] if pooling == "none" else (2, 2)
    dim = pool(torch.zeros(1, backbone.dim, *places), pooling).shape[1]
    known: dict[str, tuple[Path, np.ndarray]] = {}
    failed: dict[str, VideoError] = {}
    for video in videos:
        try:
            key, times = _key(video, backbone, pooling, fit), video.times
        except VideoError as error:
            failed[video.name] = error
            continue
        path = _stored(folder, key, views) or folder / f"{key}-{views}.npy"
        known[video.name] = path, times
        if not path.exists():
            shape = (1 + views, len(times), dim)
            todo[path] = _Recording(video, path, shape, drawn_views(video, views))
    failed |= _compute(list(todo.values()), backbone, pooling, fit, progress)
    for error in failed.values():
        warnings.warn(f"left out: {error}", stacklevel=2)
    found = {
        name: Features(np.load(path, mmap_mode="r")[: 1 + views], times, name)
        for name, (path, times) in known.items()
        if path.exists()
    }
    if videos and not found:
        raise InputError(f"none of the {len(videos)} videos can be read: see the warnings above")
    return found


def drawn_views(video: Video, views: int) -> list[ViewParameters]:
    """Return the clean view and a video's augmented ones, which follow from its content alone."""
    return [CLEAN, *map(draw, _seeds(video, views))]


def _seeds(video: Video, views: int) -> list[int]:
    seeds = [
        hashlib.blake2b(f"{video.digest} {k}".encode(), digest_size=6) for k in range(1, 1 + views)
    ]
    return [int(seed.hexdigest(), 16) for seed in seeds]


def _tracks(videos: Sequence[Video], backbone: Backbone | PoseFeatures) -> list[PoseTrack]:
    """Return the videos that are poses, if these are what the backbone looks at."""
    tracks = [video for video in videos if isinstance(video, PoseTrack)]
    others = [video for video in videos if not isinstance(video, PoseTrack)]
    if tracks and not isinstance(backbone, PoseFeatures):
        raise InputError(
            f"{tracks[0].path} holds poses, but the model looks at pixels ({backbone.name}): give "
            f"it videos, or train one on poses with --backbone {PoseFeatures.name}"
        )
    if others and isinstance(backbone, PoseFeatures):
        raise InputError(
            f"{others[0].path} is a video, but the model looks at poses: give it files of poses"
        )
    shapes = {track.poses.keypoints.shape[1:]: track for track in tracks}
    named = {track.poses.joints: track for track in tracks}
    for kind in (shapes, named):
        if len(kind) > 1:
            one, two = list(kind.values())[:2]
            raise InputError(
                f"{one.name} has {_what(one)} and {two.name} has {_what(two)}: all poses need the "
                "same joints in the same order"
            )
    return tracks


def _what(track: PoseTrack) -> str:
    joints, axes = track.poses.keypoints.shape[1:]
    names = f" ({', '.join(track.poses.joints[:3])} ...)" if track.poses.joints else ""
    return f"{joints} joints{names} in {axes} axes"


def _pose_features(track: PoseTrack, backbone: PoseFeatures, views: int) -> Features:
    poses = track.poses
    places = backbone.normalise(poses.keypoints, poses.joints)
    # The path is a joint that is always seen.
    scores = np.pad(presence(poses.keypoints, poses.scores), ((0, 0), (0, 1)), constant_values=1)
    joints = (*poses.joints, PATH) if poses.joints else ()
    drawn = [PoseView(), *map(draw_pose_view, _seeds(track, views))]
    seen = [apply_pose_view(places, scores, view, joints) for view in drawn]
    values = np.stack([backbone.features(*each) for each in seen])
    return Features(values.astype(np.float16), track.times, track.name)


def frame_features(
    frames: UInt8[Tensor, "n h w 3"],
    backbone: Backbone,
    views: Sequence[ViewParameters],
    pooling: str,
    fit: Fit = "squash",
) -> Float16[np.ndarray, "views n d"]:
    """Compute the features of a few frames in several views."""
    with torch.inference_mode():
        frames = frames.to(backbone.mean.device)
        features = [
            pool(backbone(apply(frames, view, backbone.size, fit=fit)), pooling) for view in views
        ]
        return torch.stack(features).half().cpu().numpy()


@dataclass
class _Recording:
    """A video's features on their way to disk: a file of the final size, and how far it is."""

    video: Video
    path: Path
    shape: tuple[int, int, int]
    views: list[ViewParameters]
    done: int = 0
    marked: int = 0

    @property
    def part(self) -> Path:
        return self.path.with_suffix(".part")

    @property
    def marker(self) -> Path:
        return self.path.with_suffix(".progress")

    def begin(self) -> None:
        """Continue an unfinished file, or start one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.part.exists() and self.marker.exists():
            self.done = self.marked = int(self.marker.read_text())
            return
        header = {"descr": "<f2", "fortran_order": False, "shape": self.shape}
        with self.part.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            file.truncate(file.tell() + 2 * math.prod(self.shape))
        write_text(self.marker, "0")

    def add(self, values: Float16[np.ndarray, "views n d"]) -> None:
        """Write the features of the next frames; plain writes, so a full disk is an error."""
        views, frames, dim = self.shape
        start = self.part.stat().st_size - 2 * views * frames * dim
        with self.part.open("r+b") as file:
            for k, view in enumerate(values):
                file.seek(start + 2 * dim * (k * frames + self.done))
                file.write(view.tobytes())
        self.done += values.shape[1]
        if self.done == frames:
            os.replace(self.part, self.path)
            self.marker.unlink(missing_ok=True)
        elif self.done - self.marked >= _MARK_EVERY:
            self.mark()

    def mark(self) -> None:
        """Note how far the file is, unless that is known."""
        if self.marked < self.done < self.shape[1]:
            write_text(self.marker, str(self.done))
            self.marked = self.done

    def rest(self, size: int, fit: Fit) -> Iterator[UInt8[Tensor, "n h w 3"]]:
        """Decode what is missing, in chunks, no larger than the views need."""
        video, (height, width), place = self.video, self.video.size, self.done
        if place:
            video = replace(video, start=float(video.times[place]), known=video.index)
        scale = size / max(height, width)
        padded = max(1, round(height * scale)), max(1, round(width * scale))
        for chunk in video.stream(size=(size, size) if fit == "squash" else padded, chunk=CHUNK):
            place += len(chunk)
            yield torch.from_numpy(chunk)
        if place != self.shape[1]:
            raise VideoError(f"{video.path}: {place} of its {self.shape[1]} frames can be read")


def _compute(
    todo: list[_Recording], backbone: Backbone, pooling: str, fit: Fit, progress: bool
) -> dict[str, VideoError]:
    """Fill the files; returns the errors of videos that broke off."""
    failed: dict[str, VideoError] = {}
    total = sum(recording.shape[1] for recording in todo)
    waiting: deque[tuple[_Recording, Future]] = deque()
    bar = tqdm(total=total, desc="features", unit="frame", disable=not progress or not todo)

    def finish_one() -> None:
        recording, job = waiting.popleft()
        values = job.result()
        recording.add(values)
        bar.update(values.shape[1])

    with bar, workers() as (threads, count), _clear_if_full(todo):
        for recording in todo:
            recording.begin()
            bar.update(recording.done)
            try:
                for frames in recording.rest(backbone.size, fit):
                    arguments = frames, backbone, recording.views, pooling, fit
                    waiting.append((recording, threads.submit(frame_features, *arguments)))
                    if len(waiting) > 3 * count:
                        finish_one()
            except VideoError as error:
                failed[recording.video.name] = error
        while waiting:
            finish_one()
    return failed


@contextmanager
def workers() -> Iterator[tuple[ThreadPoolExecutor, int]]:
    """Yield threads that use one core each, and their number; at the end, drop what waits."""
    cores = torch.get_num_threads()
    threads = ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,))
    torch.set_num_threads(1)
    try:
        yield threads, cores
    finally:
        threads.shutdown(cancel_futures=True)
        torch.set_num_threads(cores)


@contextmanager
def _clear_if_full(todo: list[_Recording]) -> Iterator[None]:
    """Note how far every file is, whatever happens; say it clearly if the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise InputError(
            f"the disk is full ({todo[0].path.parent}): make room, or set INPHASE_CACHE to a "
            f"folder on a larger disk, and run again; what is finished is not computed again"
        ) from None
    finally:
        for recording in todo:
            with suppress(OSError):
                recording.mark()


def _key(video: Video, backbone: Backbone, pooling: str, fit: Fit) -> str:
    """Tell apart everything that changes features, but for the number of views."""
    facts = (_VERSION, video.digest, backbone.digest, backbone.precision, pooling, fit)
    return hashlib.blake2b(repr(facts).encode(), digest_size=12).hexdigest()


def _stored(folder: Path, key: str, views: int) -> Path | None:
    """Find features with at least so many views; the first of more are the same."""
    stored = {int(path.stem.rpartition("-")[2]): path for path in folder.glob(f"{key}-*.npy")}
    return min(((k, path) for k, path in stored.items() if k >= views), default=(0, None))[1]
