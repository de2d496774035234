"""Frame sources: maps of the frames around a frame, from the cache or from pixels, and training."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import inphase.frame_sources as frame_sources
from inphase.data.collection import find
from inphase.data.rendered import make
from inphase.data.video import Video
from inphase.encoders.architecture import Architecture, Blocks, Convolutional, FrameLevel
from inphase.encoders.encoder import Encoder, FrameFeatures
from inphase.errors import InputError
from inphase.frame_sources import CachedFrames, FrameSource, LiveFrames, frame_source
from inphase.methods import LAV, SCL
from inphase.settings import Settings
from inphase.tasks.embed import embed
from inphase.train import fit

CPU = torch.device("cpu")
SMALL = Convolutional(channels=(4, 4), hidden=(8,), output=8, projection=8, stride=2)
MAPS = FrameFeatures(weights="random", pooling="none")
MIDDLE = replace(MAPS, layer="middle")
SCRATCH = replace(MAPS, backbone="vgg-m")
PIXELS = FrameFeatures(backbone="pixels", pooling="none")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    os.environ["INPHASE_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    del os.environ["INPHASE_CACHE"]


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> list[Video]:
    """Two videos of about 24 frames."""
    folder = tmp_path_factory.mktemp("videos")
    make(folder, videos=2, size=(48, 48), fps=4.0)
    return [replace(each, end=min(each.duration, 6.0)) for each in find(folder)]


def source(
    videos, architecture: Architecture = SMALL, features=MIDDLE, learn=False, views=1
) -> FrameSource:
    options: dict[str, Any] = {"views": views, "learn": learn, "device": CPU, "progress": False}
    return frame_source(videos, Encoder(features), architecture, **options)


def test_with_each_frame_come_those_before_it(videos):
    made = source(videos, views=0)
    assert isinstance(made, CachedFrames) and made.map == (112, 14, 14)
    found = made(0, np.array([0, 1, 5]), np.random.default_rng(0)).unflatten(1, (2, -1))
    clean = torch.from_numpy(np.array(made.values[0][0])).float()
    torch.testing.assert_close(found[:, 0], clean[[0, 0, 3]], rtol=0, atol=0)
    torch.testing.assert_close(found[:, 1], clean[[0, 1, 5]], rtol=0, atol=0)


def test_blocks_reach_before_and_past_a_frame_and_stop_at_the_ends(videos):
    made = source(videos, Blocks(), PIXELS, views=0)
    last = made.lengths[0] - 1
    found = made(0, np.array([0, last]), np.random.default_rng(0)).unflatten(1, (5, -1))
    assert isinstance(made, CachedFrames)
    clean = torch.from_numpy(np.array(made.values[0][0])).float()
    for row, frames in enumerate(([0, 0, 0, 1, 2], [last - 2, last - 1, last, last, last])):
        torch.testing.assert_close(found[row], clean[frames], rtol=0, atol=0)


def test_frame_level_models_see_frames_alone(videos):
    made = source(videos, FrameLevel(), FrameFeatures(weights="random"))
    assert made.map is None
    assert made(0, np.array([3, 4]), np.random.default_rng(0)).shape == (2, made.dim)


def test_maps_that_do_not_fit_are_computed_from_pixels(videos, monkeypatch):
    monkeypatch.setattr(frame_sources, "LARGEST_CACHE", 1000)
    with pytest.warns(UserWarning, match="more than are cached"):
        made = source(videos)
    assert isinstance(made, LiveFrames) and made.map == (112, 14, 14)
    found = made(0, np.array([0, 1, 5]), np.random.default_rng(0)).unflatten(1, (2, -1))
    assert not found.requires_grad and made.learned() is None
    torch.testing.assert_close(found[0, 0], found[0, 1])  # before the first frame there is none
    torch.testing.assert_close(found[0, 1], found[1, 0])
    assert (found[2, 0] - found[2, 1]).abs().max() > 0.1
    assert all(not each.requires_grad for each in made.backbone.parameters())


@pytest.mark.parametrize(
    "features", [FrameFeatures(weights="random"), FrameFeatures(backbone="pose")]
)
def test_convolutions_need_maps(videos, features):
    with pytest.raises(InputError, match="needs feature maps"):
        source(videos, features=features)


def test_scene_noise_moves_all_frames_of_a_call_alike():
    """Features 10 apart between videos, so a spread of sqrt(50), and 1 apart between frames."""
    values = [np.arange(9.0)[None, :, None] + start for start in (0, 10)]
    times, named = [np.arange(9) / 30] * 2, [Video(Path("v.mp4"), name=str(k)) for k in range(2)]
    made = CachedFrames(values, times, CPU, named, scene_noise=1.0)
    assert made.spread == pytest.approx([np.sqrt(50)])
    generator = np.random.default_rng(0)
    found = torch.stack([made(0, np.array([2, 3, 7]), generator)[:, 0] for _ in range(3000)])
    torch.testing.assert_close(found - found[:, :1], torch.tensor([[0.0, 1, 5]]).expand(3000, 3))
    assert found[:, 0].var().item() == pytest.approx(50 / 3, rel=0.1)
    assert CachedFrames(values, times, CPU, named)(0, np.array([2]), generator).item() == 2


def trained(videos, steps: int = 3, **changes) -> Encoder:
    given: dict[str, Any] = {"settings": Settings(steps=steps, batch=2, warm_up=1), "views": 1}
    given |= {"progress": False, "device": "cpu", "architecture": SMALL}
    return fit(videos, **(given | changes))


@pytest.mark.parametrize("method", [LAV(frames=6), SCL(frames=6)], ids=["lav", "scl"])
@pytest.mark.parametrize(
    ("architecture", "features"),
    [(SMALL, MIDDLE), (SMALL, MAPS), (replace(SMALL, context=3), MIDDLE)],
    ids=["middle", "last", "three frames"],
)
def test_any_method_trains_them(videos, tmp_path, method, architecture, features):
    made = trained(
        videos, method=method, frame_features=features, architecture=architecture, out=tmp_path
    )
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    losses = [json.loads(line)["loss"] for line in lines]
    assert len(losses) == 3 and np.isfinite(losses).all()
    read = Encoder.load(tmp_path)
    assert read.digest == made.digest and read.temporal is not None
    assert read.temporal.architecture == architecture
    assert architecture.describe() in (tmp_path / "README.md").read_text()
    one, other = (embed(each, videos, device="cpu", progress=False) for each in (made, read))
    for video in videos:
        assert one[video.name].values.shape == (len(video), architecture.output)
        np.testing.assert_array_equal(one[video.name].values, other[video.name].values)


def test_r3d_18_trains_on_blocks_of_pixels(videos, tmp_path):
    short = [replace(video, end=1.0) for video in videos]
    made = trained(
        short,
        steps=1,
        method=LAV(frames=2),
        frame_features=PIXELS,
        architecture=Blocks(),
        out=tmp_path,
    )
    read = Encoder.load(tmp_path)
    assert read.digest == made.digest and read.temporal is not None
    assert read.temporal.architecture == Blocks()
    assert embed(read, short[:1], device="cpu", progress=False)["00"].values.shape == (4, 128)


@pytest.mark.parametrize("features", [SCRATCH, MIDDLE], ids=["vgg-m", "efficientnet"])
def test_backbones_of_convolutional_encoders_learn_from_pixels(videos, tmp_path, features):
    made = trained(
        videos,
        method=LAV(frames=3),
        frame_features=features,
        finetune=True,
        out=tmp_path,
        steps=1,
    )
    assert made.finetuned is not None
    start = Encoder(features).backbone.thaw().state_dict()
    moved = [name for name in start if not torch.equal(start[name], made.finetuned[name])]
    assert len(moved) == len(start)
    read = Encoder.load(tmp_path)
    assert read.digest == made.digest
    assert read.backbone.digest == made.backbone.digest != Encoder(features).backbone.digest


def test_maps_are_the_default_of_convolutional_encoders(videos, tmp_path):
    trained(videos, method=LAV(frames=4), out=tmp_path, steps=1)
    assert Encoder.load(tmp_path).frame_features == FrameFeatures(pooling="none")
