"""Everything about an alignment in one folder; also where there are poses in place of pixels."""

from pathlib import Path

import numpy as np
import pytest

from inphase.data.poses import Poses, PoseTrack
from inphase.data.stick_figures import COLOURS
from inphase.data.video import Video
from inphase.show.export import save_alignments

JOINTS = ("head", *(f"{s}_{p}" for p in ("shoulder", "hip", "ankle") for s in ("left", "right")))
STANDING = [[5, 0], [7, 3], [3, 3], [6, 10], [4, 10], [7, 20], [3, 20]]


def bowing(name: str, count: int) -> PoseTrack:
    """Somebody whose head and shoulders go down."""
    poses = np.repeat(np.array([STANDING], np.float32), count, axis=0)
    poses[:, :3, 1] += np.linspace(0, 5, count)[:, None]
    known = Poses.of(poses, joints=JOINTS, times=np.arange(count) / 10)
    return PoseTrack(Path(f"{name}.npz"), name=name, known_poses=known)


@pytest.fixture(scope="module")
def written(matched, tmp_path_factory):
    coach, pupil = bowing("coach", 12), bowing("pupil", 24)
    alignment = matched(coach, pupil, [[2 * k, 2 * k + 1] for k in range(12)])
    folder = tmp_path_factory.mktemp("aligned")
    return folder, save_alignments({"pupil": alignment}, [coach, pupil], folder)


def coloured(picture, side) -> np.ndarray:
    """Which pixels have about the colour of a side, after compression."""
    return np.abs(picture.astype(int) - COLOURS[side]).max(-1) < 40


def test_all_files_are_written(written):
    folder, files = written
    names = ["page.html", "aligned.mp4", "warp.csv", "similarity/pupil.png"]
    assert files == [folder / name for name in names]
    assert all(file.stat().st_size for file in files)


def test_poses_move_side_by_side_in_the_film(written):
    film = Video(written[0] / "aligned.mp4")
    frames = film.frames()
    assert len(frames) == 12
    way = []
    for half in np.array_split(frames, 2, axis=2):
        assert all(coloured(half, side).any((1, 2)).all() for side in ("left", "right"))
        heads = coloured(half, "")
        top = np.array([np.nonzero(head.any(1))[0].min() for head in heads])
        way.append((top - top[0]) / (top[-1] - top[0]))
    # Each has a view of its own, but they bow in phase.
    np.testing.assert_allclose(way[0], np.linspace(0, 1, 12), atol=0.02)
    np.testing.assert_allclose(way[0], way[1], atol=0.02)


def test_poses_are_on_the_page(written, browser):
    browser.open(written[0] / "page.html")
    browser.run("inphase.seek(5)")
    boxes = browser.run(
        "[...document.querySelectorAll('video')].map(v => v.getBoundingClientRect())"
        ".map(b => [b.top, b.bottom, b.left, b.right].map(Math.round))"
    )
    picture = browser.picture()
    assert len(boxes) == 2
    for top, bottom, left, right in boxes:
        for side in COLOURS:
            assert coloured(picture[top:bottom, left:right], side).sum() > 50
