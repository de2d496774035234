"""`inphase train`."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from inphase.commands.arguments import Device, Videos
from inphase.console import count, done, say
from inphase.errors import InputError
from inphase.methods import SCL


def train(
    videos: Positional[Videos],
    /,
    *,
    out: Path | None = None,
    method: Annotated[SCL, arg(name="")] = SCL(),  # noqa: B008 (frozen)
    steps: int = 300,
    batch: int = 8,
    views: int = 4,
    backbone: str = "efficientnet-lite0",
    encoder: Annotated[str, arg(metavar="default|carl")] = "default",
    finetune: bool = False,
    fps: float | None = None,
    device: Device = "auto",
    seed: int = 0,
    resume: bool = False,
    force: bool = False,
    tensorboard: bool = False,
    json: bool = False,
) -> None:
    """Learn a frame encoder from videos of the same activity, without labels.

    inphase train squats/

    Args:
        videos: A folder of videos, or a CSV with a `video` column.
        out: Run folder (default: runs/VIDEOS-METHOD).
        method: Sequence contrastive loss (CARL).
        steps: Optimiser steps.
        batch: Videos a step.
        views: Augmented views computed of every frame, 0 to go without.
        backbone: Image backbone: efficientnet-lite0, or a Hugging Face folder or Hub name.
        encoder: Temporal model: the order-aware default, or CARL's transformer.
        finetune: Train the backbone's last block too, from pixels (slow without a GPU).
        fps: Frame rate for folders of images.
        device: Where to train.
        seed: Of everything random.
        resume: Go on with the run.
        force: Replace the run.
        tensorboard: Log for TensorBoard too.
        json: Print JSON.
    """
    from inphase.data.collection import find

    found = find(videos, fps=fps)
    learned = [video for video in found if video.split in ("", "train")]
    if not learned:
        raise InputError(f"all {len(found)} videos in {videos} are for validation or testing")
    frames = sum(len(video) for video in learned)
    say(f"{count(len(learned))}, {frames} frames to learn from", json)
    out = out or Path("runs") / f"{videos.resolve().stem}-scl"

    from inphase.encoders import architecture
    from inphase.encoders.encoder import FrameFeatures
    from inphase.train import Settings, fit

    shapes = {"default": architecture.FrameLevel(), "carl": architecture.CARL}
    if encoder not in shapes:
        raise InputError(f"there is no encoder '{encoder}': use one of {', '.join(shapes)}")
    fit(
        learned,
        method,
        out=out,
        frame_features=FrameFeatures(backbone=backbone),
        architecture=shapes[encoder],
        views=views,
        finetune=finetune,
        settings=Settings(steps=steps, batch=batch, seed=seed),
        device=device,
        resume=resume,
        force=force,
        tensorboard=tensorboard,
    )
    done(
        f"wrote {out}   -> inphase align {out} {learned[0].path} {videos}",
        {"run": str(out), "videos": len(learned), "frames": frames},
        json,
    )
