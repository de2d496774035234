import numpy as np
import pytest

from inphase.errors import InputError
from inphase.probing.synchronisation import synchronise

QUICK = {"epochs": 30, "views": 3, "speed": 0, "device": "cpu", "progress": False}


@pytest.fixture(scope="module")
def brightening(shown):
    """So much brighter from frame to frame, from any start on."""
    generator = np.random.default_rng(0)
    videos = [
        shown(f"video{k}", int(generator.integers(0, 40)) + 5 * np.arange(40)) for k in range(16)
    ]
    return videos[::2], videos[1::2]


def test_offsets_that_the_features_carry_are_found(sees_brightness, brightening):
    found = synchronise(sees_brightness, *brightening, **QUICK)
    assert found.accuracy > 0.9
    assert found.error < 0.2
    assert found.pairs == 8 * 13


def test_of_noise_no_more_is_found_than_that_two_clips_are_the_same(sees_noise, flickering):
    found = synchronise(sees_noise, flickering[::2], flickering[1::2], **QUICK)
    # Offset 0, whose difference is 0 for any network, and one in twelve of the others.
    assert found.accuracy == pytest.approx(2 / 13, abs=0.08)
    assert found.error > 2.5


def test_one_answer_to_all_has_the_error_worked_out_by_hand(sees_brightness, shown):
    grey = [shown(f"grey{k}", [level] * 40) for k, level in enumerate((50, 90, 130))]
    found = synchronise(sees_brightness, grey[:2], grey[2:], **QUICK)
    by_hand = {c: sum(abs(c - offset) for offset in range(-6, 7)) / 13 for c in range(-6, 7)}
    assert found.accuracy == pytest.approx(1 / 13) == pytest.approx(found.chance)
    assert any(found.error == pytest.approx(error) for error in by_hand.values())
    assert found.chance_error == pytest.approx(min(by_hand.values()))


def test_an_offset_is_frames_of_the_clip(sees_brightness, brightening, shown):
    """Learnt at the video's own speed and asked at twice the speed, half the brightening."""
    train, _ = brightening
    slow = [shown(f"slow{k}", 20 * k + 2.5 * np.arange(60)) for k in range(4)]
    normal = [shown(f"normal{k}", 20 * k + 5.0 * np.arange(40)) for k in range(4)]
    settings = {**QUICK, "speed": 1}  # the videos of 40 frames do not allow it
    found = synchronise(sees_brightness, train, [*slow, *normal], **settings)
    assert found.accuracy > 0.8


def test_it_follows_from_the_seed_alone(random_encoder, brightening):
    train, test = brightening
    settings = {**QUICK, "epochs": 2, "views": 1}
    one = synchronise(random_encoder, train, test, **settings)
    assert one == synchronise(random_encoder, train[::-1], test[::-1], **settings)


def test_short_videos_are_left_out_by_name(sees_brightness, brightening, shown):
    train, test = brightening
    short = shown("short", [10] * 27)
    settings = {**QUICK, "epochs": 1}
    with pytest.warns(UserWarning, match="left out: 'short' has 27 frames"):
        found = synchronise(sees_brightness, train, [*test, short], **settings)
    assert found.pairs == len(test) * 13
    with (
        pytest.warns(UserWarning, match="'short'"),
        pytest.raises(InputError, match="no clip can be taken from any of the 1 videos"),
    ):
        synchronise(sees_brightness, train, [short], **settings)


def test_what_makes_no_sense_is_refused(random_encoder, image_encoder, brightening):
    train, test = brightening
    with pytest.raises(InputError, match="not a network over clips"):
        synchronise(image_encoder, train, test, **QUICK)
    with pytest.raises(InputError, match="no test videos"):
        synchronise(random_encoder, train, [], **QUICK)
    with pytest.raises(InputError, match="speed must be 0 to 3"):
        synchronise(random_encoder, train, test, **{**QUICK, "speed": -1})
