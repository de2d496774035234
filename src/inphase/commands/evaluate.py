"""`inphase evaluate`."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from inphase.commands.arguments import Device
from inphase.console import count, done, rate, say, typed
from inphase.errors import InputError

Words = Annotated[tuple[str, ...], arg(metavar="MODEL [MODEL ...] VIDEOS")]


def evaluate(
    words: Positional[Words],
    /,
    *,
    labels: Path | None = None,
    protocol: Annotated[str, arg(metavar="tcc|carl|lav|lrprop|ae2")] = "carl",
    metrics: Annotated[tuple[str, ...], arg(metavar="METRIC")] = (),
    stride: int | None = None,
    no_controls: bool = False,
    draws: int = 2000,
    table: str | None = None,
    seeds: int | None = None,
    steps: int | None = None,
    out: Path | None = None,
    fps: float | None = None,
    device: Device = "auto",
    seed: int = 0,
    force: bool = False,
    json: bool = False,
) -> None:
    """Score models on labelled videos, beside a clock and other controls.

    inphase evaluate runs/squats-scl squats/ --labels squats/phases.csv

    inphase evaluate runs/squats-scl imagenet squats/

    inphase evaluate runs/ Penn_Action/ --table carl-1

    Args:
        words: One model or more, and last the videos. A model is a run folder, or imagenet, random
            or pose, which need no training; a folder of run folders is one model with several
            seeds. The first model is compared with each other one: which is better, and how
            surely. Videos are a folder, a CSV with a `video` column, or the folder of a public
            data set, which brings its labels and splits.
        labels: What happens when, in any format that is read (default: phases.csv beside the
            videos).
        protocol: Whose definitions to go by.
        metrics: Other metrics than the protocol's: classification, few_shot, progression,
            retrieval, dtw_accuracy, one_shot, rand_index, progress_error, enclosed_area, tau,
            cycle_consistency.
        stride: Compare every so-manieth frame (default: the protocol's).
        no_controls: Score the models and the clock alone; not untrained features, nor frames
            shuffled, reversed, frozen and cut.
        draws: Bootstrap draws for the intervals.
        table: Reproduce a paper's table, such as carl-1: the first word is the folder of its runs,
            trained there if they are not yet, the last that of the data set.
        seeds: With --table: runs of each model (default: 1).
        steps: With --table: of each run, for a smaller version (default: the paper's).
        out: Folder to write to (default: evaluation/ in the run folder of the first model;
            of a table the folder of its runs).
        fps: Frame rate for folders of images, and for poses without times.
        device: Where to compute.
        seed: Of everything random.
        force: Replace what is in the folder.
        json: Print JSON.
    """
    if table is not None:
        others = labels, metrics, stride, fps, protocol != "carl", draws != 2000, seed
        if no_controls or any(others):
            raise InputError("with --table, labels, protocol, metrics and all else are the paper's")
        return _reproduce(words, table, 1 if seeds is None else seeds, steps, out, device, json)
    if seeds is not None or steps is not None:
        raise InputError("--seeds and --steps are of the runs behind a table: add --table")
    from inphase.evaluation.labels_beside import labelled

    models, videos = _models_and_videos(words)
    out = out or (Path(models[0]) if Path(models[0]).is_dir() else Path(".")) / "evaluation"
    if (out / "evaluation.json").exists() and not force:
        raise InputError(f"{out} already holds an evaluation: add --force or --out")
    found = labelled(videos, labels, fps)
    if found.dataset:
        say(found.dataset, json)

    from inphase.evaluation.activities import activities
    from inphase.evaluation.evaluate import evaluate as evaluate_models

    groups = activities(found.videos, found.labels, found.phases)
    known = [video for group in groups for video in group.videos]
    say(f"{len(known)} of {count(len(found.videos))} with labels", json)
    result = evaluate_models(
        models[0],
        found.videos,
        found.labels,
        against=models[1:],
        protocol=protocol,
        metrics=metrics or None,
        stride=stride,
        phases=found.phases,
        controls=not no_controls,
        draws=draws,
        seed=seed,
        device=device,
    )
    written = result.save(out)
    say(f"{result}\n", json)
    done(
        f"wrote {out}: {', '.join(path.name for path in written)}   -> "
        f"inphase align {typed(models[0], known[0].name, videos)}{rate(fps)}",
        result.as_dict(),
        json,
    )


def _reproduce(
    words: tuple[str, ...],
    table: str,
    seeds: int,
    steps: int | None,
    out: Path | None,
    device: str,
    json: bool,
) -> None:
    """Train and score what a paper's table is of."""
    if len(words) != 2:
        raise InputError(
            "with --table, give the folder of the runs and that of the data set, as in "
            f"inphase evaluate runs/ Penn_Action/ --table carl-1; not '{' '.join(words)}'"
        )
    from inphase.evaluation.reproduction import reproduce

    runs, data = words
    result = reproduce(
        table,
        runs,
        data,
        seeds=seeds,
        steps=steps,
        device=device,
        tell=lambda line: say(line, json),
    )
    written = result.save(out or Path(runs))
    say(f"\n{result}\n", json)
    done(f"wrote {', '.join(str(path) for path in written)}", result.as_dict(), json)


def _models_and_videos(words: tuple[str, ...]) -> tuple[tuple[str, ...], Path]:
    """Tell the models from the videos, which come last."""
    if len(words) < 2:
        raise InputError(
            "give one model or more, and last the videos, as in inphase evaluate imagenet squats/; "
            f"there is only '{' '.join(words)}'"
        )
    *models, videos = words
    if videos in ("imagenet", "random", "pose") or (Path(videos) / "model.safetensors").is_file():
        raise InputError(f"{videos} is a model: give the videos last, after the models")
    return tuple(models), Path(videos)
