"""The command line: each command parses, calls one function of the library, and prints."""

import errno
import json as json_module
import os
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import tyro
from tyro.conf import Positional, arg

from inphase.errors import InputError, TrainingError
from inphase.memory import keep_freed_memory
from inphase.methods import METHODS, SCL

Videos = Annotated[Path, arg(metavar="VIDEOS")]
Model = Annotated[str, arg(metavar="MODEL")]
Device = Annotated[str, arg(metavar="auto|cpu|cuda|mps")]


def check(
    videos: Positional[Videos],
    /,
    *,
    fps: float | None = None,
    strict: bool = False,
    write: Path | None = None,
    json: bool = False,
) -> None:
    """Look at videos: lengths, frame rates, bad files, likely slow motion.

    inphase check squats/

    Args:
        videos: A video, a folder of videos, or a CSV with a `video` column.
        fps: Frame rate for folders of images.
        strict: Stop with an error if any file cannot be used.
        write: Also write the usable videos to this CSV, to edit and train from.
        json: Print JSON.
    """
    from inphase.data.collection import inspect, write_csv

    report = inspect(videos, fps=fps)
    if json:
        print(json_module.dumps(report.as_dict(), indent=2))
    else:
        print(report)
    if write is not None:
        write_csv(write, report.videos)
        _say(f"wrote {write}   -> inphase train {write}", json)
    elif report.videos:
        _say(f"-> inphase train {videos}", json)
    if strict and report.bad:
        path, reason = report.bad[0]
        raise InputError(f"{len(report.bad)} unusable, the first is {path}: {reason}")
    if not report.videos:
        raise InputError(f"no usable video in {videos}")


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
    _say(f"{_count(len(learned))}, {frames} frames to learn from", json)
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
    _done(
        f"wrote {out}   -> inphase align {out} {learned[0].path} {videos}",
        {"run": str(out), "videos": len(learned), "frames": frames},
        json,
    )


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
        model: A run folder; or imagenet or random, which need no training.
        videos: A video, a folder of videos, or a CSV.
        out: Folder to write to (default: embeddings/ in the run folder). Files that are there
            already and still right are kept.
        fps: Frame rate for folders of images.
        device: Where to compute.
        json: Print JSON.
    """
    from inphase.data.collection import find
    from inphase.encoders.encoder import Encoder
    from inphase.tasks.embed import embed as embed_videos

    found = find(videos, fps=fps)
    _say(f"{_count(len(found))}, {sum(len(video) for video in found)} frames", json)
    out = out or (Path(model) if Path(model).is_dir() else Path(".")) / "embeddings"
    made = embed_videos(Encoder.load(model), found, out=out, device=device)
    _done(
        f"wrote {_count(len(made), 'file')} to {out}   -> "
        f"inphase align {model} {next(iter(made))} {out}",
        {"out": str(out), "videos": list(made)},
        json,
    )


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
        model: A run folder; or imagenet or random, which need no training.
        reference: A video file, or the name of one of the videos.
        videos: A video, a folder of videos, a CSV, or a folder of embeddings.
        out: Folder to write to (default: aligned/ in the run folder).
        fps: Frame rate for folders of images.
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
    _say(f"{_count(len(others))} to line up with {first.name}", json)

    import numpy as np

    from inphase.show.export import save_alignments
    from inphase.tasks.align import align as align_embeddings

    alignments = align_embeddings(embeddings[first.name], others)
    costs = {name: float(np.median(each.cost)) for name, each in alignments.items()}
    written = save_alignments(alignments, shown, out)
    worst = max(costs, key=lambda name: costs[name])
    _say(
        f"median match cost {np.median(list(costs.values())):.3f}, worst {costs[worst]:.3f} "
        f"({worst})",
        json,
    )
    _done(
        f"wrote {out}: aligned.mp4, warp.csv, similarity/   -> open {written[0]}",
        {"out": str(out), "reference": first.name, "median_cost": costs},
        json,
    )


def demo(
    out: Positional[Path] = Path("demo"),
    /,
    *,
    activity: Annotated[str, arg(metavar="pouring|clean_and_jerk")] = "pouring",
    videos: int = 16,
    steps: int = 600,
    seed: int = 0,
    force: bool = False,
    json: bool = False,
) -> None:
    """Render an activity with known truth, learn it, line it up: the whole job in minutes.

    inphase demo

    Args:
        out: Folder to write to.
        activity: What to render.
        videos: How many videos.
        steps: Optimiser steps.
        seed: Of everything random.
        force: Replace what is in the folder.
        json: Print JSON.
    """
    from inphase.demo import run_demo

    result = run_demo(out, activity, videos=videos, steps=steps, seed=seed, force=force)
    _say(str(result), json)
    _done(f"wrote {out}   -> open {result.page}", result.as_dict(), json)


def methods() -> None:
    """List the training methods, with their papers."""
    for name, method in METHODS.items():
        summary = (method.__doc__ or "").split("\n")[0]
        print(f"{name:8} {summary}\n{'':8} {method.paper}")


COMMANDS = {
    "demo": demo,
    "check": check,
    "train": train,
    "embed": embed,
    "align": align,
    "methods": methods,
}


def main() -> None:
    """Run the command line, and turn foreseen trouble into one sentence and an exit code."""
    keep_freed_memory()
    warnings.formatwarning = lambda message, *_: f"inphase: {message}\n"
    try:
        tyro.extras.subcommand_cli_from_dict(
            COMMANDS,
            prog="inphase",
            description="Learn what moment of an activity every video frame shows, without "
            "labels, and line videos up.",
            config=(tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff),
        )
    except (InputError, TrainingError) as error:
        _fail(str(error), 1)
    except KeyboardInterrupt as error:
        _fail(str(error) or "stopped; what was finished is kept", 130)
    except BrokenPipeError:
        # The reader of the output, as `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None
    except OSError as error:
        todo = ": make room, and run again" if error.errno == errno.ENOSPC else ""
        _fail(f"{error.filename or 'a file'} cannot be used: {error.strerror or error}{todo}", 1)


def _fail(message: str, code: int) -> None:
    print(f"inphase: {message}", file=sys.stderr)
    raise SystemExit(code)


def _count(number: int, what: str = "video") -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _say(line: str, json: bool) -> None:
    """Print for people; scripts that asked for JSON get it on standard error."""
    print(line, file=sys.stderr if json else sys.stdout, flush=True)


def _done(line: str, result: dict[str, Any], json: bool) -> None:
    print(json_module.dumps(result) if json else line)


if __name__ == "__main__":
    main()
