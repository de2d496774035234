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

# The first goes ahead, in one training after another, and what batch norm has seen is shared; then
# the first has an error.
TOGETHER = """
import sys
from pathlib import Path
from torch import nn
from inphase.errors import InputError
from inphase.ranks import joined

folder = Path(sys.argv[1])
for turn in range(4):
    with joined("cpu") as (ranks, device):
        with ranks.first_before_others():
            if ranks.first:
                (folder / f"turn {turn}").touch()
            assert (folder / f"turn {turn}").exists()
        norm = nn.BatchNorm1d(2)
        norm.running_mean.fill_(ranks.rank + 1)
        ranks.share(norm)
        assert norm.running_mean.tolist() == [1, 1] and ranks.any(ranks.rank == turn % 2)
with joined("cpu") as (ranks, device):
    try:
        with ranks.first_before_others():
            if ranks.first:
                raise OSError("the disk is full")
    except (OSError, InputError) as error:
        (folder / str(ranks.rank)).write_text(str(error))
"""

# The second ends without a word, as one that is killed.
ALONE = """
import sys
from pathlib import Path
from torch import nn
from inphase.errors import TrainingError
from inphase.ranks import joined

with joined("cpu") as (ranks, device):
    learner = nn.Linear(3, 1)
    ranks.average_gradients(learner)
    if ranks.first:
        told = []
        for talk in (ranks.average_gradients, lambda _: ranks.any(False), ranks.share):
            try:
                while True:
                    talk(nn.BatchNorm1d(2))
            except TrainingError as error:
                told.append(str(error))
        (Path(sys.argv[1]) / "told").write_text("; ".join(told))
"""


def launch(folder: Path, text: str) -> None:
    """Run a program in two processes, each given the folder."""
    program = folder / "program.py"
    program.write_text(text)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*command, "--standalone", str(program), str(folder)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def test_a_process_alone_is_the_first_of_one():
    with joined("cpu") as (ranks, device):
        assert ranks == Ranks(0, 1) and ranks.first and device == "cpu"
    assert ranks.any(True) and not ranks.any(False)
    with ranks.first_before_others():
        pass
    with pytest.raises(OSError, match="full"), ranks.first_before_others():
        raise OSError("the disk is full")


def test_the_first_goes_ahead_each_time_and_nobody_waits_for_it_after_an_error(tmp_path: Path):
    launch(tmp_path, TOGETHER)
    assert (tmp_path / "0").read_text() == "the disk is full"
    assert "the first of the processes has stopped" in (tmp_path / "1").read_text()


def test_whoever_is_left_says_so_in_one_sentence(tmp_path: Path):
    launch(tmp_path, ALONE)
    told = (tmp_path / "told").read_text().split("; ")
    assert told == ["another of the processes has stopped: see what it says"] * 3


def test_processes_have_random_numbers_of_their_own():
    draws = [step_generator(3, 1, Ranks(rank, 2)).random(4) for rank in range(2)]
    assert not np.isin(draws[0], draws[1]).any()
    assert (draws[0] == step_generator(3, 1).random(4)).all()  # those of a process alone


def test_two_processes_take_the_steps_of_their_mean_gradient(tmp_path: Path):
    (tmp_path / "run").mkdir()
    launch(tmp_path, PROGRAM)
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
