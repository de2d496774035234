"""What a command is given: a model, a reference and videos, or embeddings made before."""

from dataclasses import replace
from pathlib import Path

from inphase.data.collection import find
from inphase.data.sources import SUFFIXES
from inphase.data.video import Video
from inphase.embeddings import Embeddings, load_folder
from inphase.encoders.encoder import Encoder
from inphase.errors import InputError
from inphase.tasks.embed import embed


def gather(
    model: str, reference: str, source: Path, *, fps: float | None = None, device: str = "auto"
) -> tuple[Video, list[Video], dict[str, Embeddings]]:
    """Find the reference and the videos to line up with it, and embed them all.

    Args:
        model: A run folder, or the name of an untrained control.
        reference: A video file, or the name of one of the videos.
        source: A video, a folder, a CSV, or a folder of embeddings.
        fps: Frame rate for folders of images.
        device: Where to compute.

    Returns:
        The reference, all videos with it in front, and the embeddings of all by name.

    Raises:
        InputError: If the reference is unknown, or is the only video.
    """
    if holds_embeddings(source):
        embeddings = load_folder(source)
        videos = [_video_of(each) for each in embeddings.values()]
        first = _reference(reference, videos, fps, may_add=False)
    else:
        videos = find(source, fps=fps)
        first = _reference(reference, videos, fps, may_add=True)
        embeddings = {}
    shown = [first, *(video for video in videos if video.name != first.name)]
    if len(shown) < 2:
        raise InputError(f"{source} holds no other video to line up with {reference}")
    return first, shown, embeddings or embed(Encoder.load(model), shown, device=device)


def holds_embeddings(source: Path) -> bool:
    """Whether a source is a folder of saved embeddings, and not of videos."""
    if not source.is_dir():
        return False
    suffixes = {path.suffix.lower() for path in source.rglob("*")}
    return ".npz" in suffixes and not suffixes & SUFFIXES


def _reference(reference: str, videos: list[Video], fps: float | None, may_add: bool) -> Video:
    """The reference among the videos, by name or file; or another file, put in front."""
    for video in videos:
        if video.name == reference:
            return video
    path = Path(reference)
    if path.exists():
        for video in videos:
            if video.path.resolve() == path.resolve():
                return video
        if may_add:
            other = find(path, fps=fps)[0]
            taken = any(video.name == other.name for video in videos)
            return replace(other, name=str(path)) if taken else other
    names = ", ".join(video.name for video in videos[:8])
    raise InputError(
        f"there is no reference '{reference}': give a video file or one of these names: {names}"
        + (" ..." if len(videos) > 8 else "")
    )


def _video_of(embeddings: Embeddings) -> Video:
    """The video that embeddings were made from, cut to the frames they hold."""
    if not embeddings.path:
        raise InputError(f"the embeddings of '{embeddings.video}' do not say which file they show")
    times = embeddings.times
    whole = Video(Path(embeddings.path), name=embeddings.video)
    if len(whole) == len(times):
        return whole
    return replace(whole, start=float(times[0]), end=float(times[-1]) + 1e-4, known=whole.index)
