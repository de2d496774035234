"""Which of several training processes this is, and what they do together; see `torchrun`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed, nn

from inphase.errors import InputError


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
        distributed.all_reduce(there, op=distributed.ReduceOp.MAX)
        return bool(there.item())

    @contextmanager
    def first_before_others(self) -> Iterator[None]:
        """Let the first process go ahead, such as to fill a cache, and the others follow."""
        if self.count > 1 and not self.first:
            distributed.barrier()
        yield
        if self.count > 1 and self.first:
            distributed.barrier()


@contextmanager
def joined(device: str = "auto") -> Iterator[tuple[Ranks, str]]:
    """Join the processes that `torchrun` started; alone without it.

    Args:
        device: Where training was asked to run; among several GPUs each process takes its own.

    Yields:
        This process, and its device.

    Raises:
        InputError: If there are more processes than GPUs on this machine.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1 or distributed.is_initialized():
        yield Ranks(), device
        return
    local = int(os.environ["LOCAL_RANK"])
    on_gpu = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
    if on_gpu:
        if local >= torch.cuda.device_count():
            raise InputError(
                f"process {local} of torchrun has no GPU of its own, for there are "
                f"{torch.cuda.device_count()}: lower --nproc-per-node"
            )
        device = f"cuda:{local}"
        torch.cuda.set_device(local)
    distributed.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield Ranks(distributed.get_rank(), distributed.get_world_size()), device
    finally:
        distributed.destroy_process_group()
