"""One augmentation a clip: geometry by hand, colours and blur against plain definitions."""

import json
from dataclasses import asdict, replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from inphase.views.augment import CLEAN, ViewParameters, apply, blur, draw


def clip(frames: int = 3, height: int = 48, width: int = 64) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(frames, 3, 6, 8, generator=generator) * 255
    return F.interpolate(coarse, (height, width), mode="bilinear").permute(0, 2, 3, 1).byte()


def test_the_same_seed_draws_the_same_view():
    assert draw(3) == draw(3)
    assert draw(3).digest == draw(3).digest != draw(4).digest


def test_parameters_survive_json():
    parameters = draw(1)
    assert ViewParameters(**json.loads(json.dumps(asdict(parameters)))) == parameters


def test_draws_stay_within_the_papers_ranges():
    views = [draw(seed) for seed in range(400)]
    for view in views:
        assert 0.8 <= view.height * view.width <= 1 + 1e-9
        assert 3 / 4 <= view.width / view.height <= 4 / 3
        assert view.top >= 0 and view.top + view.height <= 1 + 1e-9
        assert view.left >= 0 and view.left + view.width <= 1 + 1e-9
        assert 0.2 <= view.contrast <= 1.8 and abs(view.hue) <= 0.2 and 0 <= view.blur <= 2
    shares = {
        0.5: [v.flip for v in views],
        0.8: [v.brightness != 1 for v in views],
        0.2: [v.grey for v in views],
        0.49999: [v.blur > 0 for v in views],
    }
    for probability, drawn in shares.items():
        assert abs(sum(drawn) / len(drawn) - probability) < 0.1


@pytest.mark.parametrize("seed", range(6))
def test_all_frames_of_a_clip_are_changed_alike(seed: int):
    frame = clip(1)
    views = apply(frame.repeat(4, 1, 1, 1), draw(seed), 32)
    assert (views == views[:1]).all()
    together = apply(clip(5), draw(seed), 32).int()
    alone = torch.cat([apply(each[None], draw(seed), 32) for each in clip(5)]).int()
    assert (together - alone).abs().max() <= 1  # rounding


def test_the_clean_view_is_the_whole_frame_resized():
    frames = clip()
    planes = frames.permute(0, 3, 1, 2).float()
    expected = F.interpolate(planes, (32, 32), mode="bilinear", antialias=True)
    assert (apply(frames, CLEAN, 32).float() - expected).abs().max() <= 1


def test_the_clean_view_of_a_frame_of_the_right_size_is_the_frame():
    frames = clip(2, 32, 32)
    assert (apply(frames, CLEAN, 32) == frames.permute(0, 3, 1, 2)).all()


def test_padding_keeps_the_shape_of_things():
    view = apply(clip(1, 20, 40), CLEAN, 40, fit="pad")
    assert (view[:, :, :10] == 0).all() and (view[:, :, 30:] == 0).all()
    assert (view[:, :, 10:30] == clip(1, 20, 40).permute(0, 3, 1, 2)).all()


def test_a_crop_is_the_box_asked_for():
    frames = clip(1, 40, 40)
    view = apply(frames, ViewParameters(top=0.25, left=0.5, height=0.5, width=0.5), 20)
    assert (view == frames[:, 10:30, 20:40].permute(0, 3, 1, 2)).all()


def test_a_flip_swaps_left_and_right():
    frames = clip(1, 32, 32)
    flipped = apply(frames, replace(CLEAN, flip=True), 32)
    assert (flipped == apply(frames, CLEAN, 32).flip(-1)).all()


def test_grey_is_luma():
    frames = clip(1, 32, 32)
    view = apply(frames, replace(CLEAN, grey=True), 32).float()
    luma = frames.float() @ torch.tensor([0.299, 0.587, 0.114])
    assert (view - luma[:, None]).abs().max() <= 1


def test_brightness_multiplies_and_clips():
    frames = clip(1, 32, 32)
    view = apply(frames, replace(CLEAN, brightness=1.8), 32).float()
    expected = (frames.permute(0, 3, 1, 2) * 1.8).clamp(0, 255)
    assert (view - expected).abs().max() <= 1


def test_contrast_and_saturation_blend_with_the_mean_and_the_luma():
    frames = clip(2, 32, 32)
    x = frames.permute(0, 3, 1, 2).float()
    luma = torch.einsum("nchw,c->nhw", x, torch.tensor([0.299, 0.587, 0.114]))[:, None]
    less = apply(frames, replace(CLEAN, contrast=0.4), 32).float()
    assert (less - (0.4 * x + 0.6 * luma.mean((2, 3), keepdim=True))).abs().max() <= 1
    pale = apply(frames, replace(CLEAN, saturation=0.3), 32).float()
    assert (pale - (0.3 * x + 0.7 * luma)).abs().max() <= 1


def test_hue_turns_colours_and_keeps_luma_and_greys():
    colours = torch.tensor([[140, 110, 100], [90, 120, 130], [77, 77, 77]], dtype=torch.uint8)
    frames = colours.view(1, 1, 3, 3).repeat(1, 3, 1, 1)
    luma = torch.tensor([0.299, 0.587, 0.114])
    turned = apply(frames, replace(CLEAN, hue=0.2), 3)[0, :, 0].T.float()
    assert ((turned - colours.float()) @ luma).abs().max() <= 1
    assert (turned[2] - 77).abs().max() <= 1
    assert (turned[:2] - colours[:2].float()).abs().max() > 10
    full = apply(frames, replace(CLEAN, hue=1.0), 3)[0, :, 0].T.float()
    assert (full - colours.float()).abs().max() <= 1


@pytest.mark.parametrize(("sigma", "shape"), [(0.4, (32, 32)), (1.3, (50, 41)), (2.0, (224, 224))])
def test_matrix_blur_is_convolution_with_a_gaussian(sigma: float, shape: tuple):
    x = torch.rand(2, 3, *shape)
    radius = -int(-3 * sigma // 1)
    line = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma) ** 2)
    kernel = torch.outer(line, line)[None, None]

    def convolve(planes: Tensor) -> Tensor:
        return F.conv2d(planes.flatten(0, 1)[:, None], kernel, padding=radius).view(planes.shape)

    expected = convolve(x) / convolve(torch.ones_like(x))
    torch.testing.assert_close(blur(x, sigma), expected, atol=1e-5, rtol=1e-5)


def test_blur_is_measured_in_a_224th_of_the_side():
    frames = clip(1, 112, 112)
    half = apply(frames, replace(CLEAN, blur=2.0), 112).float()
    expected = blur(frames.permute(0, 3, 1, 2).float(), 1.0)
    assert (half - expected).abs().max() <= 1
