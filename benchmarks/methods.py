"""Every method on every set: the same encoder and steps, only the loss and its views changed.

    python benchmarks/methods.py run RESULTS.jsonl --data DATA --sets golf pushups --seeds 5
    python benchmarks/methods.py table RESULTS.jsonl --out benchmarks/methods.md

`run` adds a line for each training to RESULTS.jsonl and leaves out what is there already, so that
it can be stopped and gone on with. DATA is the folder that holds `golf/`, `pushups/` and
`penn_action_pose/`; `rendered` needs none.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import tyro
from method_sets import SETS, Task
from tables import markdown

from inphase.commands.train import method_of
from inphase.encoders.encoder import Encoder, FrameFeatures
from inphase.errors import TrainingError
from inphase.memory import keep_freed_memory
from inphase.methods import METHODS, SCL, TCC, LRProp, Method
from inphase.settings import Settings
from inphase.threads import wait_briefly
from inphase.train import fit

# Rows beyond the methods as they are: other settings, and sums, each part with its weight.
VARIANTS: dict[str, tuple[tuple[Method, float], ...]] = {
    "scl, variance 10 (paper)": ((SCL(variance=10.0), 1.0),),
    "scl, variance 6": ((SCL(variance=6.0), 1.0),),
    "scl, variances 3 and 10": ((SCL(), 1.0), (SCL(variance=10.0), 1.0)),
    "scl + lrprop": ((SCL(), 1.0), (LRProp(), 1.0)),
    "scl + tcc": ((SCL(), 1.0), (TCC(), 0.1)),
    "scl, scene noise 1": ((SCL(), 1.0),),
    "scl, scene noise 2": ((SCL(), 1.0),),
    "scl, variance 10, scene noise 2": ((SCL(variance=10.0), 1.0),),
}
SCENE_NOISE = {
    "scl, scene noise 1": 1.0,
    "scl, scene noise 2": 2.0,
    "scl, variance 10, scene noise 2": 2.0,
}
CONTROLS = ("clock, normalised", "clock, elapsed", "untrained features", "random features")


@dataclass
class Run:
    """Train and score what is not there yet."""

    results: tyro.conf.Positional[Path]
    data: Path | None = None
    sets: tuple[str, ...] = tuple(SETS)
    methods: tuple[str, ...] = (*METHODS, *VARIANTS)
    seeds: int = 5
    steps: int = 300
    frames: int | None = 80
    """Frames a view for all methods; the papers' own with `--frames None`."""


@dataclass
class Table:
    """Write the table of all results."""

    results: tyro.conf.Positional[Path]
    out: Path | None = None
    note: str = ""
    sets: tuple[str, ...] = field(default_factory=lambda: tuple(SETS))


def chosen(name: str, frames: int | None) -> tuple[Method, list[tuple[Method, float]]]:
    """A method or a variant by its name, with its views as long as the others'."""
    parts = VARIANTS[name] if name in VARIANTS else ((method_of(name)(), 1.0),)
    made = [(replace(part, frames=frames) if frames else part, weight) for part, weight in parts]
    return made[0][0], made[1:]


def run(options: Run) -> None:
    """Go through sets, seeds and methods, seeds outside, so that an early end is fair."""
    done = {(line["set"], line["row"], line["seed"]) for line in _lines(options.results)}
    asked = {"steps": options.steps, "frames": options.frames}
    for seed in range(options.seeds):
        for name in options.sets:
            controls = [each for each in CONTROLS if seed == 0 or name == "rendered"]
            if name == "penn-pose":  # joints have no weights
                controls = [each for each in controls if each != "random features"]
            rows = [*controls, *options.methods]
            todo = [row for row in rows if (name, row, seed) not in done]
            if not todo:
                continue
            task = SETS[name](options.data, seed)
            for row in todo:
                line = {"set": name, "row": row, "seed": seed, **asked}
                line |= _result(task, row, options, seed)
                with options.results.open("a") as file:
                    file.write(json.dumps(line) + "\n")
                print(line, flush=True)


def _result(task: Task, row: str, options: Run, seed: int) -> dict[str, Any]:
    if row.startswith("clock"):
        return {"scores": task.clock(normalised="normalised" in row)}
    if row.endswith("features"):
        weights = "pretrained" if row.startswith("untrained") else "random"
        untrained = FrameFeatures(task.features.backbone, weights=weights)
        return {"scores": task.score(lambda _: Encoder(untrained))}
    method, plus = chosen(row, options.frames)
    start = time.perf_counter()
    models: dict[str, Encoder] = {}
    try:
        for activity, videos in task.train.items():
            models[activity] = fit(
                videos,
                method,
                plus=plus,
                labels=task.labels[activity],
                frame_features=task.features,
                settings=Settings(
                    steps=options.steps, seed=seed, scene_noise=SCENE_NOISE.get(row, 0.0)
                ),
                progress=False,
            )
    except TrainingError as error:
        return {"failed": str(error)}
    seconds = time.perf_counter() - start
    return {"scores": task.score(lambda activity: models[activity]), "seconds": seconds}


def table(options: Table) -> None:
    """Mean and standard deviation over seeds, a table for each set."""
    lines = _lines(options.results)
    text = options.note.strip() + "\n" if options.note else ""
    for name in options.sets:
        of_set = [line for line in lines if line["set"] == name]
        rows: dict[str, list[dict[str, float]]] = {}
        for row in dict.fromkeys(
            (*CONTROLS, *METHODS, *VARIANTS, *(each["row"] for each in of_set))
        ):
            found = [each["scores"] for each in of_set if each["row"] == row and "scores" in each]
            failed = [each for each in of_set if each["row"] == row and "failed" in each]
            if found:
                count = f" ({len(failed)} of {len(found) + len(failed)} failed)" if failed else ""
                knows = " (the labels that are scored)" * (
                    row == "supervised" and SETS[name].learns_what_is_scored
                )
                rows[row + knows + count] = found
        if rows:
            text += f"\n## {SETS[name].title}\n\n{markdown(rows)}"
            text += _failures(of_set)
    print(text)
    if options.out:
        options.out.write_text(text)


def _failures(lines: Sequence[dict[str, Any]]) -> str:
    failed = [
        f"\n{line['row']}, seed {line['seed']}: {line['failed']}.\n"
        for line in lines
        if "failed" in line
    ]
    return (
        f"\nTraining stopped, for all frames had come to the same: {'; '.join(failed)}.\n"
        * bool(failed)
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def main() -> None:
    keep_freed_memory()
    wait_briefly()
    options = tyro.cli(tyro.conf.OmitSubcommandPrefixes[Run | Table], description=__doc__)
    run(options) if isinstance(options, Run) else table(options)


if __name__ == "__main__":
    main()
