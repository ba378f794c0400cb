"""Fine-tune a pretrained network on labelled pictures."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from rich.progress import Progress
from timm.optim import param_groups_layer_decay
from timm.scheduler import CosineLRScheduler
from timm.utils import ModelEmaV3
from torch import nn
from torch.utils.data import DataLoader, RandomSampler

from wreckid.datasets.catalogue import NOT_A_UAV, catalogue
from wreckid.model.network import (
    WreckNetwork,
    create_network,
    freeze_stem,
    input_spec,
    load_starting_weights,
)
from wreckid.model.preprocessing import InputSpec
from wreckid.model.release import WEIGHTS, StartingWeights, read_release
from wreckid.training.config import TrainConfig
from wreckid.training.data import DataError, EvaluationSet, TrainingSet, read_data
from wreckid.training.ownphotos import load_release_weights, mixed

RUN = "run.json"
CURVES = "curves.csv"


@dataclass(frozen=True)
class Run:
    """A finished training run as it lies in its folder."""

    folder: Path
    config: TrainConfig
    classes: tuple[str, ...]
    input: InputSpec
    starting_weights: StartingWeights
    pictures: int

    def network(self) -> WreckNetwork:
        """The trained network, ready to judge."""
        network = create_network(self.config.architecture, len(self.classes))
        network.load_state_dict(safetensors.torch.load_file(self.folder / WEIGHTS))
        return network.eval()


def finetune(config: TrainConfig, folder: Path) -> Run:
    """Train and leave averaged weights, curves and a record in a folder.

    Raises:
        DataError: a set cannot be read, or the held-out set has a label that is not trained.
    """
    torch.manual_seed(config.seed)
    rendered, heldout = read_data(config.train), read_data(config.heldout)
    own = read_data(config.photos) if config.photos else ()
    release = read_release(config.from_release) if config.from_release else None
    photos = (*rendered, *own)
    known = set(release.manifest.classes) if release else set()
    classes = _classes({photo.label for photo in photos} | known)
    unknown = {photo.label for photo in heldout} - set(classes)
    if unknown:
        raise DataError(f"{config.heldout} has labels not in {config.train}: {sorted(unknown)}.")
    network = create_network(config.architecture, len(classes), config.drop_rate)
    if release:
        families = catalogue().families_of(classes)
        start = load_release_weights(network, classes, families, release)
    else:
        start = load_starting_weights(network, config.architecture)
    freeze_stem(network, config.frozen_stages)
    spec = input_spec(network, config.size)
    sampler = mixed(rendered, own, config) if own else RandomSampler(photos)
    training = DataLoader(
        TrainingSet(photos, classes, spec),
        config.batch_size,
        sampler=sampler,
        drop_last=len(sampler) > config.batch_size,
        num_workers=1,
        persistent_workers=True,
    )
    checking = DataLoader(EvaluationSet(heldout, classes, spec), config.batch_size)
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(folder, config, classes, spec, start, len(photos))
    _record(run)
    for row, weights in _epochs(network, training, checking, config):
        safetensors.torch.save_model(weights, str(folder / WEIGHTS))
        _append(folder / CURVES, row)
    return run


def read_run(folder: Path) -> Run:
    """Read the record of a run.

    Raises:
        DataError: the folder holds none.
    """
    if not (folder / RUN).is_file() or not (folder / WEIGHTS).is_file():
        raise DataError(f"{folder} holds no finished run: make one with wreckid train CONFIG.")
    record = json.loads((folder / RUN).read_text(encoding="utf-8"))
    return Run(
        folder,
        TrainConfig.model_validate(record["config"]),
        tuple(record["classes"]),
        InputSpec.model_validate(record["input"]),
        StartingWeights.model_validate(record["starting_weights"]),
        record["pictures"],
    )


def _classes(labels: set[str]) -> tuple[str, ...]:
    """Types in alphabetical order, then not-a-uav."""
    return (*sorted(labels - {NOT_A_UAV}), NOT_A_UAV)


def _record(run: Run) -> None:
    record = {
        "config": run.config.model_dump(mode="json"),
        "classes": run.classes,
        "input": run.input.model_dump(),
        "starting_weights": run.starting_weights.model_dump(),
        "pictures": run.pictures,
    }
    (run.folder / RUN).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    (run.folder / CURVES).unlink(missing_ok=True)


def _append(file: Path, row: dict[str, float]) -> None:
    new = not file.exists()
    with file.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


def _epochs(
    network: WreckNetwork,
    training: DataLoader[tuple[torch.Tensor, int]],
    checking: DataLoader[tuple[torch.Tensor, int]],
    config: TrainConfig,
) -> Iterator[tuple[dict[str, float], nn.Module]]:
    """Train epoch by epoch; after each, the row for the curves and the averaged network."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(_parameter_groups(network, config), config.learning_rate)
    steps = config.epochs * len(training)
    scheduler = CosineLRScheduler(
        optimizer, steps, warmup_t=int(steps * config.warmup), t_in_epochs=False
    )
    average = ModelEmaV3(network, decay=config.averaging, use_warmup=True)
    criterion = nn.CrossEntropyLoss(label_smoothing=config.label_smoothing)
    step = 0
    with Progress() as progress:
        task = progress.add_task("Training", total=steps)
        for epoch in range(config.epochs):
            _train_mode(network)
            total = 0.0
            for images, labels in training:
                scheduler.step_update(step)
                with torch.autocast(device.type, torch.bfloat16):
                    logits = network(_placed(images, device)).logits
                loss = criterion(logits.float(), labels.to(device))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                step += 1
                average.update(network, step)
                total += float(loss.detach())
                progress.advance(task)
            correct = _accuracy(average.module, checking, device)
            row = {"epoch": epoch + 1, "loss": total / len(training), "heldout_top1": correct}
            yield row, average.module


def _parameter_groups(network: WreckNetwork, config: TrainConfig) -> list[dict[str, Any]]:
    """The head at a rate of its own, each stage of the backbone at a lower one the earlier it is.

    The scheduler applies each group's `lr_scale`.
    """
    backbone: list[dict[str, Any]] = param_groups_layer_decay(
        network.backbone, config.weight_decay, layer_decay=config.layer_decay
    )
    head = {"params": list(network.head.parameters()), "weight_decay": config.weight_decay}
    return [*backbone, {**head, "lr_scale": config.head_factor}]


def _placed(images: torch.Tensor, device: torch.device) -> torch.Tensor:
    return images.to(device, memory_format=torch.channels_last)


def _train_mode(network: nn.Module) -> None:
    """Train, but keep the batch statistics of the real photos the backbone was pretrained on."""
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


@torch.inference_mode()
def _accuracy(
    network: nn.Module, data: DataLoader[tuple[torch.Tensor, int]], device: torch.device
) -> float:
    network.eval()
    right = total = 0
    for images, labels in data:
        with torch.autocast(device.type, torch.bfloat16):
            logits = network(_placed(images, device)).logits
        right += int((logits.argmax(dim=1).cpu() == labels).sum())
        total += len(labels)
    return right / total
