"""The command line: each command parses, calls one function of the library, and prints."""

import json as json_module
import warnings
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import Positional, arg

from inphase.console import count, done, say, trouble_in_one_sentence
from inphase.errors import InputError
from inphase.memory import keep_freed_memory
from inphase.methods import METHODS, SCL
from inphase.threads import wait_briefly

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
        say(f"wrote {write}   -> inphase train {write}", json)
    elif report.videos:
        say(f"-> inphase train {videos}", json)
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
    say(f"{count(len(found))}, {sum(len(video) for video in found)} frames", json)
    out = out or (Path(model) if Path(model).is_dir() else Path(".")) / "embeddings"
    made = embed_videos(Encoder.load(model), found, out=out, device=device)
    done(
        f"wrote {count(len(made), 'file')} to {out}   -> "
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


def evaluate(
    model: Positional[Model],
    videos: Positional[Videos],
    /,
    *,
    labels: Path | None = None,
    against: Annotated[str | None, arg(metavar="MODEL")] = None,
    protocol: Annotated[str, arg(metavar="tcc|carl|lav|lrprop|ae2")] = "carl",
    metrics: Annotated[tuple[str, ...], arg(metavar="METRIC")] = (),
    stride: int | None = None,
    no_controls: bool = False,
    draws: int = 2000,
    out: Path | None = None,
    fps: float | None = None,
    device: Device = "auto",
    seed: int = 0,
    force: bool = False,
    json: bool = False,
) -> None:
    """Score a model on labelled videos, beside a clock and other controls.

    inphase evaluate runs/squats-scl squats/ --labels squats/phases.csv

    Args:
        model: A run folder; or imagenet or random, which need no training. A folder of run
            folders is taken as one model with several seeds.
        videos: A folder of videos, or a CSV with a `video` column.
        labels: What happens when, in any format that is read (default: phases.csv beside the
            videos).
        against: A second model, to say which of the two is better and how surely.
        protocol: Whose definitions to go by.
        metrics: Other metrics than the protocol's: classification, progression, retrieval,
            dtw_accuracy, one_shot, rand_index, progress_error, tau.
        stride: Compare every so-manieth frame (default: the protocol's).
        no_controls: Score the model and the clock alone; not untrained features, nor frames
            shuffled, reversed, frozen and cut.
        draws: Bootstrap draws for the intervals.
        out: Folder to write to (default: evaluation/ in the run folder).
        fps: Frame rate for folders of images.
        device: Where to compute.
        seed: Of everything random.
        force: Replace what is in the folder.
        json: Print JSON.
    """
    from inphase.data.collection import find
    from inphase.evaluation.activities import activities
    from inphase.evaluation.labels_beside import labels_beside

    out = out or (Path(model) if Path(model).is_dir() else Path(".")) / "evaluation"
    if (out / "evaluation.json").exists() and not force:
        raise InputError(f"{out} already holds an evaluation: add --force or --out")
    found, segments = find(videos, fps=fps), labels_beside(videos, labels)
    scored = [video for group in activities(found, segments) for video in group.videos]
    say(f"{len(scored)} of {count(len(found))} with labels", json)

    from inphase.evaluation.evaluate import evaluate as evaluate_models

    result = evaluate_models(
        model,
        found,
        segments,
        against=against,
        protocol=protocol,
        metrics=metrics or None,
        stride=stride,
        controls=not no_controls,
        draws=draws,
        seed=seed,
        device=device,
    )
    written = result.save(out)
    say(f"{result}\n", json)
    done(
        f"wrote {out}: {', '.join(path.name for path in written)}   -> "
        f"inphase align {model} {scored[0].name} {videos}",
        result.as_dict(),
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
    say(str(result), json)
    done(f"wrote {out}   -> open {result.page}", result.as_dict(), json)


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
    "evaluate": evaluate,
    "methods": methods,
}


def main() -> None:
    """Run the command line, and turn foreseen trouble into one sentence and an exit code."""
    keep_freed_memory()
    wait_briefly()
    warnings.formatwarning = lambda message, *_: f"inphase: {message}\n"
    with trouble_in_one_sentence():
        tyro.extras.subcommand_cli_from_dict(
            COMMANDS,
            prog="inphase",
            description="Learn what moment of an activity every video frame shows, without "
            "labels, and line videos up.",
            config=(tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff),
        )


if __name__ == "__main__":
    main()
