"""Which of several training processes this is, and what they do together; see `torchrun`."""

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed, nn

from inphase.errors import InputError, TrainingError

# The others wait while the first computes features, of a large collection for hours.
_PATIENCE = timedelta(days=7)


@dataclass(frozen=True)
class Ranks:
    """This process among those that train together; one alone by default.

    Attributes:
        rank: Number of this one, from 0.
        count: How many there are.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def average_gradients(self, learner: nn.Module) -> None:
        """Give every process the mean of all gradients, so that all take the same step."""
        if self.count == 1:
            return
        learned = [each for each in learner.parameters() if each.requires_grad]
        # One message for all. A part that one process had no use for counts as zero there.
        flat = torch.cat(
            [(torch.zeros_like(p) if p.grad is None else p.grad).flatten().float() for p in learned]
        )
        with _others_there():
            distributed.all_reduce(flat)
        flat /= self.count
        pieces = flat.split([each.numel() for each in learned])
        for parameter, piece in zip(learned, pieces, strict=True):
            parameter.grad = piece.view_as(parameter).to(parameter.dtype)

    def any(self, here: bool) -> bool:
        """Whether it holds in any process; all get the same answer."""
        if self.count == 1:
            return here
        device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
        there = torch.tensor(float(here), device=device)
        with _others_there():
            distributed.all_reduce(there, op=distributed.ReduceOp.MAX)
            return bool(there.item())

    def share(self, learner: nn.Module) -> None:
        """Give every process what the first has learned beside weights, as of batch norm."""
        if self.count > 1:
            for each in learner.buffers():
                with _others_there():
                    distributed.broadcast(each, 0)

    @contextmanager
    def first_before_others(self) -> Iterator[None]:
        """Let the first process go ahead, such as to fill a cache, and the others follow.

        Raises:
            InputError: In the others, if there was an error in the first.
        """
        if not self.first:
            if self.any(False):
                raise InputError("the first of the processes has stopped: see what it says")
            yield
            return
        try:
            yield
        except BaseException:
            with suppress(TrainingError):
                self.any(True)
            raise
        self.any(False)


@contextmanager
def _others_there() -> Iterator[None]:
    """Say in one sentence that another process has ended: to torch it is a lost connection."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise TrainingError("another of the processes has stopped: see what it says") from error


def processes() -> int:
    """How many processes `torchrun` started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def joined(device: str = "auto") -> Iterator[tuple[Ranks, str]]:
    """Join the processes that `torchrun` started; alone without it.

    They stay together until they end, for whoever left could not join again for the next training.

    Args:
        device: Where training was asked to run; among several GPUs each process takes its own.

    Yields:
        This process, and its device.

    Raises:
        InputError: If there are more processes than GPUs on this machine.
    """
    if processes() == 1:
        yield Ranks(), device
        return
    local = int(os.environ.get("LOCAL_RANK", "0"))
    on_gpu = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
    if on_gpu:
        if local >= torch.cuda.device_count():
            raise InputError(
                f"process {local} of torchrun has no GPU of its own, for there are "
                f"{torch.cuda.device_count()}: lower --nproc-per-node"
            )
        device = f"cuda:{local}"
        torch.cuda.set_device(local)
    if not distributed.is_initialized():
        distributed.init_process_group("nccl" if on_gpu else "gloo", timeout=_PATIENCE)
        atexit.register(distributed.destroy_process_group)
    yield Ranks(distributed.get_rank(), distributed.get_world_size()), device
