"""Every method, from a batch to a number that training lowers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from inphase.batches import Sampler
from inphase.data.video import Video
from inphase.encoders.architecture import CARL, FrameLevel
from inphase.encoders.frame_level import FrameLevelEncoder
from inphase.frame_sources import CachedFrames
from inphase.methods import METHODS, PCL, SCL, TCC, TCN, VAVA, LRProp, Method, SimCLR, name_of
from inphase.objectives import Objective, embedded

CPU = torch.device("cpu")
SMALL = FrameLevel(width=32, layers=2, output=16, projection=16, dropout=0.0)
PHASES = 3


def source(videos: int = 6, seed: int = 0) -> CachedFrames:
    """Two activities of three videos that go through the same states at their own speeds."""
    random = np.random.default_rng(seed)
    states = random.normal(size=(2, 9, 12))
    values, times = [], []
    for video in range(videos):
        progress = np.sort(random.uniform(0, 8, size=int(random.integers(50, 70))))
        low = progress.astype(int)
        part = (progress - low)[:, None]
        way = states[video % 2]
        clean = (1 - part) * way[low] + part * way[low + 1]
        noise = random.normal(size=(2, *clean.shape)) * 0.1
        values.append((clean + noise).astype(np.float32))
        times.append(np.arange(len(progress)) / 30)
    named = [
        Video(Path("v.mp4"), name=str(k), activity="ab"[k % 2], group=str(k // 2))
        for k in range(videos)
    ]
    return CachedFrames(values, times, CPU, named)


def ready(method: Method) -> tuple[Sampler, FrameLevelEncoder, Objective]:
    torch.manual_seed(0)
    features = source()
    labels = [np.linspace(0, PHASES - 0.01, n).astype(np.int64) for n in features.lengths]
    sampler = Sampler(features, [method], 4, labels=labels, device=CPU)
    encoder = FrameLevelEncoder(features.dim, SMALL, frames=method.frames)
    return sampler, encoder, Objective(method, SMALL, phases=PHASES, activities=2)


METHODS_HERE = [
    *(kind(frames=16) for kind in METHODS.values()),
    *(kind(frames=16, variant="code") for kind in (SCL, PCL, SimCLR, LRProp)),
    TCN(frames=16, multi_view=True),
    VAVA(frames=16, learn_variance=True),
    TCC(frames=16, cycles="stochastic", cycle_length=3),
]


@pytest.mark.parametrize("method", METHODS_HERE, ids=lambda each: name_of(each))
def test_a_step_moves_every_weight_of_encoder_and_head(method):
    sampler, encoder, objective = ready(method)
    batch = sampler(np.random.default_rng(0))
    z = encoder(batch.features, batch.seconds, batch.mask)
    objective(z, batch, progress=0.5).backward()
    for part in (encoder, objective):
        still = [
            name
            for name, each in part.named_parameters()
            if each.grad is None or not each.grad.abs().sum() > 0
        ]
        # Nothing that all frames share changes how they compare.
        assert set(still) <= {"output.bias"}


@pytest.mark.parametrize("method", METHODS_HERE, ids=lambda each: name_of(each))
def test_training_lowers_it(method):
    sampler, encoder, objective = ready(method)
    optimiser = torch.optim.Adam([*encoder.parameters(), *objective.parameters()], lr=3e-3)

    def measured() -> float:
        with torch.no_grad():
            batches = [sampler(np.random.default_rng((9, k))) for k in range(8)]
            torch.manual_seed(0)
            return float(
                np.mean(
                    [
                        objective(encoder(b.features, b.seconds, b.mask), b, progress=0.5).item()
                        for b in batches
                    ]
                )
            )

    before = measured()
    for step in range(40):
        batch = sampler(np.random.default_rng(step))
        loss = objective(encoder(batch.features, batch.seconds, batch.mask), batch, progress=0.5)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert measured() < before


def test_the_weight_scales_the_loss():
    sampler, encoder, objective = ready(SCL(frames=16))
    batch = sampler(np.random.default_rng(0))
    z = encoder(batch.features, batch.seconds, batch.mask)
    whole = objective(z, batch)
    objective.weight = 0.25
    torch.testing.assert_close(objective(z, batch), whole / 4)


def test_scl_is_not_told_what_videos_show():
    """Frames of other activities are negatives in the weakly supervised methods alone."""
    sampler, encoder, objective = ready(SCL(frames=16))
    batch = sampler(np.random.default_rng(0))
    z = F.normalize(encoder(batch.features, batch.seconds, batch.mask), dim=-1)
    assert objective._known(z, batch, 0.0, None)["activities"] is None


def test_activities_are_told_by_the_class_token_where_there_is_one():
    with_token = replace(CARL, width=32, hidden=(), heads=2, output=16, class_token=True)
    sampler, _, _ = ready(PCL(frames=16))
    encoder = FrameLevelEncoder(12, with_token, frames=16)
    objective = Objective(PCL(frames=16, weight=0.0), with_token, activities=2)
    batch = sampler(np.random.default_rng(0))
    z, clips = embedded(encoder, batch)
    assert clips is not None and clips.shape == (len(batch.mask), 16)
    told = objective._known(z, batch, 0.5, clips)["logits"]
    torch.testing.assert_close(told, objective.head.answer(clips))  # pyright: ignore[reportCallIssue]
    objective(z, batch, 0.5, clips).backward()
    assert encoder.token is not None and encoder.token.grad is not None
    assert encoder.token.grad.abs().sum() > 0


def test_encoders_without_a_class_token_tell_them_by_the_mean_of_the_frames():
    sampler, encoder, objective = ready(PCL(frames=16))
    batch = sampler(np.random.default_rng(0))
    z, clips = embedded(encoder, batch)
    assert clips is None
    mean = torch.stack([each[real].mean(0) for each, real in zip(z, batch.mask, strict=True)])
    told = objective._known(z, batch, 0.5, clips)["logits"]
    torch.testing.assert_close(told, objective.head.answer(mean))  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("prior", ["gaussian", "flat-top"])
@pytest.mark.parametrize("phi", [0.0, 0.5, 1.0])
def test_the_gradient_of_a_learnt_variance_is_that_of_the_loss(prior, phi):
    """Against differences of the loss with fixed variances, less what jumps from match to match."""
    settings = {"frames": 16, "prior": prior, "phi": phi, "flat": 0.5, "contrast_weight": 0.0}
    sampler, encoder, objective = ready(VAVA(variance=2.0, learn_variance=True, **settings))
    batch = sampler(np.random.default_rng(0))
    z = encoder(batch.features, batch.seconds, batch.mask).detach()
    objective(z, batch).backward()
    step = 0.05

    def fixed(log_variance: float) -> float:
        method = VAVA(variance=float(np.exp(log_variance)), **settings)
        return Objective(method, SMALL)(z, batch).item()

    slope = (fixed(np.log(2) + step) - fixed(np.log(2) - step)) / (2 * step)
    told = objective.logs["variance"].grad.item()  # pyright: ignore[reportOptionalMemberAccess]
    assert abs(slope) > 1e-4 and told == pytest.approx(slope, rel=0.02)


def test_a_learnt_variance_starts_where_it_is_set_and_is_saved():
    method = VAVA(frames=16, variance=0.7, learn_variance=True)
    _, _, objective = ready(method)
    assert objective.logs["variance"].exp().item() == pytest.approx(0.7)
    objective.logs["variance"].data += 1
    _, _, other = ready(method)
    other.load_state_dict(objective.state_dict())
    assert torch.equal(other.logs["variance"], objective.logs["variance"])
    assert not ready(VAVA(frames=16))[2].state_dict()
