"""Line a folder of videos up with the first of them, and ask for the same moment in each.

`make demo` renders demo/videos and trains demo/run; after it:
    python examples/align.py [FOLDER] --model demo/run
"""

from pathlib import Path

import tyro

import inphase


def main(
    folder: Path = Path("demo/videos"),
    /,
    *,
    model: Path = Path("demo/run"),
    out: Path = Path("demo/example"),
) -> None:
    """Align a folder with its first video."""
    videos = inphase.find(folder)
    embeddings = inphase.embed(inphase.Encoder.load(model), videos)
    reference = videos[0]
    alignments = inphase.align(embeddings.pop(reference.name), embeddings)
    moment = float(reference.times[len(reference) // 2])
    print(f"What {reference.name} shows at {moment:.2f} s, the others show at:")
    for name, alignment in alignments.items():
        cost = alignment.cost.mean()
        print(f"  {name:12} {alignment.to_other(moment):6.2f} s   mean match cost {cost:.3f}")
    page, *_ = inphase.save_alignments(alignments, videos, out)
    print(f"open {page}")


if __name__ == "__main__":
    tyro.cli(main)
