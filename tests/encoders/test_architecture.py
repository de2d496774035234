"""Architectures as settings: written as JSON, read back the same, bad ones refused."""

import json
from dataclasses import asdict

import pytest

from inphase.encoders.architecture import (
    CARL,
    Blocks,
    Convolutional,
    FrameLevel,
    read_architecture,
)
from inphase.encoders.temporal import temporal_model
from inphase.errors import InputError


@pytest.mark.parametrize(
    "architecture",
    [FrameLevel(), CARL, Convolutional(), Convolutional(channels=(8,), stride=8), Blocks()],
)
def test_what_is_written_is_what_is_read(architecture):
    assert read_architecture(json.loads(json.dumps(asdict(architecture)))) == architecture


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
    ],
)
def test_what_cannot_be_is_told(call, message):
    with pytest.raises(InputError, match=message):
        call()
