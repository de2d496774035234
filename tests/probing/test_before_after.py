from dataclasses import replace

import numpy as np
import pytest

from inphase.encoders.architecture import Clips
from inphase.encoders.clip_level import ClipLevelEncoder
from inphase.encoders.encoder import Encoder, FrameFeatures
from inphase.errors import InputError
from inphase.probing.before_after import tell_before_from_after

QUICK = {"epochs": 20, "views": 4, "speed": 0, "device": "cpu", "progress": False}


@pytest.fixture(scope="module")
def brightening(shown):
    generator = np.random.default_rng(0)
    videos = [
        shown(f"video{k}", int(generator.integers(0, 80)) + 4 * np.arange(count))
        for k, count in enumerate((16, 17, 20, 24, 31, 33, 40, 22, 18, 19))
    ]
    return videos[::2], videos[1::2]


def test_an_order_that_the_features_carry_is_found(sees_brightness, brightening):
    found = tell_before_from_after(sees_brightness, *brightening, **QUICK)
    assert found.accuracy > 0.95
    assert found.inputs == 5 * 4 * 2
    assert found.chance == 0.5


def test_noise_is_at_chance(sees_noise, flickering):
    found = tell_before_from_after(sees_noise, flickering[::2], flickering[1::2], **QUICK)
    assert 0.25 < found.accuracy < 0.75


def test_one_answer_to_all_is_right_half_the_time(sees_brightness, shown):
    grey = [shown(f"grey{k}", [level] * 20) for k, level in enumerate((50, 90, 130))]
    assert tell_before_from_after(sees_brightness, grey[:2], grey[2:], **QUICK).accuracy == 0.5


@pytest.mark.parametrize("speed", [0, 1, 2, 3])
@pytest.mark.parametrize("length", [16, 17, 31, 32, 61, 200])
def test_parts_are_in_order_do_not_overlap_and_are_shown_both_ways(
    sees_brightness, shown, length: int, speed: int
):
    """What the network was shown, read from the grey of each frame."""
    seen = []
    network = type(sees_brightness.temporal.network)
    video = shown(f"video of {length} at {speed}", np.arange(length))
    other = shown(f"other of {length} at {speed}", np.arange(length))

    class Watched(network):
        def forward(self, clips):
            grey = clips[:, 0, :, 0, 0] * 0.22803 + 0.43216
            seen.append((255 * grey).round().int().numpy())
            return super().forward(clips)

    sees_brightness.temporal.network = Watched()
    settings = {**QUICK, "epochs": 1, "views": 40, "speed": speed}
    tell_before_from_after(sees_brightness, [video], [other], **settings)
    clips = np.concatenate(seen)
    step = clips[0, 1] - clips[0, 0]
    assert step == max(2**k for k in range(speed + 1) if k == 0 or 15 * 2**k < length)
    for in_order, swapped in zip(clips[::2], clips[1::2], strict=True):
        assert (np.diff(in_order[:8]) == step).all() and (np.diff(in_order[8:]) == step).all()
        assert in_order[7] < in_order[8]
        assert in_order[0] >= 0 and in_order[-1] < length
        np.testing.assert_array_equal(swapped, np.roll(in_order, 8))
    assert clips.min() == 0 and clips.max() == length - 1 or length > 60


def test_it_follows_from_the_seed_alone(random_encoder, brightening):
    train, test = brightening
    settings = {**QUICK, "epochs": 2, "views": 2}
    one = tell_before_from_after(random_encoder, train, test, **settings)
    assert one == tell_before_from_after(random_encoder, train[::-1], test[::-1], **settings)


def test_short_videos_are_left_out_by_name(sees_brightness, brightening, shown):
    train, test = brightening
    short = shown("short", [10] * 15)
    settings = {**QUICK, "epochs": 1}
    with pytest.warns(UserWarning, match="left out: 'short' has 15 frames"):
        found = tell_before_from_after(sees_brightness, train, [*test, short], **settings)
    assert found.inputs == len(test) * 4 * 2


def test_what_makes_no_sense_is_refused(random_encoder, image_encoder, brightening):
    train, test = brightening
    with pytest.raises(InputError, match="not a network over clips"):
        tell_before_from_after(image_encoder, train, test, **QUICK)
    with pytest.raises(InputError, match="no train videos"):
        tell_before_from_after(random_encoder, [], test, **QUICK)
    with pytest.raises(InputError, match="two videos are called 'video0'"):
        tell_before_from_after(random_encoder, train, [replace(train[0])], **QUICK)
    odd = ClipLevelEncoder((3, 16, 16), Clips(width=1, size=16, context=15))
    with pytest.raises(InputError, match="15 frames has no halves"):
        tell_before_from_after(Encoder(FrameFeatures("pixels"), odd), train, test, **QUICK)
