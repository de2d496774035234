"""One model for each activity, side by side in one folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inphase.data.video import Video
from inphase.encoders.encoder import WEIGHTS, Encoder
from inphase.errors import InputError, Interrupted
from inphase.methods import Method
from inphase.runs import Run
from inphase.settings import restored
from inphase.train import fit


def fit_per_activity(
    videos: Sequence[Video],
    method: Method | None = None,
    *,
    out: Path | str,
    resume: bool = False,
    **options: Any,
) -> dict[str, Encoder]:
    """Train a model on the videos of each activity alone.

    Source: the models per action of TCC, LAV, VAVA and LRProp on Penn Action; CARL and the joint
    rows of LAV train one on all.

    Args:
        videos: With their activities.
        method: As in `inphase.fit`.
        out: Folder of the run folders, each called by its activity.
        resume: Go on where a training stopped; models that are finished are kept, and those not
            begun yet get the settings of the others, not those given here.
        **options: Of `inphase.fit`, the same for all.

    Returns:
        The models by activity.

    Raises:
        InputError: If no activity is named, one has fewer than two videos, or there is no run to
            go on with.
        Interrupted: After Ctrl-C, when the state is saved.
    """
    groups = _by_activity(videos)
    runs = {name: Run(folder_of(out, name)) for name in groups}
    begun = [run for run in runs.values() if resume and run.config_file.is_file()]
    if resume:
        method, saved = _as_begun(begun, out)
        options |= saved
    models = {}
    for name, group in groups.items():
        run = runs[name]
        if resume and (run.folder / WEIGHTS).is_file():
            models[name] = Encoder.load(run.folder)
            continue
        try:
            models[name] = fit(group, method, out=run.folder, resume=run in begun, **options)
        except Interrupted:
            raise Interrupted(
                f"stopped in {run.folder}; go on with: --out {out} --per-activity --resume"
            ) from None
    return models


def _by_activity(videos: Sequence[Video]) -> dict[str, list[Video]]:
    groups: dict[str, list[Video]] = {}
    for video in videos:
        groups.setdefault(video.activity, []).append(video)
    if set(groups) <= {""}:
        raise InputError(
            "no video says which activity it shows: put them into a folder for each, or list "
            "them in a CSV with a column `activity`"
        )
    lonely = [name or "no activity" for name, group in groups.items() if len(group) < 2]
    if lonely:
        raise InputError(
            f"training needs at least 2 videos of each activity, but there is 1 of {lonely[0]}"
        )
    return groups


def _as_begun(begun: Sequence[Run], out: Path | str) -> tuple[Method, dict[str, Any]]:
    """What the models that were begun were asked for, so that the others get the same."""
    if not begun:
        raise InputError(f"{out} holds no run of any of these activities: there is none to resume")
    config = begun[0].config()
    method, plus, settings, frame_features, architecture = restored(config)
    return method, {
        "plus": plus,
        "settings": settings,
        "frame_features": frame_features,
        "architecture": architecture,
        "views": config["views"],
        "finetune": config["finetune"],
    }


def folder_of(out: Path | str, activity: str) -> Path:
    """Where the model of an activity is."""
    return Path(out) / (activity or "none")
