"""The whole job on a rendered activity, whose truth is known: from making it to measuring."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inphase.data.collection import find
from inphase.data.rendered import load_truth, make
from inphase.embeddings import Embeddings
from inphase.encoders.encoder import Encoder
from inphase.errors import InputError
from inphase.metrics import alignment_error
from inphase.show.export import save_alignments
from inphase.tasks.align import align
from inphase.tasks.embed import embed
from inphase.train import Settings, fit

# Enough of the videos to see on one screen.
_SHOWN = 9


@dataclass(frozen=True)
class DemoResult:
    """What the demo made and how well it did.

    Attributes:
        page: The page to open.
        errors: Median alignment error in frames of the model, the untrained features and the
            clock, over all ordered pairs of videos.
    """

    page: Path
    errors: dict[str, float]

    def __str__(self) -> str:
        lines = [f"{name:>20}  {error:5.1f}" for name, error in self.errors.items()]
        return "median alignment error against the truth, in frames\n" + "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The result as plain values."""
        return {"page": str(self.page), "median_error_in_frames": self.errors}


def run_demo(
    out: Path | str,
    activity: str = "pouring",
    *,
    videos: int = 16,
    steps: int = 600,
    seed: int = 0,
    force: bool = False,
) -> DemoResult:
    """Render videos of an activity, learn it, line them up, and compare with the truth.

    Args:
        out: Folder for `videos/`, `run/` and `aligned/`.
        activity: One of `inphase.data.rendered.ACTIVITIES`.
        videos: How many to render.
        steps: Optimiser steps.
        seed: Of everything random.
        force: Train again and write again what is there.

    Raises:
        InputError: If there is a demo already, or the folder cannot be used.
    """
    out = Path(out)
    if (out / "aligned" / "page.html").exists() and not force:
        raise InputError(f"{out} already holds a demo: add --force, or name another folder")
    make(out / "videos", activity=activity, videos=videos, seed=seed)
    found = find(out / "videos")
    model = fit(found, out=out / "run", settings=Settings(steps=steps, seed=seed), force=True)
    embeddings = embed(model, found)
    untrained = embed(Encoder(model.frame_features), found)
    errors = {
        "model": median_error(embeddings, out / "videos"),
        "untrained features": median_error(untrained, out / "videos"),
        "clock": median_error(clock(embeddings), out / "videos"),
    }
    shown = found[:_SHOWN]
    alignments = align(
        embeddings[shown[0].name], {video.name: embeddings[video.name] for video in shown[1:]}
    )
    page = save_alignments(alignments, shown, out / "aligned")[0]
    return DemoResult(page, errors)


def median_error(embeddings: dict[str, Embeddings], folder: Path) -> float:
    """Median alignment error in frames over all ordered pairs of rendered videos."""
    truth = load_truth(folder)
    errors = [
        alignment_error(align(one, other).path, truth[a].phase_time, truth[b].phase_time).frames
        for a, one in embeddings.items()
        for b, other in embeddings.items()
        if a != b
    ]
    return float(np.nanmedian(np.concatenate(errors)))


def clock(embeddings: dict[str, Embeddings]) -> dict[str, Embeddings]:
    """Embeddings that know nothing but the share of the video that has passed.

    Points on a half circle, so that their cosine says how far apart two of them are.
    """
    turned = {}
    for name, each in embeddings.items():
        angle = np.linspace(0, np.pi, len(each))
        values = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        turned[name] = Embeddings(values, each.times, name)
    return turned
