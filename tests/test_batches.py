"""Batches: which rows stand side by side, and what is known of each."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from inphase.batches import Sampler
from inphase.data.video import Video
from inphase.errors import InputError
from inphase.frame_sources import CachedFrames
from inphase.methods import (
    GTA,
    LAV,
    METHODS,
    PCL,
    SCL,
    TCC,
    TCN,
    LRProp,
    ShuffleAndLearn,
    SimCLR,
    Supervised,
    name_of,
)
from inphase.views import sampling

CPU = torch.device("cpu")
FRAMES = 8


def source(
    lengths=(300, 320, 340, 360, 380), activities="aabba", groups="xxyy", rates=(), starts=()
) -> CachedFrames:
    """Videos whose features tell video and frame: 1000 video + frame."""
    groups = groups.ljust(len(lengths))
    rates, starts = rates or (30,) * len(lengths), starts or (5,) * len(lengths)
    return CachedFrames(
        [1000 * k + np.arange(n, dtype=np.float32)[None, :, None] for k, n in enumerate(lengths)],
        [
            np.arange(n) / rate + start
            for n, rate, start in zip(lengths, rates, starts, strict=True)
        ],
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


def test_chains_of_videos_see_as_many_of_one_activity():
    chains = TCC(frames=FRAMES, cycles="stochastic", cycle_length=3)
    with pytest.warns(UserWarning, match="left out 2, 3: an activity of fewer than the 3 videos"):
        batch = drawn(chains, size=8)
    pairs = batch.pairs(chains.compared)
    assert len(batch.mask) == 6
    assert pairs is not None
    assert pairs.tolist() == [[0, 1], [0, 2], [1, 2], [3, 4], [3, 5], [4, 5]]
    for group in batch.videos.view(2, 3).tolist():
        assert sorted(group) == [0, 1, 4]  # the only activity with three


def test_chains_beside_views_join_the_same_view_of_each_video():
    chains = TCC(cycles="stochastic", cycle_length=3)
    with pytest.warns(UserWarning, match="left out 2, 3: an activity of fewer than the 3 videos"):
        batch = drawn(SCL(frames=FRAMES), chains, size=3)
    assert batch.videos.view(3, 2).T[0].tolist() == batch.videos.view(3, 2).T[1].tolist()
    pairs = batch.pairs(chains.compared)
    assert pairs is not None
    assert pairs.tolist() == [[0, 2], [0, 4], [2, 4], [1, 3], [1, 5], [3, 5]]
    with pytest.raises(InputError, match="pcl and tcc cannot be combined"):
        drawn(PCL(frames=FRAMES), chains)


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


def test_stretched_time_is_one_clock_for_both_views_though_the_code_loses_frames():
    """Of 300 frames no time is stretched; of 40, of which all might be seen, by two."""
    batch = drawn(SCL(frames=80, variant="code"), given=source((40, 300), "aa"), size=2)
    counts = batch.mask.sum(1).tolist()
    assert len(set(counts)) > 2
    for row, number in enumerate(counts):
        numbers = batch.features[row, :number, 0] - 1000 * batch.videos[row]
        stretch = [2, 1][int(batch.videos[row])]
        torch.testing.assert_close(batch.frames[row, :number], numbers * stretch)


@pytest.mark.parametrize("method", [kind(frames=20) for kind in METHODS.values()], ids=name_of)
@pytest.mark.parametrize("length", [1, 2, 3, 10, 19, 20, 25, 29, 30, 31, 300])
def test_methods_know_how_many_frames_a_view_will_have(method, length):
    view = getattr(sampling, method.views)
    for each in view(length, generator=np.random.default_rng(0), **method.view_settings()):
        assert len(each) == method.drawn(length)


@pytest.mark.parametrize(
    ("name", "fewest"),
    [
        *[(name, 3) for name in ("scl", "pcl", "lrprop", "simclr")],  # two thirds of it are drawn
        *[(name, 2) for name in ("lav", "vava", "tcc", "gta", "tcn")],
        ("shuffle-and-learn", 5),
    ],
)
def test_videos_too_short_for_a_method_are_named_and_left_out(name, fewest):
    method = METHODS[name](frames=FRAMES)
    given = source((300, fewest, 300, fewest - 1, 300, 300), "aaaabb")
    with pytest.warns(UserWarning, match=f"left out 3: fewer frames than the {fewest} that {name}"):
        sampler = Sampler(given, [method], 4, device=CPU)
    assert [video.name for video in sampler.videos] == ["0", "1", "2", "4", "5"]
    batches = [sampler(np.random.default_rng(seed)) for seed in range(20)]
    assert {video for batch in batches for video in batch.videos.tolist()} == {0, 1, 2, 4, 5}
    assert min(int(batch.mask.sum(1).min()) for batch in batches) == method.least_frames


def test_a_labelled_picture_is_enough_to_learn_its_label():
    labels = [np.zeros(n, np.int64) for n in (1, 300)]
    batch = drawn(Supervised(frames=FRAMES), given=source((1, 300), "aa"), size=2, labels=labels)
    assert sorted(batch.mask.sum(1).tolist()) == [1, FRAMES]


def test_the_views_of_a_sum_are_long_enough_for_all_its_methods():
    """Of 7 frames CARL's clips have 4, and an order takes 5; the code loses frames at random."""
    short = source((300, 7, 8), "aaa")
    with pytest.warns(UserWarning, match="left out 1: fewer frames than the 8 that shuffle"):
        drawn(SCL(frames=FRAMES), ShuffleAndLearn(), given=short)
    methods = SCL(frames=FRAMES, variant="code"), ShuffleAndLearn()
    shown = [drawn(*methods, given=short, seed=seed).mask.sum(1).min() for seed in range(20)]
    assert min(shown) == 5
    with pytest.raises(InputError, match="shuffle-and-learn needs 5 frames a view: frames must be"):
        drawn(SCL(frames=4), ShuffleAndLearn())


