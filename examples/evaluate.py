"""Score a model on labelled videos, beside a clock and against models that learnt nothing here.

`make demo` renders demo/videos and trains demo/run; after it:
    python examples/evaluate.py [FOLDER] --model demo/run
"""

from pathlib import Path

import tyro

import inphase
from inphase.data.label_files import read_labels


def main(
    folder: Path = Path("demo/videos"),
    /,
    *,
    model: Path = Path("demo/run"),
    out: Path = Path("demo/evaluation"),
) -> None:
    """Evaluate a model on the videos of a folder, whose labels are in its `phases.csv`."""
    result = inphase.evaluate(
        model,
        inphase.find(folder),
        read_labels(folder / "phases.csv"),
        against=["imagenet", "random"],
        protocol="carl",
        metrics=("retrieval", "dtw_accuracy", "one_shot"),
    )
    print(result)
    best = result.rows[0]
    for metric, share in best.beyond.items():
        print(f"{best.name} gains {share:.0%} of what a clock leaves to gain on {metric}")
    page = next(path for path in result.save(out) if path.suffix == ".md")
    print(f"open {page}")


if __name__ == "__main__":
    tyro.cli(main)
