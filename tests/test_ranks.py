"""Several processes: they take one and the same step, that of all their batches together."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from inphase.optimise import step_generator
from inphase.ranks import Ranks, joined

STEPS, RATE = 5, 0.1

# What each process of the test below runs: least squares, on points of its own.
PROGRAM = f"""
import json, sys
import torch
from torch import nn
from inphase.optimise import Step, optimise
from inphase.ranks import joined
from inphase.runs import Run
from inphase.settings import Settings

def look(step, generator):
    x = torch.from_numpy(generator.normal(size=(4, 3)).astype("float32"))
    return Step((learner(x) - x.sum(1, keepdim=True)).square().mean())

with joined("cpu") as (ranks, device):
    torch.manual_seed(0)
    learner = nn.Linear(3, 1)
    settings = Settings(steps={STEPS}, learning_rate={RATE}, clip=1e9)
    optimise(learner, look, settings, run=Run(sys.argv[1] + "/run"), progress=False, ranks=ranks)
    with open(f"{{sys.argv[1]}}/{{ranks.rank}}.json", "w") as file:
        json.dump([each.flatten().tolist() for each in learner.parameters()], file)
"""


def test_a_process_alone_is_the_first_of_one():
    with joined("cpu") as (ranks, device):
        assert ranks == Ranks(0, 1) and ranks.first and device == "cpu"
    assert ranks.any(True) and not ranks.any(False)


def test_processes_have_random_numbers_of_their_own():
    draws = [step_generator(3, 1, Ranks(rank, 2)).random(4) for rank in range(2)]
    assert not np.isin(draws[0], draws[1]).any()
    assert (draws[0] == step_generator(3, 1).random(4)).all()  # those of a process alone


def test_two_processes_take_the_steps_of_their_mean_gradient(tmp_path: Path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    (tmp_path / "run").mkdir()
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*launch, "--standalone", str(program), str(tmp_path)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2)]
    assert found[0] == found[1]
    # One process alone, with the points of both: torch's own optimiser and schedule.
    torch.manual_seed(0)
    learner = nn.Linear(3, 1)
    optimiser = torch.optim.AdamW(learner.parameters(), RATE, weight_decay=1e-4)
    for step in range(STEPS):
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 20) * (1 + np.cos(np.pi * step / STEPS)) / 2
        draws = [step_generator(0, step, Ranks(rank, 2)).normal(size=(4, 3)) for rank in range(2)]
        x = torch.from_numpy(np.concatenate(draws).astype("float32"))
        optimiser.zero_grad()
        (learner(x) - x.sum(1, keepdim=True)).square().mean().backward()
        optimiser.step()
    for ours, theirs in zip(learner.parameters(), found[0], strict=True):
        assert ours.flatten().tolist() == pytest.approx(theirs, abs=1e-6)
    # The first process alone wrote.
    assert len((tmp_path / "run" / "log.jsonl").read_text().splitlines()) == STEPS
