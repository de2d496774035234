"""`inphase align`."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from inphase.commands.arguments import Device, Model, Videos
from inphase.console import count, done, say
from inphase.errors import InputError


def align(
    model: Positional[Model],
    reference: Positional[Annotated[str, arg(metavar="REFERENCE")]],
    videos: Positional[Videos],
    /,
    *,
    out: Path | None = None,
    fps: float | None = None,
    device: Device = "auto",
    force: bool = False,
    json: bool = False,
) -> None:
    """Line videos up with a reference: page, film, warp table, similarity pictures.

    inphase align runs/squats-scl squats/coach.mp4 squats/

    Args:
        model: A run folder; or imagenet, random or pose, which need no training.
        reference: A video file, or the name of one of the videos.
        videos: A video, a folder of videos, a CSV, or a folder of embeddings.
        out: Folder to write to (default: aligned/ in the run folder).
        fps: Frame rate for folders of images, and for poses without times.
        device: Where to compute.
        force: Replace what is in the folder.
        json: Print JSON.
    """
    from inphase.inputs import gather

    out = out or (Path(model) if Path(model).is_dir() else Path(".")) / "aligned"
    if (out / "page.html").exists() and not force:
        raise InputError(f"{out} already holds an alignment: add --force or --out")
    first, shown, embeddings = gather(model, reference, videos, fps=fps, device=device)
    others = {name: each for name, each in embeddings.items() if name != first.name}
    say(f"{count(len(others))} to line up with {first.name}", json)

    import numpy as np

    from inphase.show.export import save_alignments
    from inphase.tasks.align import align as align_embeddings

    alignments = align_embeddings(embeddings[first.name], others)
    costs = {name: float(np.median(each.cost)) for name, each in alignments.items()}
    written = save_alignments(alignments, shown, out)
    worst = max(costs, key=lambda name: costs[name])
    say(
        f"median match cost {np.median(list(costs.values())):.3f}, worst {costs[worst]:.3f} "
        f"({worst})",
        json,
    )
    done(
        f"wrote {out}: aligned.mp4, warp.csv, similarity/   -> open {written[0]}",
        {"out": str(out), "reference": first.name, "median_cost": costs},
        json,
    )
