"""Training: it learns, resumes to the bit, and stops with a sentence when it goes wrong."""

import errno
import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import inphase.train as train_module
from inphase import losses
from inphase.batches import Sampler
from inphase.data.collection import find
from inphase.data.rendered import make
from inphase.data.video import Video
from inphase.encoders.architecture import CARL, Convolutional, FrameLevel
from inphase.encoders.encoder import Encoder, FrameFeatures
from inphase.encoders.frame_level import FrameLevelEncoder
from inphase.errors import InputError, Interrupted, TrainingError
from inphase.frame_sources import CachedFrames
from inphase.methods import GTA, SCL, TCC, VAVA, ShuffleAndLearn
from inphase.optimise import learning_rate_factor
from inphase.settings import Settings
from inphase.train import fit, spread

SMALL = FrameLevel(width=32, output=16, projection=16)
METHOD = SCL(frames=20)
RANDOM = FrameFeatures(weights="random")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    os.environ["INPHASE_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    del os.environ["INPHASE_CACHE"]


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> list[Video]:
    folder = tmp_path_factory.mktemp("videos")
    make(folder, videos=3, size=(64, 64), fps=8.0)
    return find(folder)


def trained(videos, **changes) -> Encoder:
    settings = Settings(steps=8, batch=2, checkpoint_every=3, warm_up=2)
    given = {"views": 1, "progress": False, "device": "cpu", "frame_features": RANDOM}
    given |= {"architecture": SMALL, "settings": settings} | changes
    return fit(videos, METHOD, **given)


def log_of(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def test_the_loss_falls(videos, tmp_path):
    settings = Settings(steps=60, batch=3)
    trained(videos, settings=settings, out=tmp_path)
    losses = [entry["loss"] for entry in log_of(tmp_path)]
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.1


def test_the_log_tells_settings_that_training_changes(videos, tmp_path):
    method = VAVA(frames=20, learn_variance=True)
    settings = Settings(steps=3, batch=2)
    fit(
        videos,
        method,
        frame_features=RANDOM,
        architecture=SMALL,
        views=1,
        settings=settings,
        device="cpu",
        out=tmp_path,
        progress=False,
    )
    told = [entry["variance"] for entry in log_of(tmp_path)]
    assert told[0] == pytest.approx(method.variance)
    assert told[2] != told[0]


def test_scene_noise_changes_what_is_learned_and_is_written_down(videos, tmp_path):
    settings = Settings(steps=6, batch=2, scene_noise=1.0, checkpoint_every=2, warm_up=2)
    noisy = trained(videos, settings=settings, out=tmp_path)
    assert noisy.digest == trained(videos, settings=settings).digest
    plain = trained(videos, settings=replace(settings, scene_noise=0.0))
    assert noisy.digest != plain.digest
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["settings"]["scene_noise"] == 1.0
    assert "1 augmented views, scene noise 1" in (tmp_path / "README.md").read_text()
    with pytest.raises(InputError, match="leave it out"):
        trained(videos, settings=settings, architecture=Convolutional())
    with pytest.raises(InputError, match="leave it out"):
        trained(videos, settings=settings, architecture=replace(SMALL, centre=True))
    with pytest.raises(InputError, match="leave it out with --finetune"):
        trained(videos, settings=settings, finetune=True)
    with pytest.raises(InputError, match="scene_noise must be 0 or more, not -1"):
        Settings(scene_noise=-1.0)


def test_too_few_videos_for_a_chain_are_told_before_anything_is_written(videos, tmp_path):
    chains = TCC(frames=20, cycles="stochastic", cycle_length=4)
    given = {"frame_features": RANDOM, "out": tmp_path / "run", "progress": False}
    with pytest.raises(InputError, match="at least 4 a step, not 2: raise batch"):
        fit(videos, chains, settings=Settings(batch=2), **given)
    with pytest.raises(InputError, match="4 videos of one activity are needed at a time"):
        fit(videos, chains, **given)
    assert not (tmp_path / "run").exists()


def test_a_run_is_one_folder(videos, tmp_path):
    run = tmp_path / "run"
    made = trained(videos, out=run)
    names = {path.name for path in run.iterdir()}
    assert names == {"config.json", "model.safetensors", "log.jsonl", "videos.csv", "README.md"}
    config = json.loads((run / "config.json").read_text())
    assert config["method"] == {"name": "scl", **train_module.asdict(METHOD)}
    assert config["videos"] == [video.name for video in videos]
    assert [entry["step"] for entry in log_of(run)] == list(range(1, 9))
    assert [video.name for video in find(run / "videos.csv")] == config["videos"]
    assert Encoder.load(run).digest == made.digest
    assert f'Encoder.load("{run}")' in (run / "README.md").read_text()


def test_the_same_seed_gives_the_same_model_and_another_seed_another(videos):
    digests = [
        trained(videos, settings=Settings(steps=3, batch=2, seed=s)).digest for s in (0, 0, 1)
    ]
    assert digests[0] == digests[1] != digests[2]


def test_training_leaves_the_random_numbers_of_others_alone(videos):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    trained(videos, settings=Settings(steps=1, batch=2))
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("stop", [2, 3, 5])
def test_a_resumed_run_ends_where_an_unbroken_one_does(videos, tmp_path, monkeypatch, stop):
    """Ctrl-C during step `stop`: the step is finished, the state saved, and nothing differs."""
    whole = trained(videos, out=tmp_path / "whole")
    drawn = []

    draw = Sampler.__call__

    def draw_then_interrupt(*arguments):
        drawn.append(1)
        if len(drawn) == stop:
            os.kill(os.getpid(), signal.SIGINT)
        return draw(*arguments)

    monkeypatch.setattr(Sampler, "__call__", draw_then_interrupt)
    with pytest.raises(Interrupted, match=f"after {stop} of 8 steps.*--resume"):
        trained(videos, out=tmp_path / "broken")
    monkeypatch.undo()
    with pytest.raises(InputError, match="--resume"):
        Encoder.load(tmp_path / "broken")
    resumed = trained(videos, out=tmp_path / "broken", resume=True, settings=None)
    for name, tensor in whole._tensors().items():
        assert torch.equal(tensor, resumed._tensors()[name]), name
    strip = [{k: v for k, v in e.items() if k != "seconds"} for e in log_of(tmp_path / "whole")]
    assert strip == [
        {k: v for k, v in e.items() if k != "seconds"} for e in log_of(tmp_path / "broken")
    ]


def test_a_run_stopped_before_its_first_checkpoint_is_resumed_from_the_start(
    videos, tmp_path, monkeypatch
):
    whole = trained(videos)

    def die(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(CachedFrames, "of", die)
    with pytest.raises(KeyboardInterrupt):
        trained(videos, out=tmp_path)
    monkeypatch.undo()
    assert trained(videos, out=tmp_path, resume=True).digest == whole.digest


def test_a_full_disk_names_the_checkpoint(videos, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space") as stop:
        trained(videos, out=tmp_path)
    assert stop.value.filename == str(tmp_path / "checkpoint.pt")
    assert not list(tmp_path.glob("*.part*"))


def test_a_killed_run_resumes_from_its_last_checkpoint(videos, tmp_path, monkeypatch):
    whole = trained(videos)
    calls, draw = [], Sampler.__call__

    def die(*arguments):
        calls.append(1)
        if len(calls) == 6:  # after step 5; the checkpoint is of step 3
            raise MemoryError
        return draw(*arguments)

    monkeypatch.setattr(Sampler, "__call__", die)
    with pytest.raises(MemoryError):
        trained(videos, out=tmp_path)
    monkeypatch.undo()
    assert len(log_of(tmp_path)) == 5
    resumed = trained(videos, out=tmp_path, resume=True)
    assert len(log_of(tmp_path)) == 8
    assert resumed.digest == whole.digest


def test_nan_stops_with_a_sentence(videos, tmp_path, monkeypatch):
    monkeypatch.setattr(losses, "scl", lambda z, *_, **__: z.sum() * float("nan"))
    with pytest.raises(TrainingError, match="loss was nan.*step 1.*lower learning rate"):
        trained(videos, out=tmp_path)


def test_a_collapse_stops_with_a_sentence(videos, monkeypatch):
    embed = FrameLevelEncoder.with_clips

    def collapsed(*given):
        z, clips = embed(*given)
        return z * 1e-9 + 1, clips

    monkeypatch.setattr(FrameLevelEncoder, "with_clips", collapsed)
    with pytest.raises(TrainingError, match="same embedding"):
        trained(videos)


def test_the_last_backbone_block_can_be_trained_too(videos, tmp_path):
    settings = Settings(steps=2, batch=1)
    short = [replace(video, end=1.0) for video in videos[:2]]
    made = trained(short, finetune=True, settings=settings, out=tmp_path)
    assert made.finetuned is not None
    start = Encoder(RANDOM).backbone.thaw().state_dict()
    moved = [name for name in start if not torch.equal(start[name], made.finetuned[name])]
    assert any("weight" in name for name in moved)
    assert Encoder.load(tmp_path).digest == made.digest


@pytest.mark.parametrize("architecture", [replace(CARL, width=32, hidden=(16,), heads=4), SMALL])
def test_both_architectures_train_without_augmented_views(videos, architecture):
    made = trained(videos, architecture=architecture, views=0)
    assert made.temporal is not None and made.temporal.architecture == architecture


def test_nothing_is_replaced_without_force(videos, tmp_path):
    trained(videos, out=tmp_path)
    with pytest.raises(InputError, match="already holds a run"):
        trained(videos, out=tmp_path)
    trained(videos, out=tmp_path, force=True)


def test_a_finished_run_cannot_be_resumed(videos, tmp_path):
    trained(videos, out=tmp_path)
    with pytest.raises(InputError, match="finished"):
        trained(videos, out=tmp_path, resume=True)


def test_a_run_is_resumed_with_its_own_videos(videos, tmp_path):
    trained(videos, out=tmp_path)
    with pytest.raises(InputError, match="same ones"):
        trained(videos[:2], out=tmp_path, resume=True)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda videos: fit(videos[:1]), "at least 2 videos"),
        (lambda videos: fit(videos, resume=True), "which run"),
        (lambda videos: fit(videos, device="nonsense"), "not available"),
        (lambda videos: Settings(steps=0), "steps must be"),
        (lambda videos: Settings(learning_rate=0.0), "learning_rate must be"),
        (lambda videos: SCL(beta=0.0), "beta"),
        (lambda videos: SCL(frames=1), "frames"),
        (lambda videos: ShuffleAndLearn(frames=4), "frames must be at least 5, not 4"),
        (lambda videos: GTA(smoothing=1.0), "smoothing must be below 1"),
        (lambda videos: fit(videos, GTA(), settings=Settings(batch=1)), "at least 2 a step, not 1"),
    ],
)
def test_bad_input_is_told(videos, call, message):
    with pytest.raises(InputError, match=message):
        call(videos)


def test_the_learning_rate_rises_then_falls_to_zero():
    settings = Settings(steps=100, warm_up=10)
    factors = [learning_rate_factor(step, settings) for step in range(101)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == factors[9] > 0.97
    assert factors[55] == pytest.approx(0.5 * (1 + np.cos(np.pi * 0.55)))
    assert factors[100] == pytest.approx(0, abs=1e-12)


def test_spread_is_nought_for_equal_and_one_for_opposite_embeddings():
    mask = torch.tensor([[True, True, False]])
    assert spread(torch.tensor([[[1.0, 0], [2, 0], [0, 9]]]), mask) == pytest.approx(0)
    assert spread(torch.tensor([[[1.0, 0], [-2, 0], [0, 9]]]), mask) == pytest.approx(1)
