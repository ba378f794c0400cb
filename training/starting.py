"""Going on from releases: their weights at the start, and their share of the finished ones.

Weights drawn back to those that a run started from keep what these knew (WiSE-FT, Wortsman et al.,
2022).
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy

import safetensors.torch
import torch
from torch import nn

from wreckid.model.network import BESIDE, WreckNetwork, create_network, joined, together
from wreckid.model.release import Release, StartingWeights
from wreckid.training.data import DataError


def load_releases(
    network: WreckNetwork,
    classes: Sequence[str],
    families: Sequence[str],
    releases: Sequence[Release],
) -> StartingWeights:
    """Put the weights of a release into a network, or of one release into each of its backbones.

    Networks of several releases side by side say at first the mean of what these say, in logits.

    Raises:
        DataError: the releases have other architectures.
    """
    if len(releases) == 1:
        return load_release_weights(network, classes, families, releases[0])
    members = [create_network(one.manifest.architecture, len(classes)) for one in releases]
    starts = [
        load_release_weights(member, classes, families, release)
        for member, release in zip(members, releases, strict=True)
    ]
    try:
        network.load_state_dict(joined(members))
    except RuntimeError as error:
        names = BESIDE.join(one.manifest.architecture for one in releases)
        raise DataError(f"These releases are {names}: name that architecture.") from error
    return together(starts)


def load_release_weights(
    network: WreckNetwork, classes: Sequence[str], families: Sequence[str], release: Release
) -> StartingWeights:
    """Put the weights of a release into a network that may know further types.

    A new type starts as the mean of its family, or of all types where the family is new too.

    Raises:
        DataError: the release has another architecture.
    """
    saved = {
        name: value.float() for name, value in safetensors.torch.load_file(release.weights).items()
    }
    old = release.manifest
    for name in ("head.weight", "head.bias"):
        rows = zip(classes, families, strict=True)
        saved[name] = torch.stack(
            [_row(saved[name], one, family, old.classes, old.families) for one, family in rows]
        )
    try:
        network.load_state_dict(saved)
    except RuntimeError as error:
        raise DataError(
            f"{release.folder} is a {old.architecture}: name that architecture."
        ) from error
    start = old.starting_weights
    name = f"{old.name} {old.version} ({release.sha256[:12]}), from {start.name}"
    return StartingWeights(name=name, licence=start.licence)


def drawn_back(
    network: nn.Module, start: Mapping[str, torch.Tensor], share: float, new: Sequence[int]
) -> nn.Module:
    """A copy of a network with weights between its own and those that it started from.

    Args:
        network: what was learnt.
        start: the weights that it started from.
        share: of the start in every weight, from 0 to 1.
        new: rows of the head whose types the start did not know; they stay as they were learnt.
    """
    drawn = deepcopy(network)
    for name, values in drawn.state_dict().items():
        if values.is_floating_point():
            learnt = values[list(new)] if name.startswith("head.") else None
            values.lerp_(start[name].to(values.device), share)
            if learnt is not None:
                values[list(new)] = learnt
    return drawn


def _row(
    values: torch.Tensor,
    name: str,
    family: str,
    classes: Sequence[str],
    families: Sequence[str],
) -> torch.Tensor:
    """The head's row of a class, of its own or of its family."""
    if name in classes:
        return values[classes.index(name)]
    kin = [index for index, one in enumerate(families) if one == family]
    return values[kin or slice(None)].mean(dim=0)
