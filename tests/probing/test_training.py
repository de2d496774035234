import numpy as np
import pytest
import torch
from torch import nn

from inphase.errors import InputError
from inphase.probing.inputs import Effort
from inphase.probing.training import fit_layers, learn, new_layers


def test_weights_are_those_of_pytorch_s_own_schedule():
    """AdamW and CosineAnnealingLR over the same batches."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(12, 3, generator=generator)
    y = (x[:, 0] > 0).long()
    given = []

    def give(numbers, _):
        given.append(numbers)
        return x[numbers], y[numbers]

    model, same = nn.Linear(3, 2), nn.Linear(3, 2)
    same.load_state_dict(model.state_dict())
    learn(model, give, len(x), Effort(1, 5, 4, 0.1), seed=0)
    optimiser = torch.optim.AdamW(same.parameters(), 0.1, (0.9, 0.99), weight_decay=1e-4)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, len(given), eta_min=1e-4)
    for numbers in given:
        optimiser.zero_grad()
        nn.functional.cross_entropy(same(x[numbers]), y[numbers]).backward()
        optimiser.step()
        falling.step()
    torch.testing.assert_close(model.weight, same.weight)
    assert not model.training


@pytest.mark.parametrize("workers", [0, 2])
def test_every_example_comes_once_an_epoch_but_for_a_last_one_alone(workers: int):
    given: list[list[int]] = []

    def give(numbers, generator):
        given.append(sorted(numbers.tolist()))
        return torch.from_numpy(generator.random((len(numbers), 2), np.float32)), torch.zeros(
            len(numbers), dtype=torch.long
        )

    model = nn.Linear(2, 2)
    learn(model, give, 8, Effort(1, 1, 3, 0.1), seed=0, workers=0)
    assert sorted(sum(given, [])) == list(range(8)) and [len(each) for each in given] == [3, 3, 2]
    given.clear()
    learn(model, give, 7, Effort(1, 4, 3, 0.1), seed=0, workers=workers)
    assert [len(each) for each in given] == [3, 3] * 4


def test_threads_change_nothing():
    def give(numbers, generator):
        x = torch.from_numpy(generator.random((len(numbers), 2), np.float32))
        return x, (x[:, 0] > 0.5).long()

    made = []
    for workers in (0, 2):
        model = new_layers(2, 2, seed=0)
        learn(model, give, 20, Effort(1, 3, 4, 0.01), seed=0, workers=workers)
        made.append(model.answer.weight)
    assert torch.equal(*made)


def test_layers_learn_what_no_line_can_divide():
    generator = np.random.default_rng(0)
    corners = torch.from_numpy(generator.integers(0, 2, (200, 2)))
    x = corners.float() + 0.1 * torch.from_numpy(generator.standard_normal((200, 2))).float()
    y = corners[:, 0] ^ corners[:, 1]
    device = torch.device("cpu")
    layers = fit_layers(x, y, 2, Effort(1, 20, 28, 1e-3), seed=0, device=device)
    assert (layers(x).argmax(1) == y).float().mean() > 0.98


def test_new_layers_follow_from_the_seed_and_leave_randomness_as_it_was():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one, other = new_layers(4, 2, seed=1), new_layers(4, 2, seed=2)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(one.answer.weight, new_layers(4, 2, seed=1).answer.weight)
    assert not torch.equal(one.answer.weight, other.answer.weight)


def test_one_example_is_too_few():
    with pytest.raises(InputError, match="one example to learn from"):
        fit_layers(
            torch.zeros(1, 2), torch.tensor([0]), 2, Effort(1, 1, 2, 0.1), seed=0,
            device=torch.device("cpu"),
        )  # fmt: skip