def test_videos_that_are_all_too_short_are_told():
    told = "no video can be learned from: all 2 have fewer frames than the 2 that gta needs"
    with pytest.raises(InputError, match=told):
        drawn(GTA(), given=source((1, 1), "aa"))


def test_of_many_videos_left_out_the_first_few_are_named():
    with pytest.warns(UserWarning, match=r"left out 1, 2, 3, 4, 5, 6, 7, 8 \.\.\. \(10 videos\): "):
        drawn(GTA(frames=FRAMES), given=source((300, *(1,) * 10, 300), "a" * 12))


def test_labels_alone_are_learnt_from_videos_that_have_some():
    labels = [np.full(n, -1 if video % 2 else 0) for video, n in enumerate(source().lengths)]
    with pytest.warns(UserWarning, match="left out 1, 3: no labels"):
        sampler = Sampler(source(), [Supervised(frames=FRAMES)], 3, labels=labels, device=CPU)
    for seed in range(5):
        assert sorted(sampler(np.random.default_rng(seed)).videos.tolist()) == [0, 2, 4]


def test_beside_a_method_without_labels_all_videos_are_drawn():
    labels = [np.full(n, -1 if video % 2 else 0) for video, n in enumerate(source().lengths)]
    for methods in ((Supervised(frames=FRAMES), SCL()), (SimCLR(frames=FRAMES), Supervised())):
        sampler = Sampler(source(), methods, 5, labels=labels, device=CPU)
        assert len(sampler.videos) == 5
        assert len(sampler(np.random.default_rng(0)).videos.unique()) == 5


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["slow first", "fast first"])
def test_views_of_a_scene_show_the_same_seconds_at_any_frame_rate(order):
    """12.5 and 30 frames a second of one clock, where one file begins 2 seconds later."""
    facts = np.array([(125, 12.5, 0), (240, 30, 2)])[list(order)].T
    lengths, rates, starts = (tuple(each) for each in facts.tolist())
    given = source([int(each) for each in lengths], "aa", "xx", rates, starts)
    for seed in range(5):
        batch = drawn(TCN(frames=40, multi_view=True), given=given, size=2, seed=seed)
        shown = batch.features[..., 0] - 1000 * batch.videos[:, None]
        clock = shown / torch.tensor(rates)[batch.videos][:, None]
        clock = clock + torch.tensor(starts)[batch.videos][:, None]
        assert (clock[0] - clock[1]).abs().max() <= 0.5 / 30 + 1e-6
        assert clock.min() >= 2 and clock.max() <= 10
        # One clock for the loss, which counts frames of the slower view.
        assert (batch.frames[0] == batch.frames[1]).all()
        slow = int((batch.videos == order.index(0)).nonzero())
        torch.testing.assert_close(batch.frames[slow], shown[slow])
        assert batch.lengths.tolist() == [125, 125]
        seconds = shown / torch.tensor(rates)[batch.videos][:, None]
        torch.testing.assert_close(batch.seconds, seconds)


def test_views_that_do_not_run_at_the_same_time_are_told_at_the_start():
    apart = source((60, 60, 60), "aaa", "xyx", starts=(0, 0, 2.5))
    with pytest.raises(InputError, match="0 and 2 of the group 'x' have 0 frames in common, not 2"):
        Sampler(apart, [TCN(frames=FRAMES, multi_view=True)], 2, device=CPU)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Sampler(apart, [TCN(frames=FRAMES)], 2, device=CPU)
