"""What every loss asks of its tensors, said in one sentence."""

import pytest
import torch

from inphase.errors import InputError
from inphase.losses.inputs import check_frames, check_rows, pairs_of

Z, TIMES, MASK = torch.zeros(4, 5, 3), torch.zeros(4, 5), torch.ones(4, 5, dtype=torch.bool)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((Z[0], TIMES, MASK), r"shaped \(rows, time, dim\), not \(5, 3\)"),
        ((Z[:, :0], TIMES[:, :0], MASK[:, :0]), "not"),
        ((Z, TIMES[:, 1:], MASK), "must be shaped"),
        ((Z, TIMES, MASK[1:]), "must be shaped"),
        ((Z, TIMES, torch.zeros_like(MASK)), "all padding"),
    ],
)
def test_shapes_that_do_not_fit_are_told(given, message):
    with pytest.raises(InputError, match=message):
        check_rows(*given)


def test_too_few_frames_are_told():
    mask = MASK.clone()
    mask[2, 1:] = False
    check_frames(mask, 1, "this")
    with pytest.raises(
        InputError, match="this needs at least 2 frames in every row, but one has 1"
    ):
        check_frames(mask, 2, "this")


def test_rows_come_in_twos_if_nothing_else_is_said():
    assert pairs_of(MASK, None).tolist() == [[0, 1], [2, 3]]
    with pytest.raises(InputError, match="rows come in twos, but there are 3"):
        pairs_of(MASK[:3], None)


@pytest.mark.parametrize(
    ("pairs", "message"), [([], "no pair"), ([[0, 4]], "0 to 4 of 4"), ([[-1, 0]], "-1 to 0 of 4")]
)
def test_pairs_name_rows_that_are_there(pairs, message):
    with pytest.raises(InputError, match=message):
        pairs_of(MASK, torch.tensor(pairs, dtype=torch.long).view(-1, 2))
