from pathlib import Path

import numpy as np
import pytest
import torch

from inphase.data.video import Video
from inphase.errors import InputError
from inphase.probing.clips_of import (
    Clip,
    Watcher,
    crop_of,
    evenly,
    every,
    film,
    flat,
    generator_of,
    mean,
    prepared,
    repeated,
)


def test_all_sub_sequences_start_half_a_clip_apart():
    clips = every(200, None, speed=2, frames=16)  # 61 frames from first to last
    np.testing.assert_array_equal(clips[:, 0], [0, 30, 60, 90, 120])
    np.testing.assert_array_equal(clips[1], 30 + 4 * np.arange(16))


def test_sub_sequences_start_a_hop_apart_as_long_as_they_fit():
    clips = every(20, 1, speed=0, frames=16)
    np.testing.assert_array_equal(clips, np.arange(5)[:, None] + np.arange(16))


@pytest.mark.parametrize(
    ("length", "speed", "step"), [(121, 3, 8), (120, 3, 4), (61, 3, 4), (60, 2, 2), (30, 2, 1)]
)
def test_speed_is_what_the_video_allows(length: int, speed: int, step: int):
    for clips in (
        every(length, None, speed=speed, frames=16),
        evenly(length, 3, speed=speed, frames=16),
    ):
        assert (np.diff(clips) == step).all()
        assert clips.min() >= 0 and clips.max() < length


def test_clips_are_spread_from_the_first_frame_to_the_last():
    clips = evenly(100, 10, speed=1, frames=16)
    assert clips[0, 0] == 0 and clips[-1, -1] == 99
    gaps = np.diff(clips[:, 0])
    assert gaps.max() - gaps.min() <= 1
    (middle,) = evenly(100, 1, speed=1, frames=16)
    assert abs(middle.mean() - 49.5) <= 0.5


def test_a_video_shorter_than_a_clip_repeats_its_last_frame():
    expected = [[0, 1, 2, 3, 4, 4, 4, 4]]
    np.testing.assert_array_equal(every(5, None, speed=2, frames=8), expected)
    np.testing.assert_array_equal(evenly(5, 1, speed=2, frames=8), expected)


def test_a_still_is_one_frame_in_the_middle_of_the_clip():
    np.testing.assert_array_equal(repeated(np.arange(10, 26)), [18] * 16)


def test_a_network_is_shown_the_frames_of_a_clip_in_their_order(shown):
    video = shown("steps", np.arange(0, 240, 8))
    seen = film([video], size=16, progress=False)
    order = np.array([5, 2, 2, 29])
    clips = prepared(seen, 0, [Clip(np.arange(4)), Clip(order)], 16)
    assert clips.shape == (2, 3, 4, 16, 16)
    grey = (clips[:, 2, :, 3, 3] * 0.216989 + 0.37645) * 255
    np.testing.assert_allclose(grey, np.stack([np.arange(4), order]) * 8, atol=1e-3)


def test_a_crop_is_the_same_in_all_frames_of_a_clip_and_the_middle_if_none_is_drawn(shown):
    picture = np.random.default_rng(0).integers(0, 256, (18, 24, 3))
    seen = film([shown("picture", [picture] * 4)], size=16, progress=False)
    crop = crop_of(16, np.random.default_rng(3), flip=True)
    middle, drawn = prepared(seen, 0, [Clip(np.arange(4)), Clip(np.arange(4), crop)], 16)
    red = (middle[0] * 0.22803 + 0.43216) * 255
    np.testing.assert_allclose(red, np.stack([picture[1:17, 4:20, 0]] * 4), atol=1e-3)
    assert (drawn == drawn[:, :1]).all() and not torch.equal(drawn, middle)


def test_what_is_drawn_for_a_video_follows_from_its_name_and_the_seed():
    def drawn(name: str, seed: int) -> float:
        return generator_of(Video(Path("anywhere"), name=name), seed).random()

    assert drawn("a", 0) == drawn("a", 0)
    assert len({drawn("a", 0), drawn("b", 0), drawn("a", 1)}) == 3


def test_features_of_a_clip_are_its_own_alone(random_encoder, shown):
    videos = [shown(f"grey{k}", np.arange(20) * 3 + 40 * k) for k in range(3)]
    network = random_encoder.temporal.network
    watcher = Watcher(network, 16, torch.device("cpu"), progress=False)

    def plan(length: int, _: np.random.Generator) -> list[Clip]:
        return [Clip(indices) for indices in every(length, 1, speed=0, frames=16)]

    for see in (flat, mean):
        together = dict(watcher.watch(videos, plan, see, seed=0))
        assert list(together) == ["grey0", "grey1", "grey2"]
        clips = prepared(
            film(videos[1:2], size=16, progress=False), 0, plan(20, generator_of(videos[1], 0)), 16
        )
        with torch.no_grad():
            alone = torch.cat([see(network.eval(), network(clip[None])) for clip in clips])
        torch.testing.assert_close(together["grey1"], alone)


def test_a_video_that_cannot_be_read_is_left_out_by_name(random_encoder, shown, tmp_path):
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    videos = [Video(tmp_path / "broken.mp4"), shown("whole", [9] * 20)]
    watcher = Watcher(random_encoder.temporal.network, 16, torch.device("cpu"), progress=False)

    def plan(length: int, _: np.random.Generator) -> list[Clip]:
        return [Clip(np.arange(16))]

    with pytest.warns(UserWarning, match="left out: .*broken"):
        assert list(dict(watcher.watch(videos, plan, flat, seed=0))) == ["whole"]
    with (
        pytest.warns(UserWarning, match="left out: .*broken"),
        pytest.raises(InputError, match="none of the 1 videos can be read"),
    ):
        list(watcher.watch(videos[:1], plan, flat, seed=0))


def test_features_of_a_video_are_there_before_the_next_is_seen(random_encoder, shown):
    videos = [shown(f"one by one {k}", [9] * 20) for k in range(2)]
    watcher = Watcher(random_encoder.temporal.network, 16, torch.device("cpu"), progress=False)
    planned = []

    def plan(length: int, _: np.random.Generator) -> list[Clip]:
        planned.append(length)
        return [Clip(np.arange(16))]

    assert next(watcher.watch(videos, plan, flat, seed=0))[0] == "one by one 0"
    assert len(planned) == 1
