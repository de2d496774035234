"""Clips: which part of the frames a network sees, and as what numbers."""

import numpy as np
import pytest
import torch

from inphase.errors import InputError
from inphase.views.clips import (
    Crop,
    centre_crop,
    cut,
    draw_crop,
    frame_size,
    to_clip,
    to_clips,
)

MEAN, DEVIATION = (0.4, 0.3, 0.2), (0.2, 0.1, 0.3)


def film(frames=4, height=16, width=21) -> np.ndarray:
    """Every pixel of every frame is another number, as far as bytes go."""
    random = np.random.default_rng(0)
    return random.integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def test_crops_of_112_are_cut_from_frames_of_128_by_171():
    assert frame_size(112) == (128, 171)
    assert frame_size(56) == (64, 86)


def test_crops_lie_everywhere_and_half_are_flipped():
    generator = np.random.default_rng(0)
    crops = [draw_crop(16, 21, 14, generator) for _ in range(1000)]
    assert {crop.top for crop in crops} == {0, 1, 2}
    assert {crop.left for crop in crops} == set(range(8))
    assert 450 < sum(crop.flip for crop in crops) < 550


def test_without_flips_the_crops_are_the_same():
    one, two = np.random.default_rng(0), np.random.default_rng(0)
    flipped = [draw_crop(16, 21, 14, one) for _ in range(50)]
    straight = [draw_crop(16, 21, 14, two, flip=False) for _ in range(50)]
    assert not any(crop.flip for crop in straight)
    places = [[(crop.top, crop.left) for crop in crops] for crops in (flipped, straight)]
    assert places[0] == places[1]


def test_a_crop_is_that_part_of_the_frames_and_a_view_of_them():
    frames = film()
    found = cut(frames, Crop(top=2, left=5, size=14))
    np.testing.assert_array_equal(found, frames[:, 2:16, 5:19])
    assert np.shares_memory(found, frames)
    whole = cut(frames, Crop(top=0, left=0, size=16))
    np.testing.assert_array_equal(whole, frames[:, :16, :16])


def test_a_flip_swaps_left_and_right():
    frames = film()
    found = cut(frames, Crop(top=2, left=5, size=14, flip=True))
    np.testing.assert_array_equal(found, frames[:, 2:16, 5:19][:, :, ::-1])


@pytest.mark.parametrize("turns", range(4))
def test_clips_are_flipped_then_turned_counter_clockwise_as_torch_does(turns):
    frames = film()
    found = cut(frames, Crop(top=1, left=3, size=14, flip=True), turns)
    expected = torch.from_numpy(frames[:, 1:15, 3:17].copy()).flip(2).rot90(turns, (1, 2))
    np.testing.assert_array_equal(found, expected.numpy())


def test_a_clip_is_normalised_colour_by_colour_and_time_comes_before_places():
    frames, crop = film(), Crop(top=2, left=5, size=14)
    found = to_clip(frames, crop, MEAN, DEVIATION, turns=1)
    assert found.shape == (3, 4, 14, 14) and found.dtype == torch.float32
    pixels = cut(frames, crop, turns=1).astype(np.float64)
    for colour in range(3):
        expected = (pixels[..., colour] / 255 - MEAN[colour]) / DEVIATION[colour]
        np.testing.assert_allclose(found[colour].numpy(), expected, atol=2e-6)


def test_several_clips_are_made_as_each_alone():
    frames = film()
    crops = [Crop(0, 0, 14), Crop(2, 7, 14, flip=True)]
    found = to_clips([cut(frames, crop) for crop in crops], MEAN, DEVIATION)
    for clip, crop in zip(found, crops, strict=True):
        torch.testing.assert_close(clip, to_clip(frames, crop, MEAN, DEVIATION), rtol=0, atol=0)


def test_testing_sees_the_middle():
    assert centre_crop(128, 171, 112) == Crop(top=8, left=29, size=112)
    assert centre_crop(16, 21, 14) == Crop(top=1, left=3, size=14)


@pytest.mark.parametrize("size", [0, 17])
def test_crops_that_do_not_fit_are_told(size):
    with pytest.raises(InputError, match=rf"{size} x {size} pixels .* frames of 16 x 21"):
        centre_crop(16, 21, size)
    with pytest.raises(InputError, match="smaller crop or larger frames"):
        draw_crop(16, 21, size, np.random.default_rng(0))
