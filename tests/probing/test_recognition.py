from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from inphase.clip_frames import ClipFrames
from inphase.data.video import Video, VideoError
from inphase.encoders.architecture import Clips
from inphase.encoders.clip_level import ClipLevelEncoder
from inphase.encoders.encoder import Encoder, FrameFeatures
from inphase.errors import InputError
from inphase.probing import clips_of, recognition
from inphase.probing.inputs import check_videos
from inphase.probing.recognition import recognise
from inphase.views.clips import frame_size

QUICK = {"epochs": 20, "views": 4, "speed": 0, "device": "cpu", "progress": False}


def saw(count: int, phase: float, rise: int) -> np.ndarray:
    """Grey that rises or falls steadily and starts again; any grey is as likely in both."""
    return 255 * ((phase + rise * np.arange(count) / 20) % 1)


@pytest.fixture(scope="module")
def rising_and_falling(shown):
    generator = np.random.default_rng(0)
    videos = [
        shown(f"{name}{k}", saw(24, generator.random(), rise), name)
        for name, rise in (("rising", 1), ("falling", -1))
        for k in range(36)
    ]
    return videos[::2], videos[1::2]


@pytest.fixture(scope="module")
def bright_and_dark(shown):
    generator = np.random.default_rng(1)
    videos = [
        shown(f"{name}{k}", level + generator.integers(0, 60, count), name)
        for name, level in (("bright", 160), ("dark", 30))
        for k, count in enumerate((30, 24, 40, 9, 24, 33))
    ]
    return videos[::2], videos[1::2]


def test_what_the_features_carry_is_found(sees_brightness, rising_and_falling):
    found = recognise(sees_brightness, *rising_and_falling, **QUICK)
    assert found.accuracy > 0.9
    assert set(found.per_class) == {"falling", "rising"}
    assert found.chance == 0.5


def test_what_only_moves_is_not_found_in_stills(sees_brightness, rising_and_falling):
    found = recognise(sees_brightness, *rising_and_falling, still=True, **QUICK)
    assert 0.2 < found.accuracy < 0.8


def test_noise_is_at_chance(sees_noise, rising_and_falling):
    found = recognise(sees_noise, *rising_and_falling, **QUICK)
    assert 0.2 < found.accuracy < 0.8


def test_looks_are_found_in_stills(sees_brightness, bright_and_dark):
    assert recognise(sees_brightness, *bright_and_dark, still=True, **QUICK).accuracy == 1


def test_scores_are_shares_of_the_predictions(sees_noise, bright_and_dark):
    train, test = bright_and_dark
    found = recognise(sees_noise, train, test[:5], **QUICK)  # three bright, two dark
    hits = {video.name: found.predictions[video.name] == video.activity for video in test[:5]}
    assert found.accuracy == sum(hits.values()) / 5
    for name in ("bright", "dark"):
        mine = [hit for video, hit in hits.items() if video.startswith(name)]
        assert found.per_class[name] == sum(mine) / len(mine)
    # Both are as common in training; the first in order is bright.
    assert found.commonest == 3 / 5


def test_all_layers_learn_and_the_encoder_stays_as_it_is(random_encoder, bright_and_dark):
    before = {name: each.clone() for name, each in random_encoder.temporal.state_dict().items()}
    settings = {**QUICK, "epochs": 15, "batch": 6, "learning_rate": 3e-3}
    random_encoder.temporal.requires_grad_(False)  # of no effect on the copy that learns
    found = recognise(random_encoder, *bright_and_dark, frozen=False, **settings)
    assert found.accuracy == 1
    for name, each in random_encoder.temporal.state_dict().items():
        assert torch.equal(each, before[name]), "the encoder given must not change"
    assert all(each.grad is None for each in random_encoder.temporal.parameters())


def test_all_layers_are_trained_not_the_new_ones_alone(random_encoder, bright_and_dark):
    """New layers that see nothing but ones are no use until the network is trained."""
    norm = random_encoder.temporal.network.conv5[1]
    norm.weight.data.zero_()
    norm.bias.data.fill_(1)
    settings = {**QUICK, "epochs": 30, "batch": 3, "learning_rate": 1e-2}
    frozen = recognise(random_encoder, *bright_and_dark, **settings)
    assert frozen.accuracy == 0.5
    assert recognise(random_encoder, *bright_and_dark, frozen=False, **settings).accuracy > 0.8


@pytest.mark.parametrize("broken", [["bright2"], ["bright0", "bright2", "bright4", "dark0"]])
def test_training_goes_on_without_videos_that_break_off(
    random_encoder, bright_and_dark, monkeypatch, broken: list[str]
):
    read = Video.frames

    def frames(self: Video, *asked: Any, **how: Any) -> np.ndarray:
        if self.name in broken:
            raise VideoError(f"{self.name}: breaks off")
        return read(self, *asked, **how)

    def decoded_as_needed(videos: Any, *, size: int, progress: bool) -> ClipFrames:
        return ClipFrames(videos, size=frame_size(size)[0], keep=0, progress=progress)

    monkeypatch.setattr(Video, "frames", frames)
    monkeypatch.setattr(recognition, "film", decoded_as_needed)
    settings = {**QUICK, "epochs": 3, "batch": 2, "frozen": False}
    with pytest.warns(UserWarning, match="left out: .*: breaks off"):
        found = recognise(random_encoder, *bright_and_dark, **settings)
    assert len(found.predictions) == 6


