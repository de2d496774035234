"""What models score in a table's columns: sub-actions, and the clock beside them."""

import numpy as np
import pytest
from PIL import Image

import inphase.features
from inphase.data.datasets.dataset import Dataset
from inphase.data.video import Video
from inphase.encoders.encoder import Encoder, FrameFeatures
from inphase.errors import InputError
from inphase.evaluation.published.columns import column_of, protocol_for
from inphase.evaluation.reproduction.data import material
from inphase.evaluation.reproduction.scores import CLOCK, Scorer
from inphase.features import Features

ELEMENTS = np.array([0, 0, 2, 2, -1, 1, 1])


@pytest.fixture
def gym(tmp_path, monkeypatch):
    """Two events of gymnasts, each with three routines to learn from and two to score."""
    videos = []
    for number in range(10):
        folder = tmp_path / f"{number:02d}"
        folder.mkdir()
        for frame in range(len(ELEMENTS)):
            Image.new("L", (8, 8), 20 * number).save(folder / f"{frame}.png")
        event = ("vault", "floor exercise")[number % 2]
        split = "train" if number < 6 else "val"
        videos.append(Video(folder, fps=25, activity=event, split=split))

    def extract(videos, backbone, **settings):
        rows = np.eye(4)[ELEMENTS] + 0.01
        return {v.name: Features(rows[None].astype("f2"), v.times, v.name) for v in videos}

    monkeypatch.setattr(inphase.features, "extract", extract)
    labels = {video.name: ELEMENTS for video in videos}
    return Dataset("FineGym99", videos, labels, {"": ("0 a", "1 b", "2 c")})


def test_sub_actions_are_learnt_over_all_events_and_a_clock_is_beside_them(gym):
    columns = [column_of(f"sub_action_classification@{share}") for share in ("0.5", "1.0")]
    assert protocol_for("carl", columns, 2) is None
    scorer = Scorer(material("FineGym99", gym), columns, None, "cpu", False)
    untrained = Encoder(FrameFeatures(weights="random"))
    scores = scorer.score([(scorer.material.activities, untrained)])
    assert scores == {column.name: 100 for column in columns}
    assert set(scorer.clocks[CLOCK]) == set(scores)
    assert scorer.notes == {}


def test_activities_without_enough_videos_are_left_out_and_named(gym):
    few = Dataset("FineGym99", [v for v in gym.videos if v.name != "08"], gym.labels, gym.phases)
    kept = material("FineGym99", few)
    assert kept.activities == ["floor exercise"]
    assert kept.notes == [
        "FineGym99: left out for want of two train and two labelled val videos: vault"
    ]
    assert kept.said == "FineGym99: 3 train and 2 val videos of 1 of the 4 activities"
    with pytest.raises(InputError, match="FineGym99 needs two train and two val videos"):
        material("FineGym99", Dataset("FineGym99", gym.videos[:6], gym.labels, gym.phases))
