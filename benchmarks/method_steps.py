"""How long a training step of each method takes, beside SCL's, and what memory it needs.

    python benchmarks/method_steps.py --out benchmarks/method_steps.md

The same default encoder on the same made features, four rows of T frames: forward, loss, backward
and the optimiser's step; CPU time of one thread, in turns. Memory is the most that PyTorch held at
once beyond what was there before, measured by its profiler.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from interleaved import interleaved
from torch.profiler import ProfilerActivity, profile

from inphase.batches import Batch, Sampler
from inphase.data.video import Video
from inphase.encoders.architecture import CARL, FrameLevel
from inphase.encoders.frame_level import FrameLevelEncoder
from inphase.frame_sources import CachedFrames
from inphase.memory import keep_freed_memory
from inphase.methods import METHODS
from inphase.objectives import Objective

CHANNELS = 1280
ENCODERS = {"default": FrameLevel(), "CARL's": CARL}


@dataclass
class Options:
    """How long clips are, how often to measure, and where to write the table."""

    frames: tuple[int, ...] = (80, 240)
    rounds: int = 15
    out: Path | None = None


def source(videos: int = 4, length: int = 400) -> CachedFrames:
    """Smooth features of a few videos of one activity."""
    random = np.random.default_rng(0)
    values = [
        random.normal(size=(1, length, CHANNELS)).cumsum(1).astype(np.float32)
        for _ in range(videos)
    ]
    times = [np.arange(length) / 30] * videos
    named = [Video(Path("v.mp4"), name=str(k), activity="a") for k in range(videos)]
    return CachedFrames([each / 20 for each in values], times, torch.device("cpu"), named)


def step_of(name: str, architecture: FrameLevel, frames: int) -> Callable[[], object]:
    """One step of training with a method, four rows a batch."""
    torch.manual_seed(0)
    features, method = source(), METHODS[name](frames=frames)
    rows = 4
    sampler = Sampler(features, [method], rows, labels=[np.arange(400) // 100] * 4)
    sampler.size = rows // sampler.views
    batch: Batch = sampler(np.random.default_rng(0))
    assert batch.mask.shape == (rows, frames) and batch.mask.all()
    encoder = FrameLevelEncoder(CHANNELS, architecture, frames=frames)
    objective = Objective(method, architecture, phases=4)
    optimiser = torch.optim.AdamW([*encoder.parameters(), *objective.parameters()], lr=1e-4)

    def step() -> None:
        z = encoder(batch.features, batch.seconds, batch.mask)
        loss = objective(z, batch, progress=0.5)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step


def megabytes(step: Callable[[], object]) -> float:
    """The most that PyTorch held during a step, beyond what it held before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        step()
    held = highest = 0
    recorded = seen.profiler
    assert recorded is not None and recorded.kineto_results is not None
    memory = [each for each in recorded.kineto_results.events() if each.name() == "[memory]"]
    for event in sorted(memory, key=lambda each: each.start_ns()):
        held += event.nbytes()  # pyright: ignore[reportAttributeAccessIssue]
        highest = max(highest, held)
    return highest / 2**20


def main(options: Options) -> None:
    keep_freed_memory()
    torch.set_num_threads(1)
    text = "A training step of four rows: times SCL's time; milliseconds; megabytes held at most.\n"
    for kind, architecture in ENCODERS.items():
        text += f"\n{kind} encoder\n\n| |" + "".join(f" T = {t} |" for t in options.frames)
        text += "\n|---|" + "---|" * len(options.frames) + "\n"
        cells: dict[str, list[str]] = {name: [] for name in METHODS}
        for frames in options.frames:
            steps = {name: step_of(name, architecture, frames) for name in METHODS}
            times = interleaved(steps, options.rounds)
            for name, step in steps.items():
                ratio = times[name] / times["scl"]
                cells[name].append(
                    f"{ratio:.2f}; {1000 * times[name]:.0f} ms; {megabytes(step):.0f} MB"
                )
        for name, each in cells.items():
            text += f"| {name} | " + " | ".join(each) + " |\n"
    print(text)
    if options.out:
        options.out.write_text(text)


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
