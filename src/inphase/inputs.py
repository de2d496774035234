"""What a command is given: a model, a reference and videos, or embeddings made before."""

from dataclasses import replace
from pathlib import Path

from inphase.data.collection import find
from inphase.data.pose_files import SUFFIXES as POSE_SUFFIXES
from inphase.data.pose_files import read_poses
from inphase.data.poses import tracks_of
from inphase.data.sources import SUFFIXES
from inphase.data.video import Video, VideoError
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
        videos = [_video_of(each, fps) for each in embeddings.values()]
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
    files = {path.suffix.lower(): path for path in source.rglob("*")}
    if ".npz" not in files or files.keys() & SUFFIXES:
        return False
    try:
        return not read_poses(files[".npz"])
    except VideoError:  # the embeddings' own reader says it better
        return True


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


def _video_of(embeddings: Embeddings, fps: float | None) -> Video:
    """The video that embeddings were made from, cut to the frames they hold."""
    if not embeddings.path:
        raise InputError(f"the embeddings of '{embeddings.video}' do not say which file they show")
    path, times = Path(embeddings.path), embeddings.times
    poses = path.suffix.lower() in POSE_SUFFIXES
    whole = _track_of(embeddings, fps) if poses else Video(path, name=embeddings.video)
    if len(whole) == len(times):
        return whole
    return replace(whole, start=float(times[0]), end=float(times[-1]) + 1e-4, known=whole.index)


def _track_of(embeddings: Embeddings, fps: float | None) -> Video:
    """The poses that embeddings were made from, found among the tracks of a file by their name."""
    path, times = Path(embeddings.path), embeddings.times
    tracks = read_poses(path)
    name = embeddings.video.rpartition("#")[0] or embeddings.video  # parts of a track are numbered
    found = [track for track in tracks if track == name or name.endswith(f"/{track}")]
    track = next(iter(tracks if len(tracks) == 1 else found), None)
    if track is None:
        raise InputError(
            f"{path}: none of its {len(tracks)} tracks of poses is called '{embeddings.video}' as "
            "the embeddings are: give the poses in place of the embeddings"
        )
    poses = tracks[track]
    if poses.times is None and fps is None and len(poses) == len(times):
        poses = replace(poses, times=times)  # the file tells none, but the embeddings do
    (video,) = tracks_of(path, {track: poses}, fps)
    return replace(video, name=embeddings.video)
