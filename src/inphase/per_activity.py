"""One model for each activity, side by side in one folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inphase.data.video import Video
from inphase.encoders.encoder import WEIGHTS, Encoder
from inphase.errors import InputError
from inphase.methods import Method
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
        resume: Go on where a training stopped; models that are finished are kept.
        **options: Of `inphase.fit`, the same for all.

    Returns:
        The models by activity.

    Raises:
        InputError: If no activity is named, or one has fewer than two videos.
    """
    groups: dict[str, list[Video]] = {}
    for video in videos:
        groups.setdefault(video.activity, []).append(video)
    if set(groups) == {""}:
        raise InputError(
            "no video says which activity it shows: put them into a folder for each, or list "
            "them in a CSV with a column `activity`"
        )
    lonely = [name or "no activity" for name, group in groups.items() if len(group) < 2]
    if lonely:
        raise InputError(
            f"training needs at least 2 videos of each activity, but there is 1 of {lonely[0]}"
        )
    models = {}
    for name, group in groups.items():
        folder = Path(out) / (name or "none")
        if resume and (folder / WEIGHTS).is_file():
            models[name] = Encoder.load(folder)
            continue
        begun = resume and (folder / "config.json").is_file()
        models[name] = fit(group, method, out=folder, resume=begun, **options)
    return models
