"""`inphase train`, for encoders of frames."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg

from inphase.commands.arguments import Device, Videos
from inphase.console import count, done, rate, say
from inphase.data.video import Video
from inphase.errors import InputError
from inphase.methods import CLIP_METHODS, METHODS, SCL, Method


def train(
    videos: Positional[Videos],
    name: Positional[Annotated[str, arg(metavar="METHOD")]] = "scl",
    /,
    *,
    out: Path | None = None,
    method: Annotated[Method, arg(name="")] = SCL(),  # noqa: B008 (frozen)
    plus: UseAppendAction[Annotated[tuple[str, ...], arg(metavar="METHOD[:WEIGHT]")]] = (),
    labels: Path | None = None,
    steps: int = 300,
    batch: int = 8,
    balanced: bool = False,
    per_activity: bool = False,
    views: int = 4,
    scene_noise: float = 0.0,
    backbone: str | None = None,
    layer: Annotated[str, arg(metavar="last|middle|conv4c|conv5c")] = "last",
    encoder: Annotated[str, arg(metavar="default|carl|convolutional|r3d-18")] = "default",
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
    inphase train squats/ lav --alpha 0.5 --plus tcc:0.1

    Args:
        videos: A folder of videos or of files of poses, or a CSV with a `video` column.
        name: What to learn from; `inphase methods` lists them. Each has settings of its own: see
            `inphase train VIDEOS METHOD --help`.
        out: Run folder (default: runs/VIDEOS-METHOD).
        method: Settings of the method.
        plus: Another method whose loss is added, with its weight; may be given again.
        labels: What happens when, for methods that learn from labels (default: phases.csv beside
            the videos).
        steps: Optimiser steps.
        batch: Videos a step.
        balanced: Draw all activities equally often, however many videos they have.
        per_activity: Train a model for each activity, in folders of their own.
        views: Augmented views computed of every frame, 0 to go without; of no account with
            --finetune, which augments anew at every step.
        scene_noise: Move the features of each view as a whole, at random, by about so many
            standard deviations between videos: for videos of many places and people, try 1.
        backbone: Image backbone: a Hugging Face folder or Hub name (default: efficientnet-lite0,
            or pose for files of poses), or vgg-m, which learns from scratch.
        layer: Which layer of the backbone gives the features; the conv ones are of ResNets.
        encoder: Temporal model: the order-aware default, CARL's transformer, the convolutional
            embedder of TCC and LAV, or R3D-18 over blocks of frames (from pixels).
        finetune: Train the backbone's last block too, from pixels (slow without a GPU).
        fps: Frame rate for folders of images, and for poses without times.
        device: Where to train.
        seed: Of everything random.
        resume: Go on with the run.
        force: Replace the run.
        tensorboard: Log for TensorBoard too.
        json: Print JSON.
    """
    added = [_weighted(each) for each in plus]
    learns_labels = any(each.learns_labels for each in (method, *(m for m, _ in added)))
    if labels and not learns_labels and not resume:
        raise InputError(f"{name} learns nothing from --labels: leave them out, or use supervised")
    learned = learnable(videos, fps)
    frames = sum(len(video) for video in learned)
    say(f"{count(len(learned))}, {frames} frames to learn from", json)
    out = out or Path("runs") / "-".join([videos.resolve().stem, name])

    from inphase.encoders import architecture
    from inphase.encoders.backbones import DEFAULT, FROM_SCRATCH, PIXELS
    from inphase.encoders.encoder import FrameFeatures
    from inphase.evaluation.labels_beside import labels_beside
    from inphase.per_activity import fit_per_activity, folder_of
    from inphase.settings import Settings
    from inphase.train import fit

    shapes = {
        "default": architecture.FrameLevel(),
        "carl": architecture.CARL,
        "convolutional": architecture.Convolutional(),
        "r3d-18": architecture.Blocks(),
    }
    if encoder not in shapes:
        raise InputError(f"there is no encoder '{encoder}': use one of {', '.join(shapes)}")
    if encoder == "r3d-18":
        if backbone not in (None, PIXELS):
            raise InputError(f"r3d-18 looks at pixels: leave out --backbone {backbone}")
        backbone = PIXELS
    features = None
    if backbone or layer != "last":
        features = FrameFeatures(
            backbone or DEFAULT,
            weights="random" if backbone == FROM_SCRATCH else "pretrained",
            pooling=shapes[encoder].pooling,
            layer=layer,
        )
    (fit_per_activity if per_activity else fit)(
        learned,
        method,
        out=out,
        plus=added,
        labels=labels_beside(videos, labels) if labels or learns_labels else None,
        frame_features=features,
        architecture=shapes[encoder],
        views=views,
        finetune=finetune or backbone == FROM_SCRATCH,
        settings=Settings(
            steps=steps, batch=batch, seed=seed, balanced=balanced, scene_noise=scene_noise
        ),
        device=device,
        resume=resume,
        force=force,
        tensorboard=tensorboard,
    )
    first = folder_of(out, learned[0].activity) if per_activity else out
    done(
        f"wrote {out}   -> inphase align {first} {learned[0].path} {videos}{rate(fps)}",
        {"run": str(out), "videos": len(learned), "frames": frames},
        json,
    )


def learnable(videos: Path, fps: float | None, fold: int | None = None) -> list[Video]:
    """Find the videos to learn from: all but those for validation and testing.

    Raises:
        InputError: If there are none.
    """
    from inphase.data.collection import find

    found = find(videos, fps=fps, fold=fold)
    learned = [video for video in found if video.split in ("", "train")]
    if not learned:
        raise InputError(f"all {len(found)} videos in {videos} are for validation or testing")
    return learned


def method_of(name: str) -> type[Method]:
    """Find a method by its name.

    Raises:
        InputError: If there is none of that name.
    """
    if name in CLIP_METHODS:
        raise InputError(f"{name} is a method for clip networks: it stands alone")
    if name not in METHODS:
        raise InputError(
            f"there is no method '{name}': use one of {', '.join([*METHODS, *CLIP_METHODS])}"
        )
    return METHODS[name]


def _weighted(words: str) -> tuple[Method, float]:
    """Read `tcc` or `tcc:0.5`."""
    name, _, weight = words.partition(":")
    try:
        number = float(weight or 1)
    except ValueError:
        raise InputError(f"--plus takes METHOD or METHOD:WEIGHT, not '{words}'") from None
    return method_of(name)(), number
