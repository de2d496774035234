"""Rendered activities, whose truth is known: the demo's job over activities, levels and seeds.

    python benchmarks/rendered.py --seeds 5 --out benchmarks/rendered.md

Every seed draws its own videos and its own model. The score is the median alignment error in
frames over all ordered pairs of videos.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import tyro
from tables import markdown

import inphase
from inphase.data.rendered import ACTIVITIES, make
from inphase.demo import clock, median_error
from inphase.memory import keep_freed_memory
from inphase.train import Settings


@dataclass
class Options:
    """What to render, how often, and where to write the table."""

    activities: tuple[str, ...] = tuple(ACTIVITIES)
    difficulties: tuple[float, ...] = (0.25, 0.5)
    videos: int = 16
    steps: int = 600
    seeds: int = 5
    out: Path | None = None


def score(folder: Path, steps: int, seed: int) -> dict[str, dict[str, float]]:
    """Median errors of model, untrained features and clock on the videos in `folder`."""
    videos = inphase.find(folder)
    model = inphase.fit(videos, settings=Settings(steps=steps, seed=seed), progress=False)
    untrained = inphase.Encoder(model.frame_features)
    embedded = {
        "clock": clock(inphase.embed(untrained, videos, progress=False)),
        "untrained features": inphase.embed(untrained, videos, progress=False),
        "trained": inphase.embed(model, videos, progress=False),
    }
    return {row: {"frames": median_error(each, folder)} for row, each in embedded.items()}


def main(options: Options) -> None:
    keep_freed_memory()
    text = (
        f"Median alignment error in frames over all ordered pairs of {options.videos} rendered "
        f"videos; {options.seeds} seeds of videos and model, mean ± standard deviation.\n"
    )
    with tempfile.TemporaryDirectory() as scratch:
        for activity in options.activities:
            for difficulty in options.difficulties:
                rows: dict[str, list[dict[str, float]]] = {}
                seconds = []
                for seed in range(options.seeds):
                    folder = Path(scratch) / f"{activity}-{difficulty}-{seed}"
                    make(
                        folder,
                        activity=activity,
                        difficulty=difficulty,
                        videos=options.videos,
                        seed=seed,
                    )
                    start = time.perf_counter()
                    scores = score(folder, options.steps, seed)
                    seconds.append(time.perf_counter() - start)
                    for row, run in scores.items():
                        rows.setdefault(row, []).append(run)
                    print(f"{activity} {difficulty} seed {seed}: {scores}", flush=True)
                ratio = sum(r["frames"] for r in rows["clock"]) / sum(
                    r["frames"] for r in rows["trained"]
                )
                text += (
                    f"\n{activity}, difficulty {difficulty}: the clock errs {ratio:.1f} times as "
                    f"far as the model; at most {max(seconds):.0f} s a seed\n\n{markdown(rows)}"
                )
    print(text)
    if options.out:
        options.out.write_text(text)


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
