"""The encoder as a folder: what is saved is what is read, and bad folders are told."""

import json

import numpy as np
import pytest
import torch

from inphase.encoders.architecture import CARL, FrameLevel
from inphase.encoders.encoder import Encoder, FrameFeatures
from inphase.encoders.frame_level import FrameLevelEncoder
from inphase.errors import InputError

SMALL = FrameLevel(width=16, output=4)


def encoder(seed: int = 0, architecture: FrameLevel = SMALL) -> Encoder:
    torch.manual_seed(seed)
    return Encoder(FrameFeatures(weights="random"), FrameLevelEncoder(6, architecture, frames=20))


def features(frames: int = 11) -> tuple[np.ndarray, np.ndarray]:
    values = np.random.default_rng(0).normal(size=(frames, 6)).astype(np.float32)
    return values, np.arange(frames) / 25


@pytest.mark.parametrize("architecture", [SMALL, CARL], ids=["default", "carl"])
def test_what_is_saved_is_what_is_read(tmp_path, architecture):
    made = encoder(architecture=architecture)
    made.save(tmp_path / "run")
    read = Encoder.load(tmp_path / "run")
    np.testing.assert_array_equal(read.encode(*features()), made.encode(*features()))
    assert read.digest == made.digest
    assert read.frame_features == made.frame_features


def test_different_weights_have_different_digests():
    assert encoder(0).digest == encoder(0).digest != encoder(1).digest


def test_the_digest_tells_backbones_apart():
    assert Encoder.load("imagenet").digest != Encoder.load("random").digest


def test_an_untrained_encoder_gives_features_less_their_mean():
    values, times = features()
    np.testing.assert_allclose(
        Encoder.load("random").encode(values, times), values - values.mean(0)
    )


def test_one_frame_can_be_embedded():
    assert encoder().encode(*features(1)).shape == (1, 4)


def test_a_finetuned_block_comes_back_and_changes_backbone_and_digest(tmp_path):
    made = encoder()
    before = made.digest
    last = Encoder(FrameFeatures(weights="random")).backbone.thaw().state_dict()
    made = encoder()
    made.finetuned = {name: tensor + 0.01 for name, tensor in last.items()}
    made.save(tmp_path)
    read = Encoder.load(tmp_path)
    assert read.digest == made.digest != before
    assert read.backbone.digest != Encoder.load("random").backbone.digest
    assert not any(each.requires_grad for each in read.backbone.parameters())


def test_saved_files_can_be_read_by_others(tmp_path):
    encoder().save(tmp_path)
    modes = {
        (tmp_path / name).stat().st_mode & 0o777 for name in ("config.json", "model.safetensors")
    }
    assert len(modes) == 1


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda folder: None, "no model"),
        (lambda folder: folder.mkdir(), "holds no finished model: train one"),
        (lambda folder: (folder.mkdir(), (folder / "checkpoint.pt").touch()), "--resume"),
        (
            lambda folder: (encoder().save(folder), (folder / "config.json").write_text("{")),
            "cannot be read",
        ),
        (
            lambda folder: (
                encoder().save(folder),
                (folder / "config.json").write_text(json.dumps({"a": 1})),
            ),
            "cannot be read",
        ),
    ],
)
def test_a_folder_without_a_model_is_told(tmp_path, prepare, message):
    prepare(tmp_path / "run")
    with pytest.raises(InputError, match=message):
        Encoder.load(tmp_path / "run")
