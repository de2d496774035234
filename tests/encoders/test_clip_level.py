"""Clip networks as encoders of frames: which frames they see, how large, and real videos."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from inphase.data.collection import find
from inphase.encoders.architecture import Clips
from inphase.encoders.clip_level import ClipLevelEncoder
from inphase.encoders.encoder import Encoder, FrameFeatures
from inphase.tasks.embed import embed

PIXELS = (3, 40, 40)
SMALL = Clips(width=2, size=20)


def made(architecture: Clips = SMALL, features: tuple[int, int, int] = PIXELS) -> ClipLevelEncoder:
    torch.manual_seed(0)
    return ClipLevelEncoder(features, architecture).eval()


def video(frames: int, features: tuple[int, int, int] = PIXELS) -> np.ndarray:
    values = np.random.default_rng(0).normal(size=(frames, int(np.prod(features))))
    return values.astype(np.float16)


def by_hand(model: ClipLevelEncoder, shown: list[int], maps: np.ndarray) -> Tensor:
    """The mean of the last map of a clip of these frames."""
    pictures = torch.from_numpy(maps.astype(np.float32)).unflatten(1, model.features)
    clip = torch.stack([model.prepare(pictures[[i]])[0] for i in shown], 1)
    with torch.no_grad():
        return model.network(clip[None])[0].flatten(1).mean(1)


@pytest.mark.parametrize("network", ["c3d", "r3d-18", "r2plus1d-18"])
def test_an_embedding_is_the_mean_of_the_last_map_of_the_clip_around_it(network):
    model, maps = made(Clips(network, width=2, size=20)), video(30)
    z = model.embed(maps)
    assert z.shape == (30, model.architecture.output)
    for frame, shown in (
        (12, list(range(5, 21))),
        (0, [0] * 7 + list(range(9))),
        (29, list(range(22, 30)) + [29] * 8),
    ):
        np.testing.assert_allclose(z[frame], by_hand(model, shown, maps), rtol=1e-3, atol=1e-5)


def test_a_video_shorter_than_a_clip_can_be_embedded():
    model, maps = made(), video(3)
    z = model.embed(maps)
    np.testing.assert_allclose(
        z[1], by_hand(model, [0] * 7 + [1] + [2] * 8, maps), rtol=1e-3, atol=1e-5
    )
    assert model.embed(maps[:1]).shape == (1, 8)


def test_frames_of_a_clip_may_be_apart():
    model, maps = made(Clips(width=2, size=20, context=5, stride=3)), video(20)
    z = model.embed(maps)
    np.testing.assert_allclose(
        z[10], by_hand(model, [4, 7, 10, 13, 16], maps), rtol=1e-3, atol=1e-5
    )


def test_pictures_are_shrunk_as_pillow_shrinks_them():
    """Its bilinear filter widens with the factor, so that nothing is left out in between."""
    pictures = np.random.default_rng(0).normal(size=(2, *PIXELS)).astype(np.float32)
    found = made(Clips(width=2, size=17)).prepare(torch.from_numpy(pictures))
    for one, other in zip(pictures.reshape(-1, 40, 40), found.flatten(0, 1), strict=True):
        expected = Image.fromarray(one).resize((17, 17), Image.Resampling.BILINEAR)
        np.testing.assert_allclose(other, np.asarray(expected), rtol=1e-4, atol=1e-5)


def test_pictures_of_the_right_size_stay_as_they_are():
    pictures = torch.randn(2, *PIXELS)
    assert made(Clips(width=2, size=40)).prepare(pictures) is pictures


def test_pictures_shrunk_before_look_the_same():
    model, maps = made(), torch.randn(2, 16, *PIXELS)
    shrunk = model.prepare(maps.flatten(0, 1)).unflatten(0, (2, 16))
    with torch.no_grad():
        torch.testing.assert_close(model.look(maps), model.look(shrunk), rtol=0, atol=0)


class Counted(np.ndarray):
    """Counts the frames that are read at once, and how often each is."""

    largest = 0
    reads = np.zeros(0, int)

    def __getitem__(self, key):
        if isinstance(key, np.ndarray):
            Counted.largest = max(Counted.largest, key.size)
            Counted.reads = np.append(Counted.reads, key)
        return super().__getitem__(key)


def test_frames_are_read_once_for_all_clips_embedded_together(monkeypatch):
    maps = video(100)
    expected = made().embed(maps)
    for together in (1, 4, 30):
        monkeypatch.setattr(ClipLevelEncoder, "at_a_time", together)
        Counted.largest, Counted.reads = 0, np.zeros(0, int)
        np.testing.assert_allclose(made().embed(maps.view(Counted)), expected, rtol=1e-4, atol=1e-6)
        assert Counted.largest <= together + 15
        assert np.bincount(Counted.reads).max() <= 15 / together + 2


def test_results_do_not_depend_on_the_layout_in_memory():
    model, maps = made(), video(20)
    before = model.embed(maps)
    model.to(memory_format=torch.channels_last_3d)  # pyright: ignore[reportCallIssue]
    np.testing.assert_allclose(model.embed(maps), before, rtol=1e-3, atol=1e-5)


def test_real_videos_are_embedded_by_what_was_saved(real_data, tmp_path, monkeypatch):
    monkeypatch.setenv("INPHASE_CACHE", str(tmp_path / "cache"))
    model = made(Clips(width=4, size=56), (3, 112, 112))
    encoder = Encoder(FrameFeatures("pixels", pooling="none"), model)
    encoder.save(tmp_path / "run")
    read = Encoder.load(tmp_path / "run")
    assert read.digest == encoder.digest
    assert read.temporal is not None and read.temporal.architecture == model.architecture
    assert json.loads((tmp_path / "run" / "config.json").read_text())["architecture"] == {
        "kind": "clips",
        "network": "c3d",
        "width": 4,
        "size": 56,
        "context": 16,
        "stride": 1,
        "projection": 128,
    }
    (golf,) = find(real_data / "golf" / "golf_swing.mp4")
    found, again = (embed(each, [golf], progress=False)[golf.name] for each in (encoder, read))
    np.testing.assert_array_equal(found.values, again.values)
    np.testing.assert_array_equal(found.times, golf.times)
    assert found.values.shape == (len(golf), 16) and np.isfinite(found.values).all()
    # Neighbours share 15 of 16 frames, so a swing is a way through the space and not a cloud.
    steps = np.linalg.norm(np.diff(found.values, axis=0), axis=1)
    apart = np.linalg.norm(found.values[:, None] - found.values, axis=-1)
    assert 0 < steps.mean() < apart.mean() / 2
