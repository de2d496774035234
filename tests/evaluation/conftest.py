"""Rendered videos with labels, and features that show the phase of each frame and nothing else."""

from pathlib import Path

import numpy as np
import pytest

import inphase.evaluation.lines as lines
from inphase.data.collection import find
from inphase.data.rendered import load_truth, make
from inphase.data.video import Video
from inphase.features import Features


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """Four rendered videos of an activity, with `phases.csv`."""
    place = tmp_path_factory.mktemp("evaluation") / "videos"
    make(place, videos=4, size=(32, 32), fps=6.0)
    return place


@pytest.fixture(scope="session")
def videos(folder) -> list[Video]:
    return find(folder)


@pytest.fixture(scope="session")
def labels(folder) -> dict[str, np.ndarray]:
    """Of each frame, by video."""
    return {name: truth.labels for name, truth in load_truth(folder).items()}


@pytest.fixture
def phase_features(monkeypatch, labels):
    """In place of the backbone: the phase as one of six directions, with a little noise."""

    def extract(videos, backbone, **settings):
        made = {}
        for number, video in enumerate(videos):
            shown = np.eye(8)[labels[video.name] + 1]
            noise = np.random.default_rng(number).normal(0, 0.02, shown.shape)
            made[video.name] = Features((shown + noise)[None].astype("f2"), video.times, video.name)
        return made

    monkeypatch.setattr(lines, "extract", extract)
