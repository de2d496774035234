"""Embedding videos: batch and order do not matter, files are kept and renewed."""

from pathlib import Path

import numpy as np
import pytest
import torch

from inphase.data.collection import find
from inphase.data.poses import Poses, PoseTrack
from inphase.data.rendered import make
from inphase.encoders.architecture import FrameLevel
from inphase.encoders.encoder import Encoder, FrameFeatures
from inphase.encoders.frame_level import FrameLevelEncoder
from inphase.errors import InputError
from inphase.tasks.embed import embed, file_of


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("INPHASE_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    make(folder, videos=3, size=(48, 48), fps=8.0)
    return find(folder)


def model(seed: int = 0) -> Encoder:
    torch.manual_seed(seed)
    temporal = FrameLevelEncoder(1280, FrameLevel(width=16, output=4), frames=20)
    return Encoder(FrameFeatures(weights="random"), temporal)


def test_embeddings_carry_name_times_file_and_model(videos):
    made = embed(model(), videos, progress=False)
    assert list(made) == ["00", "01", "02"]
    for video in videos:
        each = made[video.name]
        np.testing.assert_array_equal(each.times, video.times)
        assert (each.path, each.model) == (str(video.path), model().digest)
        assert each.values.shape == (len(video), 4)


def test_the_other_videos_do_not_matter(videos):
    together = embed(model(), videos, progress=False)
    alone = embed(model(), videos[1:2], progress=False)
    np.testing.assert_array_equal(together["01"].values, alone["01"].values)


def test_files_are_kept_while_they_are_right(videos, tmp_path):
    embed(model(), videos, out=tmp_path, progress=False)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(before) == 3
    embed(model(), videos, out=tmp_path, progress=False)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    renewed = embed(model(1), videos, out=tmp_path, progress=False)
    assert renewed["00"].model == model(1).digest
    assert all(path.stat().st_mtime_ns > time for path, time in before.items())


def test_a_spoilt_file_is_made_again(videos, tmp_path):
    file_of(tmp_path, "00").write_bytes(b"half a file")
    made = embed(model(), videos[:1], out=tmp_path, progress=False)
    assert len(made["00"]) == len(videos[0])


def test_nothing_and_twins_are_told(videos):
    with pytest.raises(InputError, match="no video"):
        embed(model(), [])
    with pytest.raises(InputError, match="two videos are called '00'"):
        embed(model(), [videos[0], videos[0]])


def test_a_saved_model_of_poses_embeds_poses(tmp_path):
    torch.manual_seed(0)
    temporal = FrameLevelEncoder(14, FrameLevel(width=16, output=4), frames=20)
    made = Encoder(FrameFeatures(backbone="pose"), temporal)
    made.save(tmp_path / "run")
    read = Encoder.load(tmp_path / "run")
    points = np.random.default_rng(0).normal(size=(9, 4, 2))
    track = PoseTrack(Path("a.npz"), fps=10, known_poses=Poses.of(points))
    one, two = (embed(each, [track], progress=False)["a"] for each in (made, read))
    assert one.values.shape == (9, 4)
    assert one.model == two.model == read.digest
    np.testing.assert_array_equal(one.values, two.values)
    np.testing.assert_array_equal(one.times, track.times)
