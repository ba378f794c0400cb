"""Going on from a release with few photos of one's own, mixed with rendered pictures.

The rendered pictures keep alive what the release knows (rehearsal, Robins, 1995), and so does
drawing the finished weights back to those of the release (WiSE-FT, Wortsman et al., 2022).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path

import safetensors.torch
import torch
from torch import nn

from wreckid.model.network import BESIDE, WreckNetwork, create_network, joined, together
from wreckid.model.release import Release, StartingWeights
from wreckid.training.config import TrainConfig
from wreckid.training.data import DataError, LabelledPhoto
from wreckid.training.photos.photoset import INDEX

GENTLE = {
    "epochs": 4,
    "epoch_pictures": 3000,
    "head_factor": 2.0,
    "frozen_stages": 0,
    "release_share": 0.5,
}
"""What suits few photos (docs/experiments.md): a head that need not hurry, first stages that get
used to another camera, weights halfway between the release and what was learnt, and 12,000
pictures, which take minutes on 2 cores."""


def gentle_config(release: Release, photos: Path, renders: Path) -> TrainConfig:
    """How to go on from a release with photos.

    Args:
        release: where the weights start.
        photos: a set; of one that was split, the sides train and calibration.
        renders: a folder with the rendered sets train and heldout.
    """
    is_split = (photos / "train" / INDEX).is_file()
    return TrainConfig.model_validate(
        {
            "train": renders / "train",
            "heldout": renders / "heldout",
            "from_releases": [release.folder],
            "photos": photos / "train" if is_split else photos,
            "calibration": photos / "calibration" if is_split else None,
            "architecture": release.manifest.architecture,
            "size": release.manifest.input.size,
            **GENTLE,
        }
    )


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


def by_type(photos: Sequence[LabelledPhoto]) -> list[float]:
    """How often each photo is drawn, with a sum of 1.

    Photos of a type are drawn in proportion to the square root of their number (Mahajan et al.,
    2018), so that a single photo is neither lost nor learnt by heart.
    """
    counts = Counter(photo.label for photo in photos)
    total = sum(count**0.5 for count in counts.values())
    return [counts[photo.label] ** -0.5 / total for photo in photos]
