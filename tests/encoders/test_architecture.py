"""Architectures as settings: written as JSON, read back the same, bad ones refused."""

import json
from dataclasses import asdict

import pytest
import torch

from inphase.encoders.architecture import (
    CARL,
    Blocks,
    Clips,
    Convolutional,
    FrameLevel,
    read_architecture,
)
from inphase.encoders.clip import NETWORKS, network
from inphase.encoders.temporal import temporal_model
from inphase.errors import InputError


@pytest.mark.parametrize(
    "architecture",
    [
        FrameLevel(),
        CARL,
        Convolutional(),
        Convolutional(channels=(8,), stride=8),
        Blocks(),
        Clips(),
        Clips("r2plus1d-18", width=16, size=56),
    ],
)
def test_what_is_written_is_what_is_read(architecture):
    assert read_architecture(json.loads(json.dumps(asdict(architecture)))) == architecture


def unchecked_clips(network: str) -> None:
    """Give it a name past the type checker, which only runs in tests."""
    made = Clips()
    object.__setattr__(made, "network", network)
    made.__post_init__()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: read_architecture({"kind": "lstm"}), "no architecture 'lstm'"),
        (lambda: Convolutional(context=0), "context and stride"),
        (lambda: Convolutional(stride=0), "context and stride"),
        (lambda: Convolutional(channels=()), "at least one convolution"),
        (lambda: Blocks(context=4), "must be odd"),
        (lambda: temporal_model(1280, Convolutional(), frames=20), "needs feature maps"),
        (lambda: temporal_model((512, 13, 13), Blocks(), frames=20), "backbone 'pixels'"),
        (lambda: unchecked_clips("i3d"), "'i3d': use one of c3d, r3d-18, r2plus1d-18"),
        (lambda: Clips(width=0), "at least 1, not 0"),
        (lambda: Clips(size=15), "15 pixels high and wide are too small"),
        (lambda: Clips(context=0), "context and stride"),
        (lambda: temporal_model(1280, Clips(), frames=20), "needs feature maps"),
        (lambda: temporal_model((512, 13, 13), Clips(), frames=20), "backbone 'pixels'"),
        (lambda: temporal_model((3, 64, 64), Clips(), frames=20), "smaller than the 112"),
    ],
)
def test_what_cannot_be_is_told(call, message):
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("width", [3, 64])
def test_embeddings_of_clips_are_as_large_as_the_networks_last_map(name, width):
    with torch.device("meta"):
        assert Clips(name, width=width).output == network(name, width=width).dim


def test_a_clip_has_one_more_frame_after_the_frame_than_before():
    assert (Clips().context, Clips().ahead) == (16, 8)
