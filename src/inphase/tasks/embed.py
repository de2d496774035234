"""Embed videos: one vector for every frame, once."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inphase.data.video import Video
from inphase.embeddings import Embeddings
from inphase.errors import InputError

if TYPE_CHECKING:
    from inphase.encoders.encoder import Encoder


def embed(
    model: "Encoder",
    videos: Sequence[Video],
    *,
    out: Path | str | None = None,
    device: str = "auto",
    progress: bool = True,
) -> dict[str, Embeddings]:
    """Embed every frame of videos.

    Frame features come from the cache where they are there. A video whose file in `out` is of the
    same model and frames is not embedded again.

    Args:
        model: A trained encoder, or an untrained one.
        videos: With different names.
        out: Folder for one `.npz` file a video, under the video's name; nothing is written if
            None.
        device: `auto`, `cpu`, `cuda`, `mps`.
        progress: Show progress bars.

    Returns:
        Embeddings by video name, in the order of the videos.

    Raises:
        InputError: If there is no video, or two have the same name.
    """
    from inphase.device import pick_device
    from inphase.features import extract

    _check(videos)
    done = {}
    for video in videos:
        kept = _kept(model, video, out)
        if kept is not None:
            done[video.name] = kept
    todo = [video for video in videos if video.name not in done]
    if todo:
        target = pick_device(device)
        features = extract(
            todo,
            model.backbone.to(target),
            views=0,
            pooling=model.frame_features.pooling,
            progress=progress,
        )
        model.to(target)
        for video in todo:
            if video.name not in features:
                continue
            each = features[video.name]
            values = model.encode(each.values[0], each.times)
            made = Embeddings(values, each.times, video.name, str(video.path), model.digest)
            if out is not None:
                made.save(file_of(out, video.name))
            done[video.name] = made
    return {video.name: done[video.name] for video in videos if video.name in done}


def file_of(folder: Path | str, name: str) -> Path:
    """Where the embeddings of a video are kept in a folder."""
    return Path(folder) / f"{name}.npz"


def _kept(model: "Encoder", video: Video, out: Path | str | None) -> Embeddings | None:
    """Embeddings already in `out`, if they are what would be made again."""
    if out is None or not file_of(out, video.name).is_file():
        return None
    try:
        kept = Embeddings.load(file_of(out, video.name))
    except InputError:
        return None
    same = kept.model == model.digest and np.array_equal(kept.times, video.times)
    return kept if same else None


def _check(videos: Sequence[Video]) -> None:
    if not videos:
        raise InputError("there is no video to embed")
    names = [video.name for video in videos]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"two videos are called '{twice[0]}': give them different names")
