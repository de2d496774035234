"""Training clip networks: equation 1, learning, resuming to the bit, sliding over a video."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import inphase
from inphase.data.collection import find
from inphase.data.rendered import make
from inphase.data.video import Video
from inphase.encoders.architecture import Clips
from inphase.encoders.clip_level import ClipLevelEncoder
from inphase.encoders.encoder import Encoder
from inphase.errors import InputError, Interrupted
from inphase.methods import CLIP_METHODS, ClipOrder, TemporalTransformations
from inphase.train_clips import PRETRAINING, fit_clips, judged, load_heads, usual_batch

TINY = Clips(width=4, size=16)
BRIEF = replace(PRETRAINING, steps=8, batch=2, checkpoint_every=3, warm_up=2)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    os.environ["INPHASE_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    del os.environ["INPHASE_CACHE"]


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> list[Video]:
    folder = tmp_path_factory.mktemp("videos")
    for k, activity in enumerate(("pouring", "clean_and_jerk")):
        make(folder / activity, activity=activity, videos=2, size=(64, 64), fps=8.0, seed=k)
    return find(folder)


def trained(videos, method=None, **changes) -> Encoder:
    given = {"architecture": TINY, "settings": BRIEF, "hidden": (16,), "device": "cpu"}
    return fit_clips(videos, method, progress=False, **given | changes)


def log_of(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def temporal_of(encoder: Encoder) -> ClipLevelEncoder:
    assert isinstance(encoder.temporal, ClipLevelEncoder)
    return encoder.temporal


def same(one: Encoder, other: Encoder) -> bool:
    a, b = (temporal_of(each).state_dict() for each in (one, other))
    return all(torch.equal(a[name], b[name]) for name in a)


def test_the_loss_is_equation_1():
    """Two videos of four examples each, by hand; the speed of the sped up ones alone is asked."""
    generator = torch.Generator().manual_seed(0)
    motion, speed = (torch.randn(8, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    targets = {"motion": torch.arange(4).repeat(2), "speed": torch.tensor([2, -1, -1, -1] * 2)}
    found = judged({"motion": motion, "speed": speed}, targets, TemporalTransformations())
    probability = {"motion": motion.softmax(1).numpy(), "speed": speed.softmax(1).numpy()}
    expected = 0.0
    for video in range(2):
        rows = range(4 * video, 4 * video + 4)
        product = np.prod([probability["motion"][row, k] for k, row in enumerate(rows)])
        expected -= (np.log(product) + np.log(probability["speed"][rows[0], 2])) / 2
    assert found.loss.item() == pytest.approx(expected, rel=1e-6)
    right = (probability["motion"].argmax(1) == np.arange(8) % 4).mean()
    assert found.told["accuracy of motion"] == pytest.approx(right)


def test_every_head_has_a_gradient():
    answers = {name: torch.randn(4, 4, requires_grad=True) for name in ("motion", "speed")}
    targets = {"motion": torch.arange(4), "speed": torch.tensor([1, -1, -1, -1])}
    judged(answers, targets, TemporalTransformations()).loss.backward()
    for name, asked in (("motion", [True] * 4), ("speed", [True, False, False, False])):
        gradient = answers[name].grad
        assert gradient is not None
        assert (gradient.abs().sum(1) > 0).tolist() == asked


def test_a_question_that_no_example_is_asked_costs_nothing():
    answers = {"motion": torch.randn(2, 4), "speed": torch.randn(2, 4)}
    targets = {"motion": torch.tensor([1, 3]), "speed": torch.tensor([-1, -1])}
    found = judged(answers, targets, TemporalTransformations())
    alone = judged({"motion": answers["motion"]}, targets, TemporalTransformations())
    assert found.loss == alone.loss and torch.isfinite(found.loss)


@pytest.mark.parametrize("name", CLIP_METHODS)
def test_every_method_trains_and_slides_over_a_video(videos, tmp_path, name):
    encoder = trained(videos, CLIP_METHODS[name](), settings=replace(BRIEF, steps=2), out=tmp_path)
    loaded = Encoder.load(tmp_path)
    assert loaded.digest == encoder.digest and same(loaded, encoder)
    card = (tmp_path / "README.md").read_text()
    told = "from the names of 2 activities" if name == "action-labels" else "without labels"
    assert told in card
    (one, *_) = inphase.embed(loaded, videos[:1], progress=False, device="cpu").values()
    assert one.values.shape == (len(videos[0]), TINY.output)
    heads = load_heads(loaded, tmp_path)
    network = temporal_of(loaded).network
    clips = torch.randn(heads.joined, 3, 16, TINY.size, TINY.size)
    answers = heads(network.flat(network(clips)))
    sizes = CLIP_METHODS[name]().heads(2)
    assert {head: logits.shape[1] for head, logits in answers.items()} == sizes


def test_it_learns(videos, tmp_path):
    settings = replace(BRIEF, steps=40, batch=4, learning_rate=3e-3)
    trained(videos, CLIP_METHODS["action-labels"](), settings=settings, out=tmp_path)
    right = [entry["accuracy of activity"] for entry in log_of(tmp_path)]
    assert np.mean(right[-10:]) > 0.9


def test_a_run_is_one_folder(videos, tmp_path):
    trained(videos, out=tmp_path / "run")
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {
        "config.json", "model.safetensors", "heads.safetensors", "log.jsonl", "videos.csv",
        "README.md",
    }  # fmt: skip
    card = (tmp_path / "run" / "README.md").read_text()
    assert "temporal-transformations" in card and "c3d of width 4" in card
    assert "16 numbers a frame" in card


def test_a_resumed_run_ends_where_an_unbroken_one_does(videos, tmp_path, monkeypatch):
    whole = trained(videos, out=tmp_path / "whole")
    import inphase.train_clips as module

    seen = []

    def interrupting(*args):
        seen.append(args)
        if len(seen) == 5:
            os.kill(os.getpid(), 2)
        return judged(*args)

    monkeypatch.setattr(module, "judged", interrupting)
    with pytest.raises(Interrupted, match="stopped after 5 of 8 steps"):
        trained(videos, out=tmp_path / "broken", workers=1)
    monkeypatch.undo()
    # The saved settings hold, not those given anew.
    resumed = trained(
        videos, ClipOrder(), out=tmp_path / "broken", resume=True, settings=PRETRAINING, hidden=(3,)
    )
    assert same(whole, resumed)
    assert [entry["step"] for entry in log_of(tmp_path / "broken")] == list(range(1, 9))


def test_bad_videos_leave_no_run_behind_nor_take_the_place_of_one(videos, tmp_path):
    trained(videos, settings=replace(BRIEF, steps=1), out=tmp_path / "run")
    with pytest.raises(InputError, match="give at least one"):
        trained([], out=tmp_path / "run", force=True)
    assert Encoder.load(tmp_path / "run").config["settings"]["steps"] == 1
    with pytest.raises(InputError, match="give at least one"):
        trained([], out=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_run_replaced_keeps_no_heads_of_the_old_one(videos, tmp_path, monkeypatch):
    trained(videos, settings=replace(BRIEF, steps=1), out=tmp_path)
    import inphase.train_clips as module

    def interrupting(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "judged", interrupting)
    with pytest.raises(KeyboardInterrupt):
        trained(videos, out=tmp_path, force=True)
    assert {path.name for path in tmp_path.iterdir()} == {"config.json", "videos.csv"}


def test_nothing_is_decoded_for_a_run_that_is_in_the_way_or_finished(videos, tmp_path, monkeypatch):
    trained(videos, settings=replace(BRIEF, steps=1), out=tmp_path)
    import inphase.train_clips as module

    monkeypatch.setattr(module, "ClipFrames", None)
    with pytest.raises(InputError, match="already holds a run"):
        trained(videos, out=tmp_path)
    with pytest.raises(InputError, match="nothing to resume"):
        trained(videos, out=tmp_path, resume=True)


def test_the_card_speaks_of_the_videos_that_could_be_read(videos, tmp_path):
    (tmp_path / "note.mp4").write_text("not a video")
    with pytest.warns(UserWarning, match="note.mp4"):
        trained(
            [*videos, Video(tmp_path / "note.mp4")],
            settings=replace(BRIEF, steps=1),
            out=tmp_path / "run",
        )
    assert f"{len(videos)} videos" in (tmp_path / "run" / "README.md").read_text()


def test_a_resumed_run_tells_the_same_activities_apart(videos, tmp_path, monkeypatch):
    import inphase.train_clips as module

    def stopping(*args):
        os.kill(os.getpid(), 2)
        return judged(*args)

    monkeypatch.setattr(module, "judged", stopping)
    with pytest.raises(Interrupted):
        trained(videos, CLIP_METHODS["action-labels"](), out=tmp_path)
    named = [replace(video, activity=video.activity.upper()) for video in videos]
    with pytest.raises(InputError, match="tells the activities clean_and_jerk, pouring apart"):
        trained(named, out=tmp_path, resume=True)


def test_batches_made_ahead_change_nothing(videos):
    assert same(trained(videos, workers=0), trained(videos, workers=3))


def test_frames_kept_or_decoded_anew_change_nothing(videos):
    assert same(trained(videos), trained(videos, keep=0))


def test_the_default_settings_are_the_papers():
    assert (PRETRAINING.learning_rate, PRETRAINING.final) == (3e-4, 1e-3)
    assert (PRETRAINING.beta2, PRETRAINING.weight_decay) == (0.99, 1e-4)
    assert PRETRAINING.batch * TemporalTransformations().copies == 28


@pytest.mark.parametrize("name", CLIP_METHODS)
def test_a_step_has_28_clips_or_as_many_whole_examples_as_fit(name):
    method = CLIP_METHODS[name]()
    clips = method.copies * method.joined
    assert 28 - clips < usual_batch(method) * clips <= 28


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda videos: trained(videos, architecture=replace(TINY, context=8)), "clips of 8 frame"),
        (lambda videos: trained(videos[:2], CLIP_METHODS["action-labels"]()), "cannot be told"),
        (lambda videos: trained(videos, resume=True), "give its folder as out"),
        (lambda videos: trained([]), "give at least one"),
    ],
)
def test_bad_input_is_told(videos, call, message):
    with pytest.raises(InputError, match=message):
        call(videos)
