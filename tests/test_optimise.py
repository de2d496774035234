"""The loop that lowers a loss."""

import pytest
import torch
from torch import nn

from inphase.errors import InputError
from inphase.optimise import Step, optimise
from inphase.runs import Run
from inphase.settings import Settings


def test_weights_decay_but_not_single_numbers():
    """A setting that training changes starts where it is set, and only its loss moves it."""
    learner = nn.ParameterDict({"weight": torch.ones(3), "number": torch.tensor(1.0)})
    zero = torch.zeros(())

    def look(*_):
        return Step(zero * learner["weight"].sum() + zero * learner["number"])

    optimise(learner, look, Settings(steps=5, weight_decay=10.0), progress=False)
    assert learner["number"].item() == 1.0
    assert (learner["weight"] < 1).all()


def test_a_checkpoint_of_other_weights_is_told_in_a_sentence(tmp_path):
    learner = nn.Linear(2, 1)
    run = Run(tmp_path)

    def look(*_):
        return Step(learner(torch.ones(1, 2)).sum())

    optimise(learner, look, Settings(steps=3, checkpoint_every=2), run=run, progress=False)
    learner = nn.Linear(3, 1)
    with pytest.raises(InputError, match="begun by another version.*--force"):
        optimise(learner, look, Settings(steps=3), run=run, resume=True, progress=False)
