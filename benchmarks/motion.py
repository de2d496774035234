"""Clip networks trained without labels, probed: what do they know of motion, what of looks?

    python benchmarks/motion.py run RESULTS.jsonl --seeds 5
    python benchmarks/motion.py run RESULTS.jsonl --ablation
    python benchmarks/motion.py table RESULTS.jsonl --out benchmarks/motion.md

Videos are rendered anew for every seed: eight classes that differ in motion alone, of which no
single picture tells anything; eight that differ in looks alone; and two activities that begin and
end, pouring and a clean and jerk, since of a circling motion nobody knows which part comes first.
Each network learns from the training videos of the motion classes and the two activities, without
their labels but for `action-labels`, and all probes score test videos. `run` adds a line for each
network and leaves out what is there already. With `--videos UCF101` the videos of a public data set
stand for all of these.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import torch
import tyro
from tables import markdown

import inphase
from inphase.data.rendered import ACTIVITIES, make, make_classes
from inphase.data.video import Video
from inphase.encoders.architecture import Clips
from inphase.encoders.backbones import PIXELS
from inphase.encoders.clip_level import ClipLevelEncoder
from inphase.encoders.encoder import Encoder, FrameFeatures
from inphase.memory import keep_freed_memory
from inphase.methods import CLIP_METHODS, ClipMethod, TemporalTransformations
from inphase.methods.clips import TRANSFORMATIONS
from inphase.probing import recognise, retrieve_videos, synchronise, tell_before_from_after
from inphase.threads import wait_briefly
from inphase.train_clips import PRETRAINING, SMALL, SMALL_RATE, fit_clips, usual_batch
from inphase.views.clips import CROP

Split = tuple[list[Video], list[Video]]  # to learn from, to test on

RANDOM = "random weights"
CHANCE = "chance"
ROWS = (RANDOM, *CLIP_METHODS)


@dataclass
class Run:
    """Train and probe what is not there yet."""

    results: tyro.conf.Positional[Path]
    rows: tuple[str, ...] = ROWS
    """Methods, or sets of transformations such as 'speed + warp, no speed loss'."""
    ablation: bool = False
    """All subsets of the transformations, with and without the speed loss (the paper's table 1)."""
    brief: bool = False
    """Recognition of motion alone, frozen and fine-tuned, as in table 1."""
    seeds: int = 5
    videos: Path | None = None
    videos_per_class: int = 24
    network: Literal["c3d", "r3d-18", "r2plus1d-18"] = "c3d"
    width: int = SMALL.width
    size: int = SMALL.size
    steps: int = 600
    learning_rate: float = SMALL_RATE
    epochs: int = 50
    """Of the probes on frozen features."""
    tuning_epochs: int = 20
    tuning_rate: float = 1e-3
    """The paper: 50 to 150 epochs and 5e-5."""
    device: str = "auto"


@dataclass
class Table:
    """Write the table of all results."""

    results: tyro.conf.Positional[Path]
    out: Path | None = None
    note: str = ""


@dataclass(frozen=True)
class Data:
    """What a network learns from, and what it is probed with."""

    motion: Split
    story: Split
    looks: Split | None = None
    flip: bool = True

    @property
    def learnt(self) -> list[Video]:
        """The videos that networks learn from."""
        return list({v.name: v for v in (*self.motion[0], *self.story[0])}.values())


def run(options: Run) -> None:
    """Go through seeds and rows, seeds outside, so that an early end is fair."""
    done = {(line["row"], line["seed"]) for line in _lines(options.results)}
    methods: dict[str, ClipMethod | None] = {RANDOM: None, **dict(_ablation())}
    methods |= {name: method() for name, method in CLIP_METHODS.items()}
    rows = (*options.rows, *(name for name, _ in _ablation() if options.ablation))
    for seed in range(options.seeds):
        todo = [row for row in rows if (row, seed) not in done]
        if not todo:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            data = _data(options, Path(scratch), seed)
            for row in todo:
                line = {"row": row, "seed": seed, "steps": options.steps, "width": options.width}
                line |= _result(methods[row], data, options, seed)
                with options.results.open("a") as file:
                    file.write(json.dumps(line) + "\n")
                print(line, flush=True)


def _ablation() -> Iterator[tuple[str, ClipMethod]]:
    """The rows of table 1: speed with any others, with and without the speed loss."""
    for count in range(len(TRANSFORMATIONS)):
        for others in combinations(TRANSFORMATIONS[1:], count):
            for speed_loss in (False, True) if others else (True,):
                chosen = (TRANSFORMATIONS[0], *others)
                name = " + ".join(chosen) + ("" if speed_loss else ", no speed loss")
                yield name, TemporalTransformations(transformations=chosen, speed_loss=speed_loss)


def _data(options: Run, scratch: Path, seed: int) -> Data:
    if options.videos is not None:
        split = _split(options.videos)
        return Data(split, split)
    sets = {}
    for kind in ("motion", "appearance"):
        make_classes(
            scratch / kind,
            kind,
            videos_per_class=options.videos_per_class,
            seed=seed,
            progress=False,
        )
        sets[kind] = _split(scratch / kind)
    # Flipped, left is right.
    return Data(sets["motion"], _story(scratch, seed), sets["appearance"], flip=False)


def _split(folder: Path) -> Split:
    found = inphase.find(folder)
    return [v for v in found if v.split == "train"], [v for v in found if v.split == "test"]


def _story(scratch: Path, seed: int) -> Split:
    """Videos of activities that begin and end; every third is for testing."""
    for name in ACTIVITIES:
        make(scratch / "story" / name, activity=name, videos=24, size=(64, 86), seed=seed)
    found = inphase.find(scratch / "story")
    return [v for k, v in enumerate(found) if k % 3], [v for k, v in enumerate(found) if not k % 3]


def _result(method: ClipMethod | None, data: Data, options: Run, seed: int) -> dict[str, Any]:
    start = time.perf_counter()
    architecture = Clips(options.network, options.width, options.size)
    if method is None:
        torch.manual_seed(seed)
        temporal = ClipLevelEncoder((3, CROP, CROP), architecture)
        encoder = Encoder(FrameFeatures(PIXELS, pooling="none"), temporal.eval())
    else:
        encoder = fit_clips(
            data.learnt if not method.supervised else data.motion[0],
            method,
            architecture=architecture,
            settings=replace(
                PRETRAINING,
                steps=options.steps,
                batch=usual_batch(method),
                learning_rate=options.learning_rate,
                seed=seed,
            ),
            flip=data.flip,
            device=options.device,
            progress=False,
        )
    trained = time.perf_counter() - start
    scores = _probe(encoder, data, options, seed)
    seconds = {"training": trained, "probes": time.perf_counter() - start - trained}
    return {"scores": scores, "seconds": seconds}


def _probe(encoder: Encoder, data: Data, options: Run, seed: int) -> dict[str, float]:
    """Every probe; the same settings for all networks."""
    quiet: dict[str, Any] = {"device": options.device, "progress": False}
    learnt = quiet | {"epochs": options.epochs, "flip": data.flip, "seed": seed}
    tuning = {**learnt, "epochs": options.tuning_epochs, "learning_rate": options.tuning_rate}
    motion = recognise(encoder, *data.motion, **learnt)
    tuned = recognise(encoder, *data.motion, frozen=False, **tuning)
    scores = {"motion": motion.accuracy, "motion, fine-tuned": tuned.accuracy}
    chances = dict.fromkeys(scores, motion.chance)
    if options.brief:
        return _beside(scores, chances)
    still = recognise(encoder, *data.motion, still=True, **learnt)
    scores["motion, stills"] = still.accuracy
    if data.looks is not None:
        scores["looks"] = recognise(encoder, *data.looks, **learnt).accuracy
    shift = synchronise(encoder, *data.motion, views=1, **learnt)
    scores |= {"offset": shift.accuracy, "offset, mean error": shift.error}
    scores["before or after"] = tell_before_from_after(
        encoder, *data.story, views=16, **learnt
    ).accuracy
    nearest = retrieve_videos(encoder, *data.motion, ks=(1, 5), **quiet)
    scores |= {f"top {k}": accuracy for k, accuracy in nearest.accuracy.items()}
    chances |= {
        "motion, stills": still.chance,
        "looks": 1 / len({video.activity for video in data.looks[0]}) if data.looks else 0.0,
        "offset": shift.chance,
        "offset, mean error": shift.chance_error,
        "before or after": 0.5,
        **{f"top {k}": chance for k, chance in nearest.chance.items()},
    }
    return _beside(scores, chances)


def _beside(scores: dict[str, float], chances: dict[str, float]) -> dict[str, float]:
    return scores | {f"{CHANCE}: {name}": chances[name] for name in scores}


def table(options: Table) -> None:
    """Mean and standard deviation over seeds, chance first."""
    rows: dict[str, list[dict[str, float]]] = {}
    for line in _lines(options.results):
        scores = {k: v for k, v in line["scores"].items() if not k.startswith(CHANCE)}
        chance = {name: line["scores"][f"{CHANCE}: {name}"] for name in scores}
        rows.setdefault(CHANCE, [chance])
        rows.setdefault(line["row"], []).append(scores)
    text = (options.note.strip() + "\n\n" if options.note else "") + markdown(rows)
    print(text)
    if options.out:
        options.out.write_text(text)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def main() -> None:
    keep_freed_memory()
    wait_briefly()
    options = tyro.cli(tyro.conf.OmitSubcommandPrefixes[Run | Table], description=__doc__)
    run(options) if isinstance(options, Run) else table(options)


if __name__ == "__main__":
    main()
