"""The frame-level encoder: padding, batches, and what each position code lets it know."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from inphase.encoders.architecture import CARL, FrameLevel
from inphase.encoders.frame_level import FrameLevelEncoder, ProjectionHead
from inphase.encoders.positions import rotate, sine_cosine
from inphase.errors import InputError

SMALL = FrameLevel(width=32, feedforward=64, heads=4, output=8, projection=16)
TRANSFORMER = replace(SMALL, mixer="transformer")
KINDS = {
    "default": SMALL,
    "centred": replace(SMALL, centre=True),
    "bag": replace(TRANSFORMER, position="none"),
    "rotary": TRANSFORMER,
    "class token": replace(TRANSFORMER, class_token=True),
    "elapsed": replace(TRANSFORMER, position="elapsed"),
    "carl": replace(CARL, width=32, feedforward=64, heads=4, output=8, hidden=(16, 16)),
}


def made(kind: str) -> FrameLevelEncoder:
    torch.manual_seed(0)
    return FrameLevelEncoder(12, KINDS[kind], frames=20).eval()


def clip(frames: int, seed: int = 0):
    x = torch.randn(1, frames, 12, generator=torch.Generator().manual_seed(seed))
    return x, torch.arange(frames)[None] / 25, torch.ones(1, frames, dtype=torch.bool)


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_padding_and_batch_never_change_a_real_frame(kind):
    model = made(kind)
    x, times, mask = clip(9)
    alone = model(x, times, mask)
    padded = torch.full((3, 15, 12), 7.0)
    padded[0, :9], padded[1, :15], padded[2, :4] = x[0], clip(15, 1)[0][0], clip(4, 2)[0][0]
    many_times = (torch.arange(15) / 25).expand(3, 15)
    lengths = torch.tensor([[9], [15], [4]])
    together = model(padded, many_times, torch.arange(15)[None] < lengths)
    torch.testing.assert_close(together[0, :9], alone[0], atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", ["default", "carl"])
def test_padding_changes_no_gradient_and_no_statistic_in_training(kind):
    def after_a_step(extra: int) -> dict[str, torch.Tensor | None]:
        torch.manual_seed(0)
        model = FrameLevelEncoder(12, replace(KINDS[kind], dropout=0.0), frames=20).train()
        x, times, mask = clip(9)
        x, times = (
            nn.functional.pad(x, (0, 0, 0, extra), value=3.0),
            nn.functional.pad(times, (0, extra)),
        )
        mask = nn.functional.pad(mask, (0, extra))
        model(x, times, mask)[mask].square().sum().backward()
        gradients = {name: each.grad for name, each in model.named_parameters()}
        return gradients | {n: b for n, b in model.named_buffers() if b.is_floating_point()}

    bare, padded = after_a_step(0), after_a_step(6)
    for name in bare:
        torch.testing.assert_close(bare[name], padded[name], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_learns(kind):
    model = made(kind).train()
    model(*clip(9)).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


@torch.no_grad()
def test_without_positions_order_is_not_seen():
    model, order = made("bag"), torch.randperm(9, generator=torch.Generator().manual_seed(1))
    x, times, mask = clip(9)
    torch.testing.assert_close(model(x[:, order], times, mask), model(x, times, mask)[:, order])


@pytest.mark.parametrize("kind", ["default", "rotary", "elapsed", "carl"])
@torch.no_grad()
def test_with_positions_order_is_seen(kind):
    model = made(kind)
    x, times, mask = clip(9)
    assert not torch.allclose(
        model(x.flip(1), times, mask).flip(1), model(x, times, mask), atol=1e-3
    )


@torch.no_grad()
def test_the_default_knows_no_clock():
    """Far from both ends, the same stretch of video means the same wherever it stands."""
    model = made("default")
    stretch = clip(60)[0]
    early = torch.cat([clip(20, 1)[0], stretch, clip(40, 2)[0]], dim=1)
    late = torch.cat([clip(50, 3)[0], stretch, clip(10, 4)[0]], dim=1)
    times, mask = torch.arange(120)[None] / 25, torch.ones(1, 120, dtype=torch.bool)
    reach = 14  # (5 - 1) / 2 * (1 + 2 + 4)
    a = model(early, times, mask)[0, 20 + reach : 80 - reach]
    b = model(late, times, mask)[0, 50 + reach : 110 - reach]
    torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_elapsed_time_and_share_of_the_clip_are_what_their_codes_tell():
    x, times, mask = clip(9)
    assert torch.equal(made("rotary")(x, times + 3, mask), made("rotary")(x, times, mask))
    assert not torch.allclose(made("elapsed")(x, times + 3, mask), made("elapsed")(x, times, mask))
    assert torch.equal(made("carl")(x, times + 3, mask), made("carl")(x, times, mask))


def test_sine_cosine_is_the_published_table():
    code = sine_cosine(torch.tensor([[0.0, 1.0, 7.5]]), 6)[0].numpy()
    for row, position in enumerate((0.0, 1.0, 7.5)):
        for k in range(3):
            angle = position / 10000 ** (2 * k / 6)
            np.testing.assert_allclose(
                code[row, 2 * k : 2 * k + 2], [np.sin(angle), np.cos(angle)], atol=1e-6
            )


def test_rotated_products_depend_on_distance_alone():
    query, key = torch.randn(2, 1, 1, 1, 8, dtype=torch.float64).expand(2, 1, 1, 30, 8)
    products = rotate(query)[0, 0] @ rotate(key)[0, 0].T
    for distance in (-5, 0, 3):
        diagonal = products.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), atol=1e-5, rtol=1e-5)
    assert not torch.isclose(products[3, 5], products[5, 3])


def test_carl_has_the_papers_layers():
    model = FrameLevelEncoder(2048, CARL)
    linear = [(m.in_features, m.out_features) for m in model.modules() if isinstance(m, nn.Linear)]
    assert linear[:3] == [(2048, 512), (512, 512), (512, 256)]
    assert linear[-1] == (256, 128)
    assert len(model.layers) == 3
    assert sum(isinstance(m, nn.BatchNorm1d) for m in model.modules()) == 2
    head = [
        (m.in_features, m.out_features)
        for m in ProjectionHead(CARL).modules()
        if isinstance(m, nn.Linear)
    ]
    assert head == [(128, 512), (512, 128)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"position": "none"}, "always see the order"),
        ({"kernel": 4}, "odd"),
        ({"mixer": "transformer", "width": 30}, "multiple"),
    ],
)
def test_impossible_architectures_are_told(settings, message):
    with pytest.raises(InputError, match=message):
        FrameLevel(**settings)
