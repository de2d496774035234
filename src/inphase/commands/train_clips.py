"""`inphase train` for clip networks: another command by the same name, for other settings."""

from math import ceil
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from inphase.commands.arguments import Device, Videos
from inphase.commands.train import learnable
from inphase.console import count, done, rate, say
from inphase.errors import InputError
from inphase.methods import ClipMethod, TemporalTransformations


def train_clips(
    videos: Positional[Videos],
    name: Positional[Annotated[str, arg(metavar="METHOD")]] = "temporal-transformations",
    /,
    *,
    out: Path | None = None,
    method: Annotated[ClipMethod, arg(name="")] = TemporalTransformations(),  # noqa: B008 (frozen)
    network: Literal["c3d", "r3d-18", "r2plus1d-18"] = "c3d",
    width: int | None = None,
    size: int | None = None,
    steps: int = 600,
    epochs: int | None = None,
    batch: int | None = None,
    learning_rate: float | None = None,
    flip: bool = True,
    fold: int | None = None,
    fps: float | None = None,
    device: Device = "auto",
    seed: int = 0,
    resume: bool = False,
    force: bool = False,
    tensorboard: bool = False,
    json: bool = False,
) -> None:
    """Teach a clip network motion, by what can be asked of clips without labels.

    inphase train actions/ temporal-transformations
    inphase train actions/ temporal-transformations --transformations speed warp --no-speed-loss

    Args:
        videos: A folder of videos, a public data set, or a CSV with a `video` column.
        name: What to learn from; `inphase methods` lists them.
        out: Run folder (default: runs/VIDEOS-METHOD, or runs/VIDEOS-foldN-METHOD).
        method: Settings of the method.
        network: C3D, 3D-ResNet-18 or R(2+1)D-18.
        width: Channels of its first layers (default: the published 64 on a GPU, 16 without).
        size: Height and width of clips (default: the published 112 on a GPU, 40 without).
        steps: Optimiser steps.
        epochs: Instead of steps, how often all videos are seen (the paper: 100 on UCF101).
        batch: Videos a step, each with all its examples (default: as many as make the paper's 28
            clips; 7 for temporal-transformations).
        learning_rate: At its highest (default: the paper's 3e-4 on a GPU, 2e-3 without).
        flip: Whether half of the videos are mirrored; not where left and right matter.
        fold: Which division of UCF101 or HMDB51 into train and test to learn from (default: 1).
        fps: Frame rate for folders of images.
        device: Where to train.
        seed: Of everything random.
        resume: Go on with the run.
        force: Replace the run.
        tensorboard: Log for TensorBoard too.
        json: Print JSON.
    """
    learned = learnable(videos, fps, fold)
    frames = sum(len(video) for video in learned)
    say(f"{count(len(learned))}, {frames} frames to learn from", json)
    named = [videos.resolve().stem, *([f"fold{fold}"] if fold else []), name]
    out = out or Path("runs") / "-".join(named)

    from dataclasses import replace

    from inphase.device import pick_device
    from inphase.encoders.architecture import Clips
    from inphase.ranks import processes
    from inphase.train_clips import (
        PRETRAINING,
        PUBLISHED,
        SMALL,
        SMALL_RATE,
        fit_clips,
        usual_batch,
    )

    if epochs is not None and epochs < 1:
        raise InputError(f"epochs must be at least 1, not {epochs}")
    on_gpu = pick_device(device).type == "cuda"
    usual = PUBLISHED if on_gpu else SMALL
    shape = Clips(
        network,
        usual.width if width is None else width,
        usual.size if size is None else size,
        context=method.frames,
    )
    if learning_rate is None:
        learning_rate = PRETRAINING.learning_rate if on_gpu else SMALL_RATE
    if batch is None:
        batch = usual_batch(method)
    settings = replace(
        PRETRAINING, steps=steps, batch=batch, learning_rate=learning_rate, seed=seed
    )
    if epochs is not None:
        a_step = batch * processes()
        settings = replace(settings, steps=ceil(epochs * len(learned) / a_step))
    if not resume:
        say(f"{shape.describe()}, {shape.size} x {shape.size} pixels", json)
    fit_clips(
        learned,
        method,
        out=out,
        architecture=shape,
        settings=settings,
        flip=flip,
        device=device,
        resume=resume,
        force=force,
        progress=not json,
        tensorboard=tensorboard,
    )
    done(
        f"wrote {out}   -> inphase align {out} {learned[0].path} {videos}{rate(fps)}",
        {"run": str(out), "videos": len(learned), "frames": frames},
        json,
    )
