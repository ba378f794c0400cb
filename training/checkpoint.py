"""The state of a run after an epoch, in one safetensors file."""

from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from wreckid.serving.custody import write_whole

CHECKPOINT = "checkpoint.safetensors"


def save(
    folder: Path, epoch: int, modules: dict[str, nn.Module], optimizer: torch.optim.Optimizer
) -> None:
    """Keep modules and optimizer as they are after an epoch; a kill leaves the file before."""
    tensors = {
        f"{name}.{key}": value.contiguous()
        for name, module in modules.items()
        for key, value in module.state_dict().items()
    }
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{key}": value.contiguous() for key, value in state.items()}
    write_whole(folder / CHECKPOINT, [safetensors.torch.save(tensors, {"epoch": str(epoch)})])


def restore(folder: Path, modules: dict[str, nn.Module], optimizer: torch.optim.Optimizer) -> int:
    """Bring modules and optimizer to where a run stopped.

    Returns:
        How many epochs are done; 0 if there is no checkpoint.
    """
    file = folder / CHECKPOINT
    if not file.is_file():
        return 0
    with safetensors.safe_open(file, "pt") as opened:
        tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
        epoch = int(opened.metadata()["epoch"])
    for name, module in modules.items():
        module.load_state_dict(_under(f"{name}.", tensors))
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in _under("optimizer.", tensors).items():
        number, field = key.split(".", 1)
        state.setdefault(int(number), {})[field] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    return epoch


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
    return {
        key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)
    }
