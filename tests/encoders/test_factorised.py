"""Halves of (2+1)D convolutions: the same as convolutions over three dimensions."""

import pytest
import torch
import torch.nn.functional as F

from inphase.encoders.factorised import OverSpace, OverTime


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last_3d])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [3, 7])
@pytest.mark.parametrize("kind", [OverSpace, OverTime])
def test_results_and_gradients_are_those_of_three_dimensions(kind, kernel, stride, layout):
    torch.manual_seed(0)
    made = kind(3, 4, kernel, stride=stride).double()
    made.to(memory_format=layout)
    x = torch.randn(2, 3, 5, 8, 9).double().to(memory_format=layout)
    results = []
    for convolve in (
        made,
        lambda x: F.conv3d(x, made.weight, None, made.stride, made.padding),
    ):
        made.zero_grad()
        pixels = x.clone().requires_grad_()
        y = convolve(pixels)
        y.pow(3).sum().backward()
        results.append((y, pixels.grad, made.weight.grad))
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


def test_values_stay_as_they_lie_in_memory():
    x = torch.randn(2, 3, 4, 8, 8).to(memory_format=torch.channels_last_3d)
    for kind in (OverSpace, OverTime):
        made = kind(3, 5, 3)
        made.to(memory_format=torch.channels_last_3d)  # pyright: ignore[reportCallIssue]
        assert made(x).is_contiguous(memory_format=torch.channels_last_3d)
