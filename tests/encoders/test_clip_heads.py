"""Heads of clips: the layers, what is shared, and clips joined in pairs."""

import pytest
import torch
from torch import nn

from inphase.encoders.clip_heads import ClipHeads, FullyConnected
from inphase.errors import InputError


def kinds(module: nn.Module) -> list[str]:
    """Of its layers, in order."""
    boxes = (nn.Sequential, FullyConnected)
    return [type(each).__name__ for each in module.modules() if not isinstance(each, boxes)]


def test_three_layers_all_normalised_but_the_last():
    head = FullyConnected(10, 5)
    layer = ["Linear", "BatchNorm1d", "ReLU"]
    assert kinds(head) == [*layer, *layer, "Linear"]
    assert head(torch.randn(4, 10)).shape == (4, 5)
    shapes = [tuple(each.shape) for each in head.parameters() if each.ndim == 2]
    assert shapes == [(512, 10), (512, 512), (5, 512)]


def test_without_hidden_layers_it_is_a_linear_classifier():
    head = FullyConnected(10, 5, hidden=())
    assert kinds(head) == ["Linear"]
    assert head(torch.randn(1, 10)).shape == (1, 5)


def test_dropout_is_there_if_asked_for():
    assert kinds(FullyConnected(10, 5, hidden=(7,), dropout=0.5)).count("Dropout") == 1
    assert "Dropout" not in kinds(FullyConnected(10, 5))


def test_questions_share_all_but_their_last_layer():
    heads = ClipHeads(6, {"kind": 4, "speed": 3}, hidden=(8, 7))
    scores = heads(torch.randn(5, 6))
    assert {name: tuple(each.shape) for name, each in scores.items()} == {
        "kind": (5, 4),
        "speed": (5, 3),
    }
    scores["speed"].square().sum().backward()
    moved = {name for name, each in heads.named_parameters() if each.grad is not None}
    assert not [name for name in moved if name.startswith("answers.kind")]
    assert {"hidden.0.weight", "hidden.3.weight", "answers.speed.weight"} <= moved


def test_joined_clips_are_seen_in_pairs_by_one_layer():
    """Xu et al.: (1, 2), (1, 3), (2, 3) through the same layer, all three of them classified."""
    torch.manual_seed(0)
    heads = ClipHeads(6, {"order": 6}, hidden=(5,), joined=3).eval()
    x = torch.randn(2 * 3, 6)
    for row in range(2):
        one, two, three = x[3 * row : 3 * row + 3]
        pairs = [
            heads.pair(torch.cat(pair)[None])[0]
            for pair in ((one, two), (one, three), (two, three))
        ]
        expected = heads.answers["order"](torch.cat(pairs))
        torch.testing.assert_close(heads(x)["order"][row], expected)
    weights = [tuple(each.shape) for each in heads.parameters() if each.ndim == 2]
    assert weights == [(5, 12), (6, 15)]


def test_joined_clips_may_have_layers_after_the_pairs():
    heads = ClipHeads(6, {"order": 6}, hidden=(5, 4), joined=3)
    assert heads(torch.randn(4 * 3, 6))["order"].shape == (4, 6)
    weights = [tuple(each.shape) for each in heads.parameters() if each.ndim == 2]
    assert weights == [(5, 12), (4, 15), (6, 4)]


def test_the_order_of_joined_clips_matters():
    torch.manual_seed(0)
    heads = ClipHeads(6, {"order": 6}, hidden=(16,), joined=3).eval()
    x = torch.randn(3, 6)
    assert not torch.allclose(heads(x)["order"], heads(x[[1, 0, 2]])["order"])


@pytest.mark.parametrize("joined", [1, 3])
def test_scores_do_not_depend_on_the_other_examples(joined):
    torch.manual_seed(0)
    heads = ClipHeads(6, {"a": 2}, hidden=(5, 4), joined=joined).eval()
    x = torch.randn(4 * joined, 6)
    alone = torch.cat([heads(part)["a"] for part in x.split(joined)])
    torch.testing.assert_close(heads(x)["a"], alone)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ClipHeads(6, {}), "at least one question"),
        (lambda: ClipHeads(6, {"a": 2}, joined=0), "0 clips cannot be joined"),
        (lambda: ClipHeads(6, {"a": 2}, joined=3, hidden=()), "a hidden layer for pairs"),
    ],
)
def test_what_cannot_be_is_told(call, message):
    with pytest.raises(InputError, match=message):
        call()
