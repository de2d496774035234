"""The card says what is true of the run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import inphase.frame_sources as frame_sources
from inphase.data.collection import find
from inphase.data.poses import Poses, PoseTrack
from inphase.data.rendered import make
from inphase.encoders.architecture import Convolutional, FrameLevel
from inphase.encoders.encoder import FrameFeatures
from inphase.methods import SCL
from inphase.settings import Settings
from inphase.train import fit

SMALL = FrameLevel(width=16, output=8, projection=8)
MAPS = Convolutional(channels=(4, 4), hidden=(8,), output=8, projection=8, stride=2)


def card_of(videos, folder, **options) -> str:
    """What the card of one step of training says, without its list of all settings."""
    settings = Settings(steps=1, batch=2)
    fit(
        videos,
        SCL(frames=8),
        settings=settings,
        out=folder,
        device="cpu",
        progress=False,
        **options,
    )
    return (folder / "README.md").read_text().split("## All settings")[0]


def test_a_model_of_poses_is_not_said_to_have_a_backbone(tmp_path):
    points = np.random.default_rng(0).normal(size=(2, 30, 4, 2)).astype(np.float32)
    tracks = [
        PoseTrack(Path(f"{name}.npz"), fps=10, known_poses=Poses.of(each))
        for name, each in zip("ab", points, strict=True)
    ]
    card = card_of(tracks, tmp_path, architecture=SMALL, views=1)
    assert "1 augmented views" in card
    assert "places (2 axes) and scores of 4 joints in place of pixels" in card
    assert 'inphase.find("poses/")' in card
    assert not any(word in card for word in ("pretrained", "pooling", "frozen", "layer,"))


@pytest.mark.parametrize(
    ("options", "largest"),
    [
        ({"frame_features": FrameFeatures(weights="random"), "architecture": SMALL}, 2**34),
        ({"frame_features": FrameFeatures("pixels", pooling="none"), "architecture": MAPS}, 1000),
    ],
    ids=["the backbone learns", "maps too large to keep"],
)
def test_frames_that_are_augmented_at_every_step_have_no_number_of_views(
    tmp_path, monkeypatch, options, largest
):
    monkeypatch.setattr(frame_sources, "LARGEST_CACHE", largest)
    make(tmp_path / "videos", videos=2, size=(48, 48), fps=4.0)
    videos = [replace(video, end=1.5) for video in find(tmp_path / "videos", cache=False)]
    if largest > 1000:
        card = card_of(videos, tmp_path / "run", finetune=True, **options)
    else:
        with pytest.warns(UserWarning, match="more than are cached"):
            card = card_of(videos, tmp_path / "run", **options)
    assert "augmented anew at every step" in card and "augmented views" not in card
