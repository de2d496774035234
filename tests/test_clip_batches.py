"""Batches of clips: what examples of a video share, what follows from what, threads that end."""

import threading
import time

import numpy as np
import pytest
import torch
from PIL import Image

from inphase.clip_batches import ClipBatch, ClipSampler, prefetched
from inphase.clip_frames import ClipFrames
from inphase.data.video import Video, VideoError
from inphase.encoders.backbones import KINETICS_DEVIATION, KINETICS_MEAN
from inphase.errors import InputError
from inphase.methods import (
    CLIP_METHODS,
    ActionLabels,
    ClipOrder,
    ClipShuffle,
    Rotation,
    TemporalTransformations,
)

SIZE = 14
CPU = torch.device("cpu")


def picture(frame: int, video: int) -> Image.Image:
    """Red tells the frame, green the video, blue rises to the right and downwards."""
    rows, columns = np.mgrid[:16, :21]
    blue = 4 * columns + 8 * rows
    colours = np.stack([np.full_like(blue, frame), np.full_like(blue, video), blue], -1)
    return Image.fromarray(colours.astype(np.uint8))


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> list[Video]:
    """Four videos of 130 frames and one of 20, already of the size that crops are cut from."""
    folder, found = tmp_path_factory.mktemp("clips"), []
    for k, length in enumerate((130, 130, 130, 130, 20)):
        (folder / str(k)).mkdir()
        for frame in range(length):
            picture(frame, k).save(folder / str(k) / f"{frame:04}.png")
        found.append(Video(folder / str(k), fps=10, activity="ab"[k % 2]))
    return found


@pytest.fixture(scope="module")
def frames(videos) -> ClipFrames:
    return ClipFrames(videos, size=16, progress=False)


def bytes_of(clips: torch.Tensor) -> np.ndarray:
    """Undo the normalisation."""
    mean = torch.tensor(KINETICS_MEAN).view(3, 1, 1, 1)
    deviation = torch.tensor(KINETICS_DEVIATION).view(3, 1, 1, 1)
    return (255 * (clips * deviation + mean)).round().numpy().astype(int)


def shown(batch: ClipBatch) -> np.ndarray:
    """The frame numbers of each clip, read from its pixels."""
    red = bytes_of(batch.clips)[:, 0]
    assert (red == red[:, :, :1, :1]).all()
    return red[:, :, 0, 0]


def drawn(frames, method, seed=0, videos=3, **settings) -> ClipBatch:
    sampler = ClipSampler(frames, method, videos=videos, size=SIZE, **settings)
    return sampler(np.random.default_rng(seed))


def test_a_batch_has_all_transformations_of_each_video(frames):
    batch = drawn(frames, TemporalTransformations(), videos=7)
    assert batch.clips.shape == (28, 3, 16, SIZE, SIZE) and batch.clips.dtype == torch.float32
    assert batch.targets["motion"].tolist() == [0, 1, 2, 3] * 7
    assert batch.targets["motion"].dtype == batch.videos.dtype == torch.int64
    assert (batch.videos.view(7, 4) == batch.videos.view(7, 4)[:, :1]).all()
    green = bytes_of(batch.clips)[:, 1]
    assert (green == batch.videos.numpy()[:, None, None, None]).all()


def test_clips_show_the_frames_that_their_targets_say(frames):
    for seed in range(5):
        batch = drawn(frames, TemporalTransformations(), seed)
        steps = np.diff(shown(batch))
        speeds = batch.targets["speed"][::4].numpy()
        assert (steps[::4] == 2 ** speeds[:, None]).all()
        assert ((steps[1::4] < 0).sum(1) > 1).all()
        assert ((steps[3::4] >= 1) & (steps[3::4] <= 8)).all()


def test_one_speed_is_drawn_for_the_batch_and_short_videos_are_limited(frames):
    found = set()
    for seed in range(30):
        batch = drawn(frames, TemporalTransformations(), seed, videos=5)
        speeds, short = batch.targets["speed"][::4], batch.videos[::4] == 4
        assert speeds[short].tolist() == [0]
        (speed,) = set(speeds[~short].tolist())
        found.add(speed)
    assert found == {0, 1, 2, 3}


