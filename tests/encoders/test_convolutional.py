"""Encoders of maps: which frames they see, TCC's published computation, padding ignored."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from inphase.encoders.architecture import Blocks, Clips, Convolutional
from inphase.encoders.context import ContextEncoder
from inphase.encoders.convolutional import ConvolutionalEncoder
from inphase.encoders.temporal import temporal_model
from inphase.views.sampling import context

SMALL = Convolutional(context=2, stride=3, channels=(4, 5), hidden=(6, 7), output=3)
MAP = (3, 4, 5)
BLOCKS = Blocks(context=3, output=3)
CLIPS = Clips(width=2, size=16, context=4)
PIXELS = (3, 16, 16)


def made(architecture: Convolutional | Blocks | Clips = SMALL, features=MAP) -> ContextEncoder:
    torch.manual_seed(0)
    model = temporal_model(features, architecture, frames=10)
    assert isinstance(model, ContextEncoder)
    for module in model.modules():  # statistics as after training
        if isinstance(module, torch.nn.BatchNorm3d):
            torch.nn.init.normal_(module.running_mean)  # pyright: ignore[reportArgumentType]
            torch.nn.init.uniform_(module.running_var, 0.5, 2)  # pyright: ignore[reportArgumentType]
            torch.nn.init.normal_(module.weight)
            torch.nn.init.normal_(module.bias)
    return model.eval()


def clips(lengths=(6, 4), context=2, features=MAP, garbage=1e3) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    maps = torch.randn(*mask.shape, context * int(np.prod(features)), generator=generator)
    return torch.where(mask[..., None], maps, garbage), torch.zeros(mask.shape), mask


def by_hand(model: ConvolutionalEncoder, maps: np.ndarray) -> np.ndarray:
    """Embed one frame from the maps of its context, (k, c, h, w), in plain loops."""
    weights = {name: each.double().numpy() for name, each in model.state_dict().items()}
    x = maps.transpose(1, 0, 2, 3)
    for layer in (0, 3):
        kernel, norm = weights[f"convolutions.{layer}.weight"], f"convolutions.{layer + 1}."
        _, frames, rows, columns = x.shape
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (1, 1)))
        y = np.zeros((len(kernel), frames, rows, columns))
        for out, t, i, j in np.ndindex(*y.shape):
            y[out, t, i, j] = (padded[:, t : t + 3, i : i + 3, j : j + 3] * kernel[out]).sum()
        mean, variance = weights[norm + "running_mean"], weights[norm + "running_var"]
        scale = weights[norm + "weight"] / np.sqrt(variance + 1e-5)
        shift = weights[norm + "bias"] - mean * scale
        x = np.maximum(y * scale[:, None, None, None] + shift[:, None, None, None], 0)
    v = x.max((1, 2, 3))
    for layer in (1, 4):
        name = f"connected.{layer}."
        v = np.maximum(weights[name + "weight"] @ v + weights[name + "bias"], 0)
    return weights["output.weight"] @ v + weights["output.bias"]


def test_it_is_the_published_computation():
    model, (features, times, mask) = made(), clips((2, 1))
    assert isinstance(model, ConvolutionalEncoder)
    z = model(features, times, mask)
    for row, frame in ((0, 0), (0, 1), (1, 0)):
        maps = features[row, frame].double().numpy().reshape(2, *MAP)
        np.testing.assert_allclose(
            z[row, frame].detach(), by_hand(model, maps), rtol=1e-4, atol=1e-4
        )


def test_the_layers_are_those_of_tcc_and_lav():
    """14 x 14 x 1024 maps, two convolutions of 512, two layers of 512, 128 out."""
    with torch.device("meta"):
        model = temporal_model((1024, 14, 14), Convolutional(), frames=20)
    shapes = {name: tuple(each.shape) for name, each in model.named_parameters()}
    assert {name: shape for name, shape in shapes.items() if len(shape) > 1} == {
        "convolutions.0.weight": (512, 1024, 3, 3, 3),
        "convolutions.3.weight": (512, 512, 3, 3, 3),
        "connected.1.weight": (512, 512),
        "connected.4.weight": (512, 512),
        "output.weight": (128, 512),
    }
    biases = 4 * 512 + 2 * 512 + 128  # two batch normalisations, three linear layers
    weights = 27 * 512 * (1024 + 512) + 2 * 512 * 512 + 128 * 512
    assert sum(each.numel() for each in model.parameters()) == weights + biases


ALL = pytest.mark.parametrize(
    ("architecture", "features"),
    [(SMALL, MAP), (BLOCKS, PIXELS), (CLIPS, PIXELS)],
    ids=["convolutional", "r3d-18", "clips"],
)


@ALL
def test_padding_and_other_clips_change_nothing(architecture, features):
    model = made(architecture, features)
    maps, times, mask = clips(context=architecture.context, features=features)
    z = model(maps, times, mask)
    assert z.shape == (2, 6, architecture.output) and (z[~mask] == 0).all()
    alone = model(maps[1:, :4], times[1:, :4], mask[1:, :4])
    torch.testing.assert_close(z[1:, :4], alone, rtol=1e-4, atol=1e-5)


@ALL
def test_padding_has_no_part_in_statistics_or_gradients(architecture, features):
    results = []
    for garbage in (0.0, 1e3):
        model = made(replace(architecture), features).train()
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        maps, times, mask = clips(context=architecture.context, features=features, garbage=garbage)
        model(maps, times, mask).square().sum().backward()
        gradients = [each.grad for each in model.parameters() if each.grad is not None]
        results.append([*gradients, *model.buffers()])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


@ALL
def test_a_whole_video_is_embedded_as_its_frames_are_in_training(architecture, features):
    """Also with frames missing before the beginning and past the end, a few frames at a time."""
    model, length = made(architecture, features), 71
    maps = np.random.default_rng(0).normal(size=(length, int(np.prod(features))))
    maps = maps.astype(np.float16)
    shown = context(
        np.arange(length),
        length,
        count=architecture.context,
        stride=architecture.stride,
        ahead=architecture.ahead,
    )
    gathered = torch.from_numpy(maps[shown].reshape(1, length, -1)).float()
    mask = torch.ones(1, length, dtype=torch.bool)
    with torch.no_grad():
        expected = model(gathered, torch.zeros(1, length), mask)[0]
    np.testing.assert_allclose(model.embed(maps), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("architecture", "features", "seen"),
    [
        (SMALL, MAP, {20, 23}),
        (BLOCKS, PIXELS, {19, 20, 21}),
        (CLIPS, PIXELS, {18, 19, 20, 21}),
    ],
    ids=["convolutional", "r3d-18", "clips"],
)
def test_a_frame_is_seen_by_those_whose_context_it_is_in(architecture, features, seen):
    model = made(architecture, features)
    maps = np.random.default_rng(0).normal(size=(40, int(np.prod(features)))).astype(np.float32)
    before = model.embed(maps)
    maps[20] += 3
    moved = np.flatnonzero(np.abs(model.embed(maps) - before).max(1) > 1e-3)
    assert set(moved) <= seen and 20 in moved


def test_one_frame_can_be_embedded():
    maps = np.ones((1, int(np.prod(MAP))), np.float32)
    assert made().embed(maps).shape == (1, 3)
