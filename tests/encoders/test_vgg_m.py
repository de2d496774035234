"""VGG-M: the published layers, and numbers that neither fade nor explode from random weights."""

import pytest
import torch

from inphase.encoders.backbones import backbone
from inphase.encoders.vgg_m import VGGM
from inphase.errors import InputError


def test_the_layers_are_those_of_the_paper():
    convolutions = [each for each in VGGM().modules() if isinstance(each, torch.nn.Conv2d)]
    assert [(c.out_channels, c.kernel_size[0], c.stride[0]) for c in convolutions] == [
        (96, 7, 2), (256, 5, 2), (512, 3, 1), (512, 3, 1), (512, 3, 1)
    ]  # fmt: skip


def test_normalisation_is_the_papers():
    """b = a / (k + alpha sum of five neighbours' squares)^beta, k = 2, alpha = 1e-4, beta = .75."""
    (layer,) = {
        repr(each): each
        for each in VGGM().modules()
        if isinstance(each, torch.nn.LocalResponseNorm)
    }.values()
    a = torch.arange(1.0, 8).view(1, 7, 1, 1) * 30
    around = sum(float(a[0, c, 0, 0]) ** 2 for c in range(1, 6))
    expected = float(a[0, 3, 0, 0]) / (2 + 1e-4 * around) ** 0.75
    assert layer(a)[0, 3, 0, 0].item() == pytest.approx(expected, rel=1e-5)


def test_the_map_is_about_as_large_as_that_of_conv4c():
    network = backbone("vgg-m", weights="random")
    assert network.map == (512, 13, 13) and network.dim == 512


def test_random_weights_keep_the_scale_of_activations():
    network = backbone("vgg-m", weights="random", size=96)
    noise = torch.randint(0, 256, (2, 3, 96, 96), generator=torch.Generator().manual_seed(0))
    assert 1 < network(noise.to(torch.uint8)).std() < 100


def test_all_of_it_learns():
    network = backbone("vgg-m", weights="random", size=64)
    learning = {id(each) for each in network.thaw().parameters()}
    assert learning == {id(each) for each in network.parameters()}


def test_it_has_no_trained_weights():
    with pytest.raises(InputError, match="no trained weights"):
        backbone("vgg-m")