@pytest.mark.parametrize("method", [TemporalTransformations(), Rotation()], ids=["time", "turns"])
def test_copies_of_a_video_differ_in_what_is_asked_alone(frames, method):
    batch = drawn(frames, method, videos=4)
    blue = bytes_of(batch.clips)[:, 2, 0]
    for place, turns in enumerate(batch.targets.get("turns", torch.zeros(16)).int().tolist()):
        first = blue[place - place % 4]
        np.testing.assert_array_equal(blue[place], np.rot90(first, turns))


def test_videos_have_their_own_crops_and_half_are_flipped(frames):
    corners, flipped = set(), 0
    for seed in range(100):
        blue = bytes_of(drawn(frames, ActionLabels(), seed, 4, classes="ab").clips)[:, 2, 0]
        corners |= {int(each.min()) for each in blue}
        flipped += int((blue[:, 0, 0] > blue[:, 0, 1]).sum())
    assert len(corners) > 10
    assert 160 < flipped < 240


def test_no_flips_where_left_and_right_matter_or_the_paper_has_none(frames):
    for seed in range(20):
        for batch in (
            drawn(frames, TemporalTransformations(), seed, flip=False),
            drawn(frames, ClipOrder(), seed),
        ):
            blue = bytes_of(batch.clips)[:, 2, 0]
            assert (blue[:, 0, 0] < blue[:, 0, 1]).all()


def test_clips_to_be_ordered_follow_one_another_each_with_its_own_crop(frames):
    batch = drawn(frames, ClipOrder(), videos=4)
    assert batch.clips.shape[0] == 12 and batch.videos.shape == batch.targets["order"].shape == (4,)
    green = bytes_of(batch.clips)[:, 1, 0, 0, 0]
    assert green.tolist() == np.repeat(batch.videos.numpy(), 3).tolist()
    corners = bytes_of(batch.clips)[:, 2, 0, 0, 0].reshape(4, 3)
    assert any(len(set(each)) > 1 for each in corners.tolist())


def test_labels_are_numbers_in_the_list_of_classes_and_other_videos_are_not_drawn(frames):
    batch = drawn(frames, ActionLabels(), videos=5, classes=("b", "a"))
    assert batch.targets["activity"].tolist() == [1 - video % 2 for video in batch.videos.tolist()]
    batch = drawn(frames, ActionLabels(), videos=5, classes=("c", "b"))
    assert set(batch.videos.tolist()) == {1, 3}
    with pytest.raises(InputError, match="none of the 5 videos shows one of the activities c, d"):
        drawn(frames, ActionLabels(), classes=("c", "d"))


@pytest.mark.parametrize("name", CLIP_METHODS)
def test_a_batch_follows_from_its_seed_however_frames_are_had(frames, videos, name):
    live = ClipFrames(videos, size=16, keep=0, progress=False)
    one, two, other = (
        drawn(source, CLIP_METHODS[name](), seed, classes=("a", "b"))
        for source, seed in ((frames, 3), (live, 3), (frames, 4))
    )
    assert torch.equal(one.clips, two.clips) and torch.equal(one.videos, two.videos)
    assert all(torch.equal(one.targets[head], two.targets[head]) for head in one.targets)
    assert not torch.equal(one.clips, other.clips)


def test_no_video_comes_twice_before_all_had_their_turn(frames):
    for seed in range(20):
        batch = drawn(frames, Rotation(), seed, videos=8)
        counts = np.bincount(batch.videos[::4], minlength=5)
        assert counts.sum() == 8 and counts.min() == 1 and counts.max() == 2


def test_all_copies_of_a_video_are_decoded_at_once(videos, monkeypatch):
    live, calls, decode = ClipFrames(videos, size=16, keep=0, progress=False), [], Video._decode

    def counted(self, places, target):
        calls.append(places.tolist())
        return decode(self, places, target)

    monkeypatch.setattr(Video, "_decode", counted)
    for method in (TemporalTransformations(), ClipOrder(), Rotation()):
        calls.clear()
        drawn(live, method)
        assert len(calls) == 3
        assert all(len(set(places)) == len(places) for places in calls)


