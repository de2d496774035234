"""The card says what is true of the run."""

from pathlib import Path

import numpy as np

from inphase.data.poses import Poses, PoseTrack
from inphase.encoders.architecture import FrameLevel
from inphase.methods import SCL
from inphase.settings import Settings
from inphase.train import fit


def test_a_model_of_poses_is_not_said_to_have_a_backbone(tmp_path):
    points = np.random.default_rng(0).normal(size=(2, 30, 4, 2)).astype(np.float32)
    tracks = [
        PoseTrack(Path(f"{name}.npz"), fps=10, known_poses=Poses.of(each))
        for name, each in zip("ab", points, strict=True)
    ]
    fit(
        tracks,
        SCL(frames=8),
        architecture=FrameLevel(width=16, output=8, projection=8),
        settings=Settings(steps=1, batch=2),
        views=1,
        out=tmp_path,
        device="cpu",
        progress=False,
    )
    card = (tmp_path / "README.md").read_text().split("## All settings")[0]
    assert "places (2 axes) and scores of 4 joints in place of pixels" in card
    assert 'inphase.find("poses/")' in card
    assert not any(word in card for word in ("pretrained", "pooling", "frozen", "layer,"))
