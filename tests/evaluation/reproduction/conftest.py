"""A miniature of Penn Action, and features that show the phase of each frame and nothing else."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import inphase.evaluation.lines as lines
import inphase.features
import inphase.frame_sources as frame_sources
from inphase.encoders.backbones import FROM_SCRATCH
from inphase.features import Features

# Of each action the labels of its frames, for two train and two val videos.
PHASES = {"bowl": [0, 0, 1, 1, 1, 2, 2, 2], "pushup": [0, 0, 0, 0, 1, 1, 1]}


@pytest.fixture(scope="session")
def penn(tmp_path_factory) -> Path:
    """Frames and LAV's labels of two actions."""
    root = tmp_path_factory.mktemp("reproduction") / "Penn_Action"
    names = (f"{number:04d}" for number in range(1, 9))
    for action, phases in PHASES.items():
        for split in ("train", "train", "val", "val"):
            name = next(names)
            folder = root / "frames" / name
            folder.mkdir(parents=True)
            for frame, phase in enumerate(phases, 1):
                grey = np.full((8, 12, 3), 60 * phase + int(name), np.uint8)
                Image.fromarray(grey).save(folder / f"{frame:06d}.jpg")
            file = root / "penn_action_labels" / split / action / f"{name}.npy"
            file.parent.mkdir(parents=True, exist_ok=True)
            np.save(file, np.array(phases, np.float64))
    return root


@pytest.fixture(scope="module", autouse=True)
def features():
    """In place of the backbone: the phase as one of a few directions, with a little noise."""
    real = inphase.features.extract

    def extract(videos, backbone, *, views, **settings):
        if backbone.name == FROM_SCRATCH:
            return real(videos, backbone, views=views, **settings)
        made = {}
        for number, video in enumerate(videos):
            phases = PHASES.get(video.activity, PHASES["bowl"])
            shown = np.eye(8)[phases] + np.random.default_rng(number).normal(
                0, 0.1, (views + 1, len(phases), 8)
            )
            made[video.name] = Features(shown.astype("f2"), video.times, video.name)
        return made

    with pytest.MonkeyPatch.context() as patch:
        for module in (lines, frame_sources, inphase.features):
            patch.setattr(module, "extract", extract)
        yield
