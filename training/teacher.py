"""A release that says what it makes of each picture, to be learnt beside the label.

A network learns faster from what another one, which already knows the types, takes a picture for
than from the bare label (knowledge distillation, Hinton et al., 2015), where both see the same
crop of it (Beyer et al., 2022).
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from wreckid.model.network import create_network
from wreckid.model.preprocessing import InputSpec
from wreckid.model.release import read_release
from wreckid.training.data import DataError
from wreckid.training.ownphotos import load_release_weights


class Teacher(nn.Module):
    """Targets between the labels of pictures and what a release makes of them.

    Args:
        folder: of the release.
        share: of the release in each target, from 0 to 1.
        classes: of the network that learns.
        spec: how its pictures are prepared.

    Raises:
        DataError: the release knows other classes, or wants pictures prepared in another way.
    """

    def __init__(self, folder: Path, share: float, classes: Sequence[str], spec: InputSpec) -> None:
        super().__init__()
        release = read_release(folder)
        known = release.manifest
        told = (known.classes, known.input.mean, known.input.std)
        if told != (tuple(classes), spec.mean, spec.std):
            raise DataError(f"{folder} cannot teach this network: its types or its input differ.")
        self._share = share
        self._network = create_network(known.architecture, len(classes))
        load_release_weights(self._network, classes, known.families, release)
        self._network.eval().requires_grad_(False)

    @torch.no_grad()
    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Targets float[N, C] that sum to 1, for normalised images and their int[N] labels."""
        logits = self._network(images).logits.float()
        exact = nn.functional.one_hot(labels, logits.shape[1]).float()
        return exact.lerp(logits.softmax(dim=1), self._share)
