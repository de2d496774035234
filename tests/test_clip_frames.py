"""Frames for clips: decoded once and kept, or span by span; broken videos are named."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inphase.clip_frames import ClipFrames
from inphase.data.collection import find
from inphase.data.poses import Poses, PoseTrack
from inphase.data.rendered import make
from inphase.data.video import Video
from inphase.errors import InputError


def video(folder: Path, frames: int = 20) -> Video:
    """A folder of pictures in one colour each, which is the frame's number."""
    folder.mkdir(parents=True)
    for k in range(frames):
        Image.new("RGB", (20, 12), (k, k, k)).save(folder / f"{k:04}.png")
    return Video(folder, fps=10)


@pytest.fixture
def decoded(monkeypatch) -> list[list[int]]:
    """The frames that each decoder has been asked for from now on."""
    asked: list[list[int]] = []
    decode = Video._decode

    def counted(self, places, target):
        asked.append(places.tolist())
        return decode(self, places, target)

    monkeypatch.setattr(Video, "_decode", counted)
    return asked


def test_frames_have_the_shape_that_c3d_sees_whatever_the_video_has(tmp_path):
    given = [video(tmp_path / "a", 3)]
    assert ClipFrames(given, progress=False).size == (128, 171)
    small = ClipFrames(given, size=64, progress=False)
    assert small.size == (64, 86)
    assert small.frames(0, np.array([2])).shape == (1, 64, 86, 3)


@pytest.mark.parametrize("keep", [2**30, 0], ids=["kept", "live"])
def test_any_frames_in_any_order_with_repeats(tmp_path, keep):
    frames = ClipFrames(
        [video(tmp_path / "a", 5), video(tmp_path / "b")], size=8, keep=keep, progress=False
    )
    assert frames.kept == (keep > 0)
    assert frames.lengths == [5, 20]
    found = frames.frames(1, np.array([7, 3, 19, 7, 0]))
    assert found.dtype == np.uint8 and found.shape == (5, 8, 11, 3)
    assert (found == np.array([7, 3, 19, 7, 0])[:, None, None, None]).all()


def test_kept_and_live_frames_are_the_same_pixels(tmp_path):
    make(tmp_path, videos=2, size=(48, 64), fps=4.0)
    videos, indices = find(tmp_path), np.array([9, 0, 5, 5])
    kept, live = (ClipFrames(videos, size=32, keep=k, progress=False) for k in (2**30, 0))
    for k in range(2):
        np.testing.assert_array_equal(kept.frames(k, indices), live.frames(k, indices))


def test_what_fits_is_decoded_once_and_for_all(tmp_path, decoded):
    frames = ClipFrames([video(tmp_path / "a")], size=8, keep=20 * 8 * 11 * 3, progress=False)
    assert frames.kept
    for _ in range(3):
        frames.frames(0, np.array([3, 4, 4]))
    assert decoded == [list(range(20))]


def test_what_does_not_fit_is_decoded_when_asked_for_each_frame_once(tmp_path, decoded):
    frames = ClipFrames([video(tmp_path / "a")], size=8, keep=20 * 8 * 11 * 3 - 1, progress=False)
    assert not frames.kept and decoded == []
    frames.frames(0, np.array([5, 3, 5, 4]))
    assert decoded == [[3, 4, 5]]


@pytest.mark.parametrize("keep", [2**30, 0], ids=["kept", "live"])
def test_a_file_that_cannot_be_opened_is_named_and_left_out(tmp_path, keep):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video")
    good = [video(tmp_path / "a", 4), video(tmp_path / "b", 6)]
    with pytest.warns(UserWarning, match="left out: .*bad.mp4"):
        frames = ClipFrames([good[0], Video(bad), good[1]], size=8, keep=keep, progress=False)
    assert [each.name for each in frames.videos] == ["a", "b"] and frames.lengths == [4, 6]
    assert (frames.frames(1, np.array([5])) == 5).all()


def test_a_video_that_breaks_off_is_named_and_left_out(tmp_path, monkeypatch):
    given = [video(tmp_path / "bad"), video(tmp_path / "good", 40)]
    stream = Video.stream

    def short(self, **options):
        for chunk in stream(self, **options):
            yield chunk[:8] if self.name == "bad" else chunk

    monkeypatch.setattr(Video, "stream", short)
    with pytest.warns(UserWarning, match=r"left out: .*bad: 8 of its 20 frames"):
        frames = ClipFrames(given, size=8, progress=False)
    assert [each.name for each in frames.videos] == ["good"] and frames.lengths == [40]
    assert (frames.frames(0, np.array([39])) == 39).all()
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(InputError, match="none of the 1 videos can be read"),
    ):
        ClipFrames(given[:1], size=8, progress=False)


def test_no_videos_and_no_pixels_are_told():
    with pytest.raises(InputError, match="no videos were given"):
        ClipFrames([], progress=False)
    with pytest.raises(InputError, match="at least 1 pixel high, not 0"):
        ClipFrames([], size=0, progress=False)


def test_poses_are_refused():
    track = PoseTrack(Path("p.npz"), fps=10, known_poses=Poses.of(np.ones((3, 4, 2))))
    with pytest.raises(InputError, match="holds poses, but clip networks look at pixels"):
        ClipFrames([track], progress=False)
