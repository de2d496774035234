"""Batches: which rows stand side by side, and what is known of each."""

from pathlib import Path

import numpy as np
import pytest
import torch

from inphase.batches import Sampler
from inphase.data.video import Video
from inphase.errors import InputError
from inphase.frame_sources import CachedFrames
from inphase.methods import GTA, LAV, PCL, SCL, TCN, LRProp, Supervised

CPU = torch.device("cpu")
FRAMES = 8


def source(lengths=(300, 320, 340, 360, 380), activities="aabba", groups="xxyy") -> CachedFrames:
    """Videos whose features tell video and frame: 1000 video + frame."""
    groups = groups.ljust(len(lengths))
    return CachedFrames(
        [1000 * k + np.arange(n, dtype=np.float32)[None, :, None] for k, n in enumerate(lengths)],
        [np.arange(n) / 30 + 5 for n in lengths],
        CPU,
        [
            Video(Path("v.mp4"), name=str(k), activity=activities[k], group=groups[k].strip())
            for k in range(len(lengths))
        ],
    )


def drawn(*methods, size=4, seed=0, given=None, **settings):
    sampler = Sampler(given or source(), methods, size, device=CPU, **settings)
    return sampler(np.random.default_rng(seed))


def test_rows_know_their_video_frames_and_seconds():
    batch = drawn(SCL(frames=FRAMES))
    assert batch.features.shape == (8, FRAMES, 1) and batch.mask.all()
    numbers = batch.features[..., 0] - 1000 * batch.videos[:, None]
    torch.testing.assert_close(numbers, batch.frames)
    torch.testing.assert_close(batch.seconds, batch.frames / 30)
    assert batch.lengths.tolist() == [300 + 20 * video for video in batch.videos.tolist()]
    assert batch.activities.tolist() == [[0, 0, 1, 1, 0][video] for video in batch.videos.tolist()]


def test_two_views_of_a_video_stand_side_by_side():
    batch = drawn(SCL(frames=FRAMES))
    pairs = batch.pairs("views")
    assert pairs is not None and pairs.tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert (batch.videos[pairs[:, 0]] == batch.videos[pairs[:, 1]]).all()
    assert (batch.frames[0] != batch.frames[1]).any()


@pytest.mark.parametrize("method", [LAV(frames=FRAMES), GTA(frames=FRAMES)])
def test_methods_of_two_videos_see_two_of_one_activity(method):
    for seed in range(10):
        batch = drawn(method, seed=seed)
        pairs = batch.pairs(method.compared)
        assert pairs is not None and pairs.tolist() == [[0, 1], [2, 3]]
        one, other = pairs.T
        assert (batch.videos[one] != batch.videos[other]).all()
        assert (batch.activities[one] == batch.activities[other]).all()


def test_methods_of_views_and_videos_see_fours():
    batch = drawn(LRProp(frames=FRAMES))
    videos = batch.videos.tolist()
    assert videos[0] == videos[1] != videos[2] == videos[3]
    pairs = batch.pairs("both")
    assert pairs is not None
    expected = [[0, 1], [2, 3], [4, 5], [6, 7], [0, 2], [1, 3], [4, 6], [5, 7]]
    assert pairs.tolist() == expected
    assert drawn(PCL(frames=FRAMES)).videos.tolist() == videos


def test_methods_together_get_what_either_needs():
    """SCL with LAV's views: two draws of each video; LAV beside SCL: videos of one activity."""
    for methods in ((LAV(frames=FRAMES), SCL()), (SCL(frames=FRAMES), LAV())):
        batch = drawn(*methods)
        assert batch.views == 2 and len(batch.mask) == 8
        for method in methods:
            pairs = batch.pairs(method.compared)
            assert pairs is not None
            same = (batch.videos[pairs[:, 0]] == batch.videos[pairs[:, 1]]).all()
            assert bool(same) == (method.compared == "views")
            assert (batch.activities[pairs[:, 0]] == batch.activities[pairs[:, 1]]).all()


def test_views_of_a_scene_are_videos_of_one_group():
    method = TCN(frames=FRAMES, multi_view=True)
    for seed in range(5):
        batch = drawn(method, seed=seed)
        assert sorted(sorted(two) for two in batch.videos.view(-1, 2).tolist()) == [[0, 1], [2, 3]]
        assert (batch.frames[0::2] == batch.frames[1::2]).all()
    with pytest.raises(InputError, match="group"):
        drawn(method, given=source(groups=""))
    with pytest.raises(InputError, match="leave out --balanced"):
        drawn(method, balanced=True)
    with pytest.raises(InputError, match="cannot be combined"):
        drawn(method, LAV())


def test_balanced_batches_give_rare_activities_their_share():
    rare = source((100,) * 20, activities="a" * 19 + "b")
    counts = [0, 0]
    for seed in range(50):
        for activity in drawn(SCL(frames=4), given=rare, balanced=True, seed=seed).activities:
            counts[activity] += 1
    assert 0.35 < counts[1] / sum(counts) < 0.65


def test_labels_are_those_of_the_frames_shown():
    labels = [np.arange(n) // 100 for n in (300, 320, 340, 360, 380)]
    batch = drawn(Supervised(frames=FRAMES), labels=labels)
    assert batch.labels is not None
    assert (batch.labels == (batch.frames // 100).long()).all()


def test_padding_has_no_label():
    short = source((3, 300), "aa")
    labels = [np.zeros(3, np.int64), np.zeros(300, np.int64)]
    batch = drawn(Supervised(frames=FRAMES), given=short, size=2, labels=labels)
    assert batch.labels is not None
    assert ((batch.labels == 0) == batch.mask).all() and not batch.mask.all()


def test_the_time_of_a_short_video_is_stretched_as_if_it_gave_all_frames():
    """Of 30 frames `two_clips` draws 20; of 300 all of 80."""
    batch = drawn(SCL(frames=80), given=source((30, 300), "aa"), size=2)
    counts = batch.mask.sum(1).tolist()
    assert sorted(counts) == [20, 20, 80, 80]
    for row, count in enumerate(counts):
        numbers = batch.features[row, :count, 0] - 1000 * batch.videos[row]
        torch.testing.assert_close(batch.frames[row, :count], numbers * (80 / count))
        assert batch.lengths[row] == [120, 300][int(batch.videos[row])]
