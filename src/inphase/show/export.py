"""Write everything about an alignment into one folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from inphase.data.video import Video
from inphase.errors import InputError
from inphase.show.aligned_video import save_aligned_video
from inphase.show.page import save_page
from inphase.show.plots import save_similarity
from inphase.show.warp_table import save_warp
from inphase.tasks.align import Alignment


def save_alignments(
    alignments: Mapping[str, Alignment], videos: Sequence[Video], folder: Path | str
) -> list[Path]:
    """Write `warp.csv`, a similarity picture a video, `aligned.mp4` and `page.html`.

    Args:
        alignments: Of each video with one reference, by name, as `inphase.align` gives them.
        videos: The aligned videos and the reference, in the order to show them.
        folder: Where to write; made if missing.

    Returns:
        The files written: the page first, then the film, the table and the pictures.

    Raises:
        InputError: If there is nothing aligned, a video is missing, or a file cannot be written.
    """
    folder = Path(folder)
    known = {video.name: video for video in videos}
    references = {each.reference for each in alignments.values()}
    if len(references) != 1:
        raise InputError(
            f"alignments with one reference are needed, not with {len(references)} of them"
        )
    name = references.pop()
    shown = {video: each for video, each in alignments.items() if video != name}
    missing = [each for each in [name, *shown] if each not in known]
    if missing:
        raise InputError(f"the videos given do not include {', '.join(missing)}")
    if not shown:
        raise InputError(f"there is no other video to show beside the reference {name}")
    reference, others = known[name], [known[each] for each in shown]
    table = save_warp(shown, folder / "warp.csv")
    pictures = [
        save_similarity(
            shown[each.name], folder / "similarity" / f"{each.name}.png", reference, each
        )
        for each in others
    ]
    film = save_aligned_video(reference, others, shown, folder / "aligned.mp4")
    page = save_page(reference, others, shown, folder)
    return [page, film, table, *pictures]
