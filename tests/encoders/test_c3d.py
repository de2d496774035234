"""C3D: the published layers, the same numbers by plain functions, sizes rounded up."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from inphase.encoders.c3d import C3D


def trained(width: int = 2) -> C3D:
    """With statistics as after training."""
    torch.manual_seed(0)
    network = C3D(width)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm3d):
            torch.nn.init.normal_(module.running_mean)  # pyright: ignore[reportArgumentType]
            torch.nn.init.uniform_(module.running_var, 0.5, 2)  # pyright: ignore[reportArgumentType]
            torch.nn.init.normal_(module.bias)
    return network.eval()


def test_the_layers_are_those_of_the_small_c3d():
    """Five convolutions of 64, 128, 256, 256 and 256 channels, a normalisation after each."""
    with torch.device("meta"):
        network = C3D()
    channels = (3, 64, 128, 256, 256, 256)
    expected = {f"conv{i}.0.weight": (channels[i], channels[i - 1], 3, 3, 3) for i in range(1, 6)}
    for i in range(1, 6):
        expected |= {f"conv{i}.1.weight": (channels[i],), f"conv{i}.1.bias": (channels[i],)}
    assert {name: tuple(each.shape) for name, each in network.named_parameters()} == expected


def test_it_computes_what_its_layers_say():
    network, clips = trained().double(), torch.randn(2, 3, 9, 36, 20, dtype=torch.float64)
    state, x = network.state_dict(), clips
    for i in range(1, 6):
        x = F.conv3d(x, state[f"conv{i}.0.weight"], padding=1)
        mean, variance = state[f"conv{i}.1.running_mean"], state[f"conv{i}.1.running_var"]
        x = (x - along_channels(mean)) / along_channels(variance + 1e-5).sqrt()
        x = x * along_channels(state[f"conv{i}.1.weight"])
        last = x = (x + along_channels(state[f"conv{i}.1.bias"])).clamp(min=0)
        for axis, factor in ((2, 1 if i == 1 else 2), (3, 2), (4, 2)):
            parts = x.split(factor, axis)
            x = torch.stack([part.amax(axis) for part in parts], axis)
    with torch.no_grad():
        torch.testing.assert_close(network(clips), last)
        torch.testing.assert_close(network.flat(network(clips)), x.flatten(1))


def along_channels(values: Tensor) -> Tensor:
    return values[:, None, None, None]


def test_full_clips_give_4096_numbers():
    """256 channels at 4 x 4 places: C3D's published code rounds 7 / 2 up (8192 of 512 channels)."""
    with torch.device("meta"), torch.no_grad():
        network = C3D().eval()
        last = network(torch.zeros(1, 3, 16, 112, 112))
        assert last.shape == (1, 256, 2, 7, 7) and network.dim == 256
        assert network.flat(last).shape == (1, 4096) == (1, network.flat_dim(112, 16))


@pytest.mark.parametrize(
    ("frames", "size"), [(16, 56), (16, 64), (16, 16), (17, 33), (1, 17), (8, 100), (32, 28)]
)
def test_flat_dim_is_known_beforehand(frames, size):
    network = trained()
    with torch.no_grad():
        last = network(torch.zeros(1, 3, frames, size, size))
    rounded = (-(-frames // 8), -(-size // 16), -(-size // 16))
    assert last.shape == (1, network.dim, *rounded)
    assert network.flat(last).shape == (1, network.flat_dim(size, frames))
