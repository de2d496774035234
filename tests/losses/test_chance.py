"""Random choices of losses."""

import torch

from inphase.losses.chance import numbers, numbers_at, pick


def test_numbers_at_real_frames_are_the_same_whatever_the_padding():
    mask = torch.arange(4) < torch.tensor([[3], [2]])
    wider = torch.nn.functional.pad(mask, (0, 5))
    generators = [torch.Generator().manual_seed(0) for _ in range(2)]
    narrow, wide = numbers_at(mask, generators[0]), numbers_at(wider, generators[1])
    assert torch.equal(wide[:, :4], narrow)
    assert (narrow[mask] > 0).all() and (narrow[mask] < 1).all() and (narrow[~mask] == 0).all()
    # Nor does padding change what is drawn next.
    after = [numbers((3,), mask.device, each) for each in generators]
    assert torch.equal(*after)


def test_without_a_generator_the_seed_of_torch_counts():
    torch.manual_seed(3)
    one = numbers((4,), torch.device("cpu"), None)
    torch.manual_seed(3)
    assert torch.equal(one, numbers((4,), torch.device("cpu"), None))


def test_picks_are_allowed_and_all_as_likely():
    allowed = torch.tensor([True, False, True, True, False]).expand(6000, -1)
    picked = pick(allowed, numbers((6000,), torch.device("cpu"), torch.Generator().manual_seed(0)))
    count = torch.bincount(picked, minlength=5)
    assert count[~allowed[0]].tolist() == [0, 0]
    assert ((count[allowed[0]] - 2000).abs() < 200).all()


def test_the_ends_of_the_numbers_pick_the_ends():
    allowed = torch.tensor([[False, True, True, False]] * 2)
    below_one = torch.tensor([0.0, 1.0]).nextafter(torch.tensor(0.0))
    assert pick(allowed, below_one.clamp(min=0)).tolist() == [1, 2]
