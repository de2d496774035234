"""How much of a clip network's speed is left when it also waits for its clips.

    python benchmarks/clips.py [VIDEOS] [--width 16] [--size 56] [--live] [--out rows.md]

In turns: batches made in threads and thrown away; the network trained on one and the same batch;
and trained on batches made beside it, as in training. The last is compared with the network alone
in the same turn, so that a busy machine slows both. All speeds are clips a second. Beside it, what
other work on the machine does not change: the processor time of making a clip, as a share of that
of training on it. On a CPU with all cores busy, the ratio can be 1 / (1 + share) at best.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import tyro
from torch import nn
from torch.nn import functional as F

from inphase.clip_batches import ClipBatch, ClipSampler, prefetched
from inphase.clip_frames import ClipFrames
from inphase.data.collection import find
from inphase.data.rendered import make
from inphase.encoders.clip import network
from inphase.encoders.clip_heads import ClipHeads
from inphase.memory import keep_freed_memory
from inphase.methods import CLIP_METHODS
from inphase.threads import wait_briefly
from inphase.views.clips import frame_size


@dataclass
class Options:
    """What is trained on what, and how often it is measured.

    Attributes:
        videos: Folder of videos; rendered ones, 240 x 320 pixels, if not given.
        network: c3d, r3d-18 or r2plus1d-18.
        width: Channels of its first layers; 64 as published.
        size: Height and width of clips; 112 as published.
        method: What clips are asked.
        batch: Videos in a batch; 7 give 28 clips of temporal transformations.
        live: Decode at every visit, as for videos that do not fit into memory.
        workers: Threads that make batches.
        steps: Batches of a turn.
        turns: How often everything is measured.
        device: cpu or cuda.
        out: File that the row is added to.
    """

    videos: Annotated[Path | None, tyro.conf.Positional] = None
    network: str = "c3d"
    width: int = 16
    size: int = 56
    method: str = "temporal-transformations"
    batch: int = 7
    live: bool = False
    workers: int = 2
    steps: int = 6
    turns: int = 7
    device: str = "cpu"
    out: Path | None = None


class Training:
    """A network, its heads and its optimiser: one step at a time."""

    def __init__(self, options: Options, heads: dict[str, int], joined: int):
        torch.manual_seed(0)
        device = torch.device(options.device)
        self.network = network(options.network, width=options.width)
        inputs = self.network.flat_dim(options.size, 16)
        self.heads = ClipHeads(inputs, heads, joined=joined)
        self.parts = nn.ModuleList([self.network, self.heads]).to(device)
        self.optimiser = torch.optim.AdamW(self.parts.parameters(), lr=3e-4)
        self.device = device

    def step(self, batch: ClipBatch) -> int:
        """Train on a batch; return its clips."""
        batch = batch.to(self.device)
        answers = self.heads(self.network.flat(self.network(batch.clips)))
        losses = [
            F.cross_entropy(answers[name], asked, ignore_index=-1)
            for name, asked in batch.targets.items()
        ]
        self.optimiser.zero_grad()
        torch.stack(losses).sum().backward()
        self.optimiser.step()
        return len(batch.clips)

    def wait(self) -> None:
        """Until the device has done what it was told."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()


@dataclass
class Turn:
    """Clips of a turn, and what they took: seconds, and processor seconds of all threads."""

    clips: int
    seconds: float
    work: float


def turn_of(run: Callable[[], int], wait: Callable[[], None]) -> Turn:
    start, work = time.perf_counter(), time.process_time()
    clips = run()
    wait()
    return Turn(clips, time.perf_counter() - start, time.process_time() - work)


def measure(options: Options, folder: Path) -> dict[str, list[Turn]]:
    method = CLIP_METHODS[options.method]()
    videos = find(folder)
    classes = sorted({video.activity for video in videos})
    height, _ = frame_size(options.size)
    frames = ClipFrames(videos, size=height, keep=0 if options.live else 2**34)
    sampler = ClipSampler(frames, method, videos=options.batch, size=options.size, classes=classes)
    training = Training(options, sampler.heads, method.joined)
    first = 0

    def batches() -> Iterator[ClipBatch]:
        """The next turn's, always other ones."""
        nonlocal first
        first += options.steps
        return prefetched(
            lambda step: sampler(np.random.default_rng((0, step))),
            first,
            first + options.steps,
            workers=options.workers,
        )

    same = sampler(np.random.default_rng(0))
    parts = {
        "loader": lambda: sum(len(batch.clips) for batch in batches()),
        "network": lambda: sum(training.step(same) for _ in range(options.steps)),
        "both": lambda: sum(training.step(batch) for batch in batches()),
    }
    turns: dict[str, list[Turn]] = {name: [] for name in parts}
    for turn in range(options.turns + 1):
        order = list(parts)[turn % 3 :] + list(parts)[: turn % 3]
        for name in order:
            found = turn_of(parts[name], training.wait)
            if turn:  # the first one warms up
                turns[name].append(found)
    return turns


def row(options: Options, turns: dict[str, list[Turn]]) -> str:
    """Median speeds, the median and quartiles of the ratio within a turn, and the work's share."""
    speeds = {
        name: np.array([turn.clips / turn.seconds for turn in each]) for name, each in turns.items()
    }
    works = {name: np.median([t.work / t.clips for t in each]) for name, each in turns.items()}
    loader, network_alone, both = (
        np.median(speeds[name]) for name in ("loader", "network", "both")
    )
    low, middle, high = np.quantile(speeds["both"] / speeds["network"], [0.25, 0.5, 0.75])
    what = f"{options.network}, width {options.width}, {options.size} x {options.size}"
    source = "decoded at every visit" if options.live else "kept in memory"
    share = 100 * works["loader"] / works["network"]
    return (
        f"| {what} | {source} | {loader:.0f} | {network_alone:.1f} | {both:.1f} "
        f"| {middle:.2f} ({low:.2f}-{high:.2f}) | {share:.1f} % |\n"
    )


def main(options: Options) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.videos
        if folder is None:
            folder = Path(temporary)
            make(folder, videos=8, size=(240, 320))
        text = row(options, measure(options, folder))
    print(f"{torch.get_num_threads()} threads\n{text}")
    if options.out:
        with options.out.open("a") as file:
            file.write(text)


if __name__ == "__main__":
    wait_briefly()
    keep_freed_memory()
    main(tyro.cli(Options, description=__doc__))
