"""`inphase embed`."""

from pathlib import Path

from tyro.conf import Positional

from inphase.commands.arguments import Device, Model, Videos
from inphase.console import count, done, rate, say, typed


def embed(
    model: Positional[Model],
    videos: Positional[Videos],
    /,
    *,
    out: Path | None = None,
    fps: float | None = None,
    device: Device = "auto",
    json: bool = False,
) -> None:
    """Write one embedding a frame: an .npz file a video, with values and times.

    inphase embed runs/squats-scl squats/

    Args:
        model: A run folder; or imagenet, random or pose, which need no training.
        videos: A video, a folder of videos, or a CSV.
        out: Folder to write to (default: embeddings/ in the run folder). Files that are there
            already and still right are kept.
        fps: Frame rate for folders of images, and for poses without times.
        device: Where to compute.
        json: Print JSON.
    """
    from inphase.data.collection import find
    from inphase.encoders.encoder import Encoder
    from inphase.tasks.embed import embed as embed_videos

    found = find(videos, fps=fps)
    say(f"{count(len(found))}, {sum(len(video) for video in found)} frames", json)
    out = out or (Path(model) if Path(model).is_dir() else Path(".")) / "embeddings"
    made = embed_videos(Encoder.load(model), found, out=out, device=device)
    done(
        f"wrote {count(len(made), 'file')} to {out}   -> "
        f"inphase align {typed(model, next(iter(made)), out)}{rate(fps)}",
        {"out": str(out), "videos": list(made)},
        json,
    )
