"""How fast features are computed, and how much of the slowest part's speed the whole keeps.

    python benchmarks/features.py [VIDEOS] [--views 4] [--repeats 5]

Each part alone may use all processor cores; together they share them. Speeds are video frames a
second: the backbone sees each frame once for every view.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import torch

from inphase.data.collection import find
from inphase.data.video import Video
from inphase.encoders.backbones import DEFAULT, backbone
from inphase.features import CHUNK, drawn_views, extract, workers
from inphase.views.augment import apply


def make_clips(folder: Path, count: int = 4, frames: int = 120) -> None:
    """Write H.264 clips, 640 x 360, of soft colours that drift, with noise as cameras have it."""
    random = np.random.default_rng(0)
    for clip in range(count):
        large = random.integers(0, 256, (24, 44, 3), dtype=np.uint8).repeat(20, 0).repeat(20, 1)
        with av.open(str(folder / f"clip{clip}.mp4"), "w") as container:
            stream = container.add_stream("libx264", rate=30)
            stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
            for i in range(frames):
                picture = large[i : i + 360, i : i + 640].astype(np.int16)
                noisy = picture + random.integers(-6, 7, picture.shape, dtype=np.int16)
                frame = av.VideoFrame.from_ndarray(noisy.clip(0, 255).astype(np.uint8))
                container.mux(stream.encode(frame))
            container.mux(stream.encode())


def measure(videos: list[Video], name: str, views: int, repeats: int) -> dict[str, list[float]]:
    """Run every part in turn, again and again, so that a busy moment hits all alike."""
    network = backbone(name)
    size = network.size
    total = sum(len(video) for video in videos)
    chunk = torch.from_numpy(videos[0].frames(range(min(CHUNK, len(videos[0]))), size=(size, size)))
    drawn = drawn_views(videos[0], views)
    pictures = [apply(chunk, view, size) for view in drawn]
    chunks = max(8, min(24, total // CHUNK))

    def decode() -> int:
        return sum(len(c) for video in videos for c in video.stream(size=(size, size), chunk=CHUNK))

    def on_all_cores(one: Callable[[], object]) -> int:
        with workers() as (threads, _):
            for job in [threads.submit(one) for _ in range(chunks)]:
                job.result()
        return chunks * len(chunk)

    def augment() -> None:
        for view in drawn:
            apply(chunk, view, size)

    def see() -> None:
        with torch.inference_mode():
            for picture in pictures:
                network(picture)

    def everything() -> int:
        with tempfile.TemporaryDirectory() as cache:
            extract(videos, network, views=views, cache=cache, progress=False)
        return total

    parts: dict[str, Callable[[], int]] = {
        "decode alone": decode,
        "augment alone": lambda: on_all_cores(augment),
        "backbone alone": lambda: on_all_cores(see),
        "everything": everything,
    }
    speeds: dict[str, list[float]] = {name: [] for name in parts}
    for repeat in range(repeats + 1):
        for name, part in parts.items():
            start = time.perf_counter()
            frames = part()
            if repeat:  # the first round warms up
                speeds[name].append(frames / (time.perf_counter() - start))
    return speeds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="How fast features are computed.")
    parser.add_argument("videos", nargs="?", help="file, folder or CSV; made here if not given")
    parser.add_argument("--backbone", default=DEFAULT)
    parser.add_argument(
        "--views", type=int, default=4, help="augmented views besides the clean one"
    )
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.videos is None:
            make_clips(Path(folder))
        videos = find(arguments.videos or folder)
        print(
            f"{len(videos)} videos, {sum(map(len, videos))} frames of "
            f"{' x '.join(map(str, videos[0].size[::-1]))}; {arguments.backbone}, "
            f"{1 + arguments.views} views, {torch.get_num_threads()} cores"
        )
        speeds = measure(videos, arguments.backbone, arguments.views, arguments.repeats)
    for name, values in speeds.items():
        middle = statistics.median(values)
        print(f"{name:15}{middle:8.1f} frames/s   ({min(values):.1f} to {max(values):.1f})")
    parts = ("decode alone", "backbone alone")
    shares = [
        everything / min(slower)
        for everything, *slower in zip(
            speeds["everything"], *(speeds[p] for p in parts), strict=True
        )
    ]
    print(
        f"everything runs at {statistics.median(shares):.0%} of the slower of decode and backbone "
        f"({min(shares):.0%} to {max(shares):.0%})"
    )


if __name__ == "__main__":
    main()
