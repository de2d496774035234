"""A folder of one's own, labelled in any format."""

from pathlib import Path

import pytest

from inphase.data.datasets import folder, load
from inphase.data.labels import Segments
from inphase.data.video import Video

ROWS = "video,start,end,label\na.mp4,0,1,down\na.mp4,1,3,up\nsub/b,0,2,up\n"


@pytest.fixture
def root(tmp_path, movie):
    movie(tmp_path / "squats" / "a.mp4")
    movie(tmp_path / "squats" / "sub" / "b.mp4")
    return tmp_path / "squats"


def test_one_file_labels_all_videos(root):
    (root / "labels.csv").write_text(ROWS)
    dataset = load(root)
    labels = {video.name: dataset.frame_labels(video) for video in dataset.videos}
    assert dataset.phases[""] == ("down", "up")
    assert labels["a"][[0, 24, 25, 74]].tolist() == [0, 0, 1, 1]
    assert labels["sub/b"][[0, 49, 50]].tolist() == [1, 1, -1]


def test_phases_have_the_order_given(root):
    (root / "labels.csv").write_text(ROWS)
    assert load(root, phases=["up"]).phases[""] == ("up", "down")


def test_labels_of_videos_that_are_not_there_are_noted(root):
    (root / "labels.csv").write_text(ROWS + "c.mp4,0,1,up\n")
    assert load(root).notes == ["1 of 3 videos labelled in labels.csv are not here"]


def test_labels_beside_each_video(root):
    (root / "a.csv").write_text("start,end,label\n0,3,down\n")
    (root / "sub" / "b.txt").write_text("up\n" * 75)
    dataset = load(root)
    segments = {video.name: dataset.segments(video) for video in dataset.videos}
    assert {name: each.names for name, each in segments.items()} == {
        "a": ("down",),
        "sub/b": ("up",),
    }
    assert segments["sub/b"].end.tolist() == [pytest.approx(3.0)]


def test_labels_in_a_folder_of_frame_wise_text(root):
    (root / "groundTruth").mkdir()
    (root / "groundTruth" / "a.txt").write_text("down\n" * 25 + "up\n" * 50)
    dataset = load(root)
    assert dataset.frame_labels(dataset.videos[0])[[24, 25]].tolist() == [0, 1]


def test_folders_give_the_split_and_else_a_seed(root, movie):
    for number in range(8):
        movie(root / f"{number}.mp4")
    first, again = load(root), load(root)
    assert len(first.split("train")) == 8
    assert len(first.split("val")) == 2
    assert first.videos == again.videos
    assert first.videos != load(root, seed=1).videos
    movie(root / "train" / "t.mp4")
    assert [video.name for video in load(root).split("train")] == ["train/t"]


def test_one_group_is_not_split():
    videos = [Video(Path(f"{k}.mp4"), group=f"g{k // 3}") for k in range(12)]
    for seed in range(5):
        parts = folder.split(videos, seed, 0.5)
        assert len({(video.group, video.split) for video in parts}) == 4
        assert {video.split for video in parts} == {"train", "val"}


def test_real_labels_of_golf_swings(real_data):
    dataset = load(real_data / "golf")
    labelled = [video for video in dataset.videos if video.name in dataset.labels]
    assert [video.name for video in labelled] == [f"swing{k}" for k in range(1, 6)]
    assert dataset.phases[""][:3] == ("Setup", "Takeaway", "Backswing")
    last = dataset.labels["swing5"]
    assert isinstance(last, Segments)
    assert "Setup" not in last.names
    for video in labelled:
        assert (dataset.frame_labels(video) >= 0).mean() > 0.9
