"""What a folder given to a command holds: videos, embeddings or poses."""

from dataclasses import replace

import numpy as np
import pytest

from inphase.data.collection import find
from inphase.embeddings import Embeddings
from inphase.errors import InputError
from inphase.inputs import gather, holds_embeddings


@pytest.fixture
def embeddings(tmp_path):
    Embeddings(np.ones((4, 2)), np.arange(4.0), "a").save(tmp_path / "a.npz")
    return tmp_path


def test_a_folder_of_embeddings_is_told_from_one_of_videos(embeddings):
    assert holds_embeddings(embeddings)
    assert not holds_embeddings(embeddings / "a.npz")
    (embeddings / "a.mp4").touch()
    assert not holds_embeddings(embeddings)


def test_a_folder_of_poses_is_no_folder_of_embeddings(tmp_path):
    np.savez(tmp_path / "a.npz", keypoints=np.ones((4, 3, 2)))
    assert not holds_embeddings(tmp_path)


def test_a_damaged_file_is_left_to_those_who_read_embeddings(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK")
    assert holds_embeddings(tmp_path)


POINTS = np.random.default_rng(0).uniform(10, 300, (6, 4, 2)).astype(np.float32)


def embedded(video, folder) -> None:
    """Write embeddings of a video as `inphase embed` does."""
    count = len(video)
    values = np.ones((count, 2), np.float32)
    Embeddings(values, video.times, video.name, str(video.path)).save(folder / f"{video.name}.npz")


@pytest.fixture
def poses(tmp_path):
    """A file of poses with two tracks that tell their times, and one that tells none."""
    folder = tmp_path / "poses"
    folder.mkdir()
    np.savez(folder / "both.npz", one=POINTS, two=POINTS + 7, fps=20)
    np.savez(folder / "bare.npz", keypoints=POINTS)
    return folder


def test_embeddings_of_poses_are_shown_with_the_poses_that_they_were_made_from(poses, tmp_path):
    made = find(poses, fps=10)
    for video in made:
        embedded(video, tmp_path / "embeddings")
    first, shown, _ = gather("run", "both/two", tmp_path / "embeddings")
    assert first.name == "both/two"
    videos = {video.name: video for video in made}
    assert {video.name for video in shown} == videos.keys()
    for video in shown:
        np.testing.assert_allclose(video.times, videos[video.name].times)
        np.testing.assert_array_equal(video.frames(), videos[video.name].frames())


def test_embeddings_of_a_part_of_a_track_show_that_part(poses, tmp_path):
    one, two = (replace(v, start=0.1, end=0.25) for v in find(poses / "both.npz"))
    embedded(replace(one, name="both/one#2"), tmp_path / "embeddings")
    embedded(two, tmp_path / "embeddings")
    first, _, _ = gather("run", "both/one#2", tmp_path / "embeddings")
    np.testing.assert_array_equal(first.frames(), one.frames())


def test_a_track_that_cannot_be_told_by_its_name_is_said(poses, tmp_path):
    for name, video in zip(("coach", "pupil"), find(poses / "both.npz"), strict=True):
        embedded(replace(video, name=name), tmp_path / "embeddings")
    with pytest.raises(InputError, match="none of its 2 tracks of poses is called 'coach'"):
        gather("run", "coach", tmp_path / "embeddings")