def test_a_video_that_breaks_later_is_named_once_and_another_is_drawn(videos, monkeypatch):
    live, decode = ClipFrames(videos, size=16, keep=0, progress=False), Video._decode

    def broken(self, places, target):
        if self.name in gone:
            raise VideoError(f"{self.path}: no longer decodes")
        return decode(self, places, target)

    monkeypatch.setattr(Video, "_decode", broken)
    sampler = ClipSampler(live, Rotation(), videos=5, size=SIZE)
    gone = {"2"}
    with pytest.warns(UserWarning, match=r"left out: .*2: no longer decodes") as warned:
        first = sampler(np.random.default_rng(0))
        again = sampler(np.random.default_rng(0))
    assert len(warned) == 1
    assert first.videos.shape == (20,) and 2 not in first.videos
    assert torch.equal(first.clips, again.clips)
    gone = {"0", "1", "2", "3", "4"}
    with pytest.warns(UserWarning), pytest.raises(InputError, match="none of the videos can be"):
        sampler(np.random.default_rng(0))


def test_sizes_that_make_no_sense_are_told(frames):
    with pytest.raises(InputError, match="at least 1 video, not 0"):
        ClipSampler(frames, Rotation(), videos=0, size=SIZE)
    with pytest.raises(InputError, match="a crop of 17 x 17 pixels cannot be cut"):
        ClipSampler(frames, Rotation(), videos=1, size=17)
    with pytest.raises(InputError, match="1 activities cannot be told apart"):
        ClipSampler(frames, ActionLabels(), videos=1, size=SIZE, classes=("a",))


def test_videos_too_short_for_the_question_are_not_drawn(tmp_path):
    found = []
    for length in (1, 16, 40):
        (tmp_path / str(length)).mkdir()
        for frame in range(length):
            picture(frame, 0).save(tmp_path / str(length) / f"{frame:04}.png")
        found.append(Video(tmp_path / str(length), fps=10))
    short, whole = (ClipFrames(each, size=16, progress=False) for each in (found[:2], found))
    batch = drawn(whole, ClipOrder())
    assert set(batch.videos.tolist()) == {2} and (batch.targets["order"] >= 0).all()
    with pytest.raises(InputError, match="none of the 2 videos is long enough"):
        drawn(short, ClipOrder())
    assert set(drawn(short, ClipShuffle()).videos.tolist()) == {1}


def test_a_batch_goes_to_a_device_as_a_whole(frames):
    batch = drawn(frames, Rotation()).to(torch.device("meta"))
    assert batch.clips.is_meta and batch.videos.is_meta and batch.targets["turns"].is_meta


def test_steps_come_in_order_and_are_what_they_are_alone(frames):
    sampler = ClipSampler(frames, TemporalTransformations(), videos=2, size=SIZE)

    def make(step: int) -> ClipBatch:
        time.sleep(0.01 * (step % 3))  # later steps are ready sooner
        return sampler(np.random.default_rng((7, step)))

    for workers in (0, 1, 3):
        for step, batch in enumerate(prefetched(make, 2, 8, workers=workers), start=2):
            assert torch.equal(batch.clips, sampler(np.random.default_rng((7, step))).clips)
        assert step == 7


def loaders() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name.startswith("inphase-clips")]


def test_an_error_is_raised_at_its_own_step_and_threads_end():
    def make(step: int) -> int:
        if step == 3:
            raise ValueError("step 3")
        return step

    found = []
    with pytest.raises(ValueError, match="step 3"):
        for value in prefetched(make, 0, 10):
            found.append(value)
            assert loaders()
    assert found == [0, 1, 2]
    assert loaders() == []


def test_threads_end_when_the_consumer_stops_early():
    made = []
    steps = prefetched(lambda step: made.append(step) or step, 0, 1000, ahead=3)
    assert next(steps) == 0 and loaders()
    steps.close()
    assert loaders() == []
    assert len(made) <= 4


def test_no_more_steps_are_made_ahead_than_asked():
    made: list[int] = []
    steps = prefetched(lambda step: made.append(step) or step, 0, 100, workers=2, ahead=3)
    for taken in range(10):
        assert next(steps) == taken
        time.sleep(0.01)
        assert len(made) <= taken + 4
    steps.close()


def test_steps_are_made_side_by_side():
    """The first step waits for the second, which one thread alone would never begin."""
    begun = threading.Event()

    def make(step: int) -> int:
        if step == 1:
            begun.set()
        assert begun.wait(10)
        return step

    assert list(prefetched(make, 0, 2)) == [0, 1]


def test_no_steps_are_no_steps():
    assert list(prefetched(str, 5, 5)) == []
