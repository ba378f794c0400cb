"""Releases that say what they make of each picture, to be learnt beside the label.

A network learns faster from what others, which already know the types, take a picture for than
from the bare label (knowledge distillation, Hinton et al., 2015), where all see the same crop of
it (Beyer et al., 2022). Several of different kinds err differently, and together they teach better
than each (Freitag et al., 2017).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from wreckid.model.network import WreckNetwork, create_network
from wreckid.model.preprocessing import InputSpec
from wreckid.model.release import read_release
from wreckid.training.config import TrainConfig
from wreckid.training.data import DataError
from wreckid.training.starting import load_release_weights


class Teachers(nn.Module):
    """Targets between the labels of pictures and what releases make of them together.

    Args:
        networks: of the releases, one or more.
        share: of the releases in each target, from 0 to 1.
    """

    def __init__(self, networks: Sequence[WreckNetwork], share: float) -> None:
        super().__init__()
        self._networks = nn.ModuleList(networks)
        self._share = share
        self.eval().requires_grad_(False)

    @classmethod
    def of(cls, config: TrainConfig, classes: Sequence[str], spec: InputSpec) -> Self:
        """The teachers that a configuration names.

        Args:
            config: names them, and their share.
            classes: of the network that learns.
            spec: how its pictures are prepared.

        Raises:
            DataError: a release knows other classes, or wants pictures prepared in another way.
        """
        networks = [_network(folder, classes, spec) for folder in config.teachers]
        return cls(networks, config.teacher_share)

    @torch.no_grad()
    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Targets float[N, C] that sum to 1, for normalised images and their int[N] labels.

        The releases together: the mean of their logits, so the geometric mean of their answers.
        """
        logits = torch.stack([network(images).logits.float() for network in self._networks])
        together = logits.mean(dim=0).softmax(dim=1)
        exact = nn.functional.one_hot(labels, together.shape[1]).float()
        return exact.lerp(together, self._share)


def _network(folder: Path, classes: Sequence[str], spec: InputSpec) -> WreckNetwork:
    release = read_release(folder)
    known = release.manifest
    if (known.classes, known.input.mean, known.input.std) != (tuple(classes), spec.mean, spec.std):
        raise DataError(f"{folder} cannot teach this network: its types or its input differ.")
    network = create_network(known.architecture, len(classes))
    load_release_weights(network, classes, known.families, release)
    return network
