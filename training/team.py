"""The processes that share a training run: one alone, or several started by `torchrun`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist


@dataclass(frozen=True)
class Team:
    """This process among those that share the work.

    Attributes:
        rank: 0 for the one that writes.
        size: how many there are.
        device: where this one computes.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process writes files and progress."""
        return self.rank == 0


@contextmanager
def gathered() -> Iterator[Team]:
    """Join the other processes of `torchrun`, if any, for as long as the work lasts."""
    rank, size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if cuda else "cpu"
    if size == 1:
        yield Team(rank, size, torch.device(device))
        return
    dist.init_process_group("nccl" if cuda else "gloo")
    try:
        yield Team(rank, size, torch.device(device))
        dist.barrier()
    finally:
        dist.destroy_process_group()
