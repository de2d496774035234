"""`inphase evaluate`."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from inphase.commands.arguments import Device, Model, Videos
from inphase.console import count, done, say
from inphase.errors import InputError


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
