"""The loop that lowers a loss."""

import torch
from torch import nn

from inphase.optimise import Step, optimise
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
