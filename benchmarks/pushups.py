"""Push-ups: train on the train sources, score test repetitions against train repetitions.

    python benchmarks/pushups.py DATA --seeds 5 --out benchmarks/pushups.md

DATA is the folder that holds `pushups/`. Each training repetition is one video of the training
set. For the scores every repetition, or sub-clip of one, is embedded on its own: the model sees
nothing outside it.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import tyro
from protocols import (
    Excerpt,
    clock,
    embed_excerpts,
    excerpts,
    pushup_pairs,
    repetitions,
    score_pushups,
)
from tables import markdown

import inphase
from inphase.memory import keep_freed_memory
from inphase.train import Settings

CUTS = {"whole repetitions": 0.0, "sub-clips": 0.3}


@dataclass
class Options:
    """What to run on, how often, and where to write the table."""

    data: tyro.conf.Positional[Path]
    seeds: int = 5
    out: Path | None = None


def main(options: Options) -> None:
    keep_freed_memory()
    pairs = {part: pushup_pairs(options.data, cut=cut) for part, cut in CUTS.items()}
    parts = excerpts(*pairs.values())
    scored = [one.video(options.data) for one in parts]
    videos = inphase.find(options.data / "pushups" / "videos")
    train = [
        Excerpt(one, one.start, one.end).video(options.data)
        for one in repetitions(options.data)
        if one.split == "train"
    ]
    used = {one.repetition.clip for one in parts}
    shown = [video for video in videos if video.name in used]

    def score(embeddings, unit_norm=True):
        return {part: score_pushups(embeddings, pairs[part], unit_norm=unit_norm) for part in CUTS}

    runs = {
        "clock, normalised": [score(clock(scored), unit_norm=False)],
        "clock, elapsed": [score(clock(scored, normalised=False), unit_norm=False)],
    }
    models, seconds = [], []
    for seed in range(options.seeds):
        start = time.perf_counter()
        encoder = inphase.fit(train, settings=Settings(seed=seed))
        seconds.append(time.perf_counter() - start)
        if seed == 0:
            runs["untrained features"] = [
                score(embed_excerpts(inphase.Encoder(encoder.frame_features), shown, parts))
            ]
        models.append(score(embed_excerpts(encoder, shown, parts)))
        print(f"seed {seed}: {seconds[-1]:.0f} s, {models[-1]}", flush=True)
    runs["trained"] = models
    text = (
        f"Push-ups, {len(train)} training repetitions, 250 pairs (test, train), each part "
        f"embedded on its own; {options.seeds} seeds, mean ± standard deviation; training at most "
        f"{max(seconds):.0f} s.\n"
    )
    for part in CUTS:
        rows = {row: [run[part] for run in each] for row, each in runs.items()}
        text += f"\n{part.capitalize()}\n\n{markdown(rows)}"
    print(text)
    if options.out:
        options.out.write_text(text)


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
