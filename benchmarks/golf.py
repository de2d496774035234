"""Golf swings: train on all eight videos, score the five labelled ones against each other.

    python benchmarks/golf.py DATA --seeds 5 --out benchmarks/golf.md

DATA is the folder that holds `golf/`. Every second frame, all 20 ordered pairs.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import tyro
from protocols import clock, golf_segments, score_golf
from tables import markdown

import inphase
from inphase.memory import keep_freed_memory
from inphase.train import Settings


@dataclass
class Options:
    """What to run on, how often, and where to write the table."""

    data: tyro.conf.Positional[Path]
    seeds: int = 5
    out: Path | None = None


def main(options: Options) -> None:
    keep_freed_memory()
    segments = golf_segments(options.data)
    videos = inphase.find(options.data / "golf")
    rows = {
        "clock, normalised": [score_golf(clock(videos), segments, unit_norm=False)],
        "clock, elapsed": [score_golf(clock(videos, normalised=False), segments, unit_norm=False)],
    }
    models, seconds = [], []
    for seed in range(options.seeds):
        start = time.perf_counter()
        encoder = inphase.fit(videos, settings=Settings(seed=seed))
        seconds.append(time.perf_counter() - start)
        if seed == 0:
            untrained = inphase.embed(inphase.Encoder(encoder.frame_features), videos)
            rows["untrained features"] = [score_golf(untrained, segments)]
        models.append(score_golf(inphase.embed(encoder, videos), segments))
        print(f"seed {seed}: {seconds[-1]:.0f} s, {models[-1]}", flush=True)
    rows["trained"] = models
    text = (
        f"Golf, {len(segments)} labelled videos, stride 2, mean over ordered pairs; "
        f"{options.seeds} seeds, mean ± standard deviation; training at most "
        f"{max(seconds):.0f} s.\n\n{markdown(rows)}"
    )
    print(text)
    if options.out:
        options.out.write_text(text)


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
