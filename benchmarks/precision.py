"""Training steps a second on a CPU, with and without slow gradients spared.

`python benchmarks/precision.py [ARCHITECTURE]` takes steps in turn, over the same pictures.
"""

import argparse
import os
import statistics
import time

import torch
from rich.console import Console
from rich.table import Table

from wreckid.model.network import WreckNetwork, create_network, freeze_stem
from wreckid.training.config import TrainConfig
from wreckid.training.precision import spare_slow_gradients

BATCH, CLASSES, STEPS = 64, 47, 7
SIDES = (128, 224)


def network(config: TrainConfig) -> WreckNetwork:
    """The network as a run trains it, with random weights."""
    made = create_network(config.architecture, CLASSES)
    freeze_stem(made, config.frozen_stages)
    made.to(memory_format=torch.channels_last)
    return made.train()


def seconds(made: WreckNetwork, images: torch.Tensor, labels: torch.Tensor) -> float:
    """What forward and backward over a batch take."""
    start = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16):
        logits = made(images).logits
    loss = torch.nn.functional.cross_entropy(logits.float(), labels)
    torch.autograd.backward(loss)
    return time.perf_counter() - start


def rates(side: int, config: TrainConfig) -> tuple[float, float]:
    """Median pictures a second of both, the first step of each left out."""
    images = torch.rand(BATCH, 3, side, side).to(memory_format=torch.channels_last)
    labels = torch.randint(CLASSES, (BATCH,))
    plain, spared = network(config), network(config)
    spare_slow_gradients(spared)
    steps = [[seconds(made, images, labels) for made in (plain, spared)] for _ in range(STEPS)]
    one, other = (BATCH / statistics.median(taken) for taken in zip(*steps[1:], strict=True))
    return one, other


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architecture", nargs="?", default="tf_efficientnet_lite0")
    asked = parser.parse_args()
    config = TrainConfig.model_validate(
        {"architecture": asked.architecture, "train": "none", "heldout": "none"}
    )
    table = Table("px", "bfloat16, pictures/s", "spared, pictures/s", "ratio")
    for side in SIDES:
        plain, spared = rates(side, config)
        table.add_row(str(side), f"{plain:.1f}", f"{spared:.1f}", f"{spared / plain:.2f}")
    Console().print(f"{asked.architecture}, batches of {BATCH}, {os.cpu_count()} cores", table)


if __name__ == "__main__":
    main()
