"""Line up two rendered videos, whose truth is known, and see how far off the alignment is.

`make demo` renders demo/videos and trains demo/run; after it:
    python examples/demo.py [FOLDER] --model demo/run
"""

from pathlib import Path

import tyro

import inphase
from inphase.data.rendered import load_truth
from inphase.metrics import alignment_error


def main(folder: Path = Path("demo/videos"), /, *, model: Path = Path("demo/run")) -> None:
    """Compare a trained model with its untrained features on the first two videos."""
    videos = inphase.find(folder)[:2]
    truth = load_truth(folder)
    for name in (model, "imagenet"):
        one, other = inphase.embed(inphase.Encoder.load(name), videos).values()
        error = alignment_error(
            inphase.align(one, other).path,
            truth[one.video].phase_time,
            truth[other.video].phase_time,
        )
        print(f"{name!s:12} median {error.median_frames:.1f} frames from the truth")


if __name__ == "__main__":
    tyro.cli(main)
