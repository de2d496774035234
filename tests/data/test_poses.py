"""Poses as videos: found, timed, cut, listed, told apart and shown as videos are."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inphase.data.collection import find, inspect, write_csv
from inphase.data.labels import Segments, labels_of
from inphase.data.poses import Poses, PoseTrack
from inphase.data.video import Video, VideoError
from inphase.errors import InputError

POINTS = np.random.default_rng(0).uniform(10, 300, (8, 4, 2)).astype(np.float32)


def track(**settings) -> PoseTrack:
    poses = Poses.of(POINTS, **{k: settings.pop(k) for k in ("times", "numbers") if k in settings})
    return PoseTrack(Path("a.npz"), known_poses=poses, **settings)


@pytest.fixture
def folder(tmp_path):
    """Two files of poses, one with times and one without, and one with two tracks; and labels."""
    place = tmp_path / "squats"
    (place / "train" / "deep").mkdir(parents=True)
    np.savez(place / "timed.npz", keypoints=POINTS, times=np.arange(8) / 10)
    np.savez(place / "both.npz", one=POINTS, two=POINTS + 1, fps=20)
    rows = [",".join(map(str, [k, *row])) for k, row in enumerate(POINTS.reshape(8, 8).tolist())]
    header = "frame," + ",".join(f"{axis}{j}" for j in range(4) for axis in "xy")
    (place / "train" / "deep" / "counted.csv").write_text("\n".join([header, *rows]))
    (place / "phases.csv").write_text("video,start,end,label\ntimed.mp4,0,1,down\n")
    return place


def test_times_are_those_of_the_file_wherever_they_start():
    times = np.array([2.0, 2.1, 2.3, 2.4, 2.5, 2.6, 2.7, 2.8])
    poses = track(times=times)
    np.testing.assert_allclose(poses.times, times, atol=1e-9)
    assert poses.duration == pytest.approx(0.9)
    assert poses.index_at(2.25).item() == 1


def test_frame_numbers_and_a_rate_give_times():
    poses = track(numbers=[4, 5, 6, 9, 10, 11, 12, 13], fps=10)
    np.testing.assert_allclose(poses.times, [0.4, 0.5, 0.6, 0.9, 1.0, 1.1, 1.2, 1.3])
    assert poses.rate == pytest.approx(10)


def test_without_times_and_a_rate_it_is_said_what_to_give():
    with pytest.raises(VideoError, match="a.npz: holds no times: give the frame rate with --fps"):
        len(track())


def test_an_interval_cuts_poses_as_it_cuts_videos():
    whole = track(times=np.arange(8) / 10)
    part = replace(whole, start=0.2, end=0.5)
    assert len(part) == 3
    np.testing.assert_array_equal(part.poses.keypoints, POINTS[2:5])
    assert part.digest != whole.digest


def test_the_digest_is_of_poses_and_times_not_of_names():
    one = track(times=np.arange(8) / 10)
    assert replace(one, path=Path("b.npz"), name="b").digest == one.digest
    assert track(times=np.arange(8) / 20).digest != one.digest


def test_frames_are_pictures_of_their_own_poses():
    poses = track(fps=10)
    height, width = poses.size
    pictures = poses.frames()
    assert pictures.shape == (8, height, width, 3)
    np.testing.assert_array_equal(poses.frames([5, -1, 5]), pictures[[5, 7, 5]])
    np.testing.assert_array_equal(poses.frames_at([0.31, 9]), pictures[[3, 7]])
    np.testing.assert_array_equal(np.concatenate(list(poses.stream(chunk=3))), pictures)
    assert len(np.unique(pictures.reshape(8, -1), axis=0)) == 8


def test_sizes_are_asked_for_as_with_videos():
    poses = track(fps=10)
    assert min(poses.frames([0], size=100).shape[1:3]) == 100
    assert poses.frames([0], size=9999).shape[1:3] == poses.size
    assert next(poses.stream(size=(40, 64), chunk=2)).shape == (2, 40, 64, 3)
    with pytest.raises(InputError, match="size 0 cannot be made"):
        poses.frames([0], size=0)


def test_a_part_of_a_track_looks_as_in_the_whole():
    whole = track(fps=10)
    part = replace(whole, start=0.2, end=0.5)
    assert part.size == whole.size
    np.testing.assert_array_equal(part.frames(), whole.frames([2, 3, 4]))


def test_files_of_poses_are_found_where_there_are_no_videos(folder):
    found = {video.name: video for video in find(folder, fps=30)}
    assert list(found) == ["both/one", "both/two", "timed", "train/deep/counted"]
    assert all(isinstance(video, PoseTrack) for video in found.values())
    assert found["timed"].rate == pytest.approx(10)
    assert found["both/two"].rate == pytest.approx(20)
    assert found["train/deep/counted"].rate == pytest.approx(30)
    assert (found["train/deep/counted"].split, found["train/deep/counted"].activity) == (
        "train",
        "deep",
    )


def test_a_file_of_poses_is_found_by_its_path_alone_or_in_a_list(folder):
    assert [video.name for video in find(folder / "both.npz")] == ["both/one", "both/two"]
    files = [folder / "timed.npz", folder / "both.npz"]
    assert [video.name for video in find(files)] == ["timed", "both/one", "both/two"]


def test_a_file_without_times_is_left_out_with_a_word_if_no_rate_is_given(folder):
    report = inspect(folder)
    assert len(report.videos) == 3
    assert report.bad == [
        (
            folder / "train" / "deep" / "counted.csv",
            "holds no times: give the frame rate with --fps",
        )
    ]


def test_a_wrong_file_of_poses_is_noted(folder):
    np.savez(folder / "wrong.npz", keypoints=POINTS, times=np.zeros(8))
    assert any("wrong.npz" in note and "do not rise" in note for note in inspect(folder).notes)


def test_videos_come_before_poses(folder, clips):
    (folder / "clip.mov").symlink_to(clips.of("short gop").path)
    assert [video.name for video in find(folder)] == ["clip"]


def test_the_report_counts_joints_where_there_are_no_pixels(folder):
    report = inspect(folder, fps=30)
    assert str(report).startswith("4 videos in 3 files, 1.9 s.  4 joints x 4.")
    facts = report.as_dict()["videos"][0]
    assert (facts["joints"], facts["height"], facts["width"]) == (4, None, None)


def test_what_is_written_is_read_back_equal(folder):
    videos = find(folder, fps=30)
    videos[0] = replace(videos[0], start=0.1, activity="squat")
    write_csv(folder / "list.csv", videos)
    again = find(folder / "list.csv")
    assert again == videos
    assert [video.digest for video in again] == [video.digest for video in videos]


def test_a_list_that_names_no_track_of_several_is_told_so(folder):
    (folder / "list.csv").write_text("video\nboth.npz\n")
    with pytest.raises(InputError, match="none of its 1 videos"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        find(folder / "list.csv")
    reason = inspect(folder / "list.csv").bad[0][1]
    assert reason == "has no poses ''; its tracks are one, two"


def test_labels_of_the_video_fit_its_poses(folder):
    labels = {"timed.mp4": Segments.of([(0, 1, "down")])}
    (poses,) = find(folder / "timed.npz")
    assert labels_of(labels, poses) == labels["timed.mp4"]


def test_a_track_is_a_video():
    assert isinstance(track(), Video)
