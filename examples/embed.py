"""Embed every frame of a folder of videos, and find the frame of another video most like one.

`make demo` renders demo/videos and trains demo/run; after it:
    python examples/embed.py [FOLDER] --model demo/run
"""

from pathlib import Path

import tyro

import inphase


def main(
    folder: Path = Path("demo/videos"),
    /,
    *,
    model: Path = Path("demo/run"),
    out: Path = Path("demo/embeddings"),
) -> None:
    """Embed a folder with a trained model."""
    encoder = inphase.Encoder.load(model)
    embeddings = inphase.embed(encoder, inphase.find(folder), out=out)
    one, other, *_ = embeddings.values()
    middle = len(one) // 2
    likeness = other.normalised.values @ one.normalised.values[middle]
    best = int(likeness.argmax())
    print(f"wrote {len(embeddings)} files to {out}, {one.values.shape[1]} numbers a frame")
    print(
        f"{one.video} at {one.times[middle]:.2f} s is most like "
        f"{other.video} at {other.times[best]:.2f} s (cosine {likeness[best]:.2f})"
    )


if __name__ == "__main__":
    tyro.cli(main)
