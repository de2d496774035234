"""Teach a clip network motion without labels, and ask what it knows.

    python examples/probe.py --out runs/motion --steps 600

renders eight ways of moving that no single picture tells apart, and needs no videos.
"""

from dataclasses import replace
from pathlib import Path

import tyro

import inphase
from inphase.data.rendered import make_classes
from inphase.probing import recognise, retrieve_videos, saliency
from inphase.show.saliency import save_saliency
from inphase.show.transformations import plot_transformations
from inphase.train_clips import PRETRAINING, SMALL, SMALL_RATE, fit_clips, load_heads


def main(
    *, out: Path = Path("runs/motion"), steps: int = 600, videos: int = 24, epochs: int = 50
) -> None:
    """Train, recognise, retrieve, and look at what it looks at."""
    make_classes(out / "videos", "motion", videos_per_class=videos)
    found = inphase.find(out / "videos")
    train = [video for video in found if video.split == "train"]
    test = [video for video in found if video.split == "test"]
    settings = replace(PRETRAINING, steps=steps, learning_rate=SMALL_RATE)
    # Never mirrored: that would turn one way round into the other.
    given = {"architecture": SMALL, "settings": settings, "flip": False}
    model = fit_clips(train, out=out / "run", force=True, **given)

    moving = recognise(model, train, test, flip=False, epochs=epochs)
    still = recognise(model, train, test, flip=False, epochs=epochs, still=True)
    nearest = retrieve_videos(model, train, test, ks=(1,))
    print(f"right of {len(test)}: {moving.accuracy:.3f} by three layers on frozen features")
    print(f"when each clip is a repeated still: {still.accuracy:.3f}; chance {still.chance:.3f}")
    print(f"nearest video of the same class: {nearest.accuracy[1]:.3f}")

    seen = saliency(model, test[0], head=load_heads(model, out / "run"), output="motion")
    save_saliency(seen.frames, {"temporal transformations": seen.values}, out / "saliency.png")
    plot_transformations(test[0], out / "transformations.png")
    print(f"wrote {out}/saliency.png and {out}/transformations.png")


if __name__ == "__main__":
    tyro.cli(main)