@pytest.mark.parametrize("network", ["r3d-18", "r2plus1d-18"])
def test_residual_networks_are_probed_too(bright_and_dark, network: Any):
    temporal = ClipLevelEncoder((3, 16, 16), Clips(network=network, width=2, size=16))
    encoder = Encoder(FrameFeatures("pixels", "random", "none"), temporal)
    for frozen in (True, False):
        found = recognise(encoder, *bright_and_dark, frozen=frozen, **{**QUICK, "epochs": 1})
        assert len(found.predictions) == 6


@pytest.mark.slow
def test_golf_swings_and_push_ups_are_told_apart(real_data):
    golf = sorted((real_data / "golf").rglob("*.mp4"))[:8]
    push_ups = sorted((real_data / "pushups" / "videos" / "correct").glob("*.mp4"))[:16:2]
    assert len(golf) == len(push_ups) == 8
    videos = [Video(path, activity="golf") for path in golf]
    videos += [Video(path, activity="push-ups") for path in push_ups]
    temporal = ClipLevelEncoder((3, 64, 64), Clips(width=8, size=56))
    encoder = Encoder(FrameFeatures("pixels", "random", "none"), temporal)
    found = recognise(encoder, videos[::2], videos[1::2], epochs=20, device="cpu", progress=False)
    assert found.accuracy >= 0.75


@pytest.mark.parametrize("frozen", [True, False])
def test_it_follows_from_the_seed_alone(random_encoder, bright_and_dark, frozen: bool):
    train, test = bright_and_dark
    settings = {**QUICK, "epochs": 2, "batch": 4, "frozen": frozen}
    torch.manual_seed(1)
    one = recognise(random_encoder, train, test, **settings)
    torch.manual_seed(2)
    two = recognise(random_encoder, train[::-1], test[::-1], **settings)
    assert one.predictions == two.predictions and one == two


def test_other_test_videos_and_batches_change_nothing(random_encoder, bright_and_dark, monkeypatch):
    train, test = bright_and_dark
    settings = {**QUICK, "epochs": 3}
    all_of_them = recognise(random_encoder, train, test, **settings).predictions
    monkeypatch.setattr(clips_of, "_AT_A_TIME", 3)
    few = recognise(random_encoder, train, test[1:3], **settings).predictions
    assert few == {name: all_of_them[name] for name in few} and len(few) == 2


def test_the_probabilities_of_all_sub_sequences_count(sees_brightness, bright_and_dark, shown):
    # Its middle alone is dark.
    video = shown("mostly bright", [200] * 48 + [20] * 16 + [200] * 48, "bright")
    found = recognise(sees_brightness, bright_and_dark[0], [video], **QUICK)
    assert found.predictions == {"mostly bright": "bright"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"train": []}, "no train videos"),
        ({"test": []}, "no test videos"),
        ({"speed": 4}, "speed must be 0 to 3"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"batch": 1}, "batch at least 2"),
        ({"learning_rate": -1.0}, "learning_rate must be above 0"),
        ({"hop": 0}, "hop must be at least 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(random_encoder, bright_and_dark, change, said):
    train, test = bright_and_dark
    with pytest.raises(InputError, match=said):
        recognise(random_encoder, **{"train": train, "test": test, **QUICK, **change})


def test_videos_that_make_no_sense_are_refused(random_encoder, image_encoder, bright_and_dark):
    train, test = bright_and_dark
    bright = [video for video in train if video.activity == "bright"]
    with pytest.raises(InputError, match="all training videos show 'bright'"):
        recognise(random_encoder, bright, test, **QUICK)
    with pytest.raises(InputError, match="which no training video does"):
        recognise(random_encoder, train, [replace(test[0], activity="blue")], **QUICK)
    with pytest.raises(InputError, match="has no activity"):
        recognise(random_encoder, train, [replace(test[0], activity="")], **QUICK)
    with pytest.raises(InputError, match="two videos are called"):
        recognise(random_encoder, train, train[:1], **QUICK)
    again = replace(train[0], name="another name", start=0.2)
    with pytest.raises(InputError, match=f"'another name' of .* what '{train[0].name}' of"):
        recognise(random_encoder, train, [*test, again], **QUICK)
    halves = [replace(train[0], start=start, end=end) for start, end in ((None, 0.6), (0.6, None))]
    check_videos([halves[0]], [replace(halves[1], name="second half")])
    with pytest.raises(InputError, match="not a network over clips"):
        recognise(image_encoder, train, test, **QUICK)
