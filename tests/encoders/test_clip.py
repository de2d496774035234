"""R3D-18: the published network, by the names of its weights, and what it makes of a clip."""

import pytest
import torch

from inphase.encoders.clip import R3D18
from inphase.errors import InputError


def test_it_has_the_weights_of_the_published_network():
    with torch.device("meta"):
        network = R3D18()
    # torchvision's r3d_18 has 33,371,472, with a classifier of 512 x 400 + 400.
    assert sum(each.numel() for each in network.parameters()) == 33_371_472 - 512 * 400 - 400
    shapes = {name: tuple(each.shape) for name, each in network.state_dict().items()}
    assert shapes["stem.0.weight"] == (64, 3, 3, 7, 7)
    assert shapes["layer1.1.conv2.0.weight"] == (64, 64, 3, 3, 3)
    assert shapes["layer2.0.conv1.1.running_var"] == (128,)
    assert shapes["layer4.0.downsample.0.weight"] == (512, 256, 1, 1, 1)
    assert not [name for name in shapes if name.startswith("layer1.0.downsample")]


def test_it_is_torchvisions():
    theirs = pytest.importorskip("torchvision").models.video.r3d_18().eval()
    network = R3D18().eval()
    network.load_published(theirs.state_dict())
    clips = torch.randn(2, 3, 5, 32, 32)
    with torch.no_grad():
        found = theirs.fc(network(clips).mean((2, 3, 4)))
        torch.testing.assert_close(found, theirs(clips), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("frames", "size", "shape"), [(5, 112, (1, 7, 7)), (16, 56, (2, 4, 4))])
def test_maps_are_an_eighth_as_long_and_a_sixteenth_as_wide(frames, size, shape):
    with torch.no_grad():
        found = R3D18().eval()(torch.zeros(1, 3, frames, size, size))
    assert found.shape == (1, 512, *shape)


def test_checkpoints_come_with_a_classifier_that_is_left_out():
    network, other = R3D18(), R3D18()
    network.load_published(other.state_dict() | {"fc.weight": torch.zeros(400, 512)})
    one, same = (each.state_dict()["stem.0.weight"] for each in (network, other))
    assert torch.equal(one, same)
    with pytest.raises(InputError, match="not the weights of an R3D-18"):
        network.load_published({"stem.0.weight": torch.zeros(64, 3, 3, 7, 7)})
