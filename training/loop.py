"""The epochs of a fine-tune: batches, rates, averages, checkpoints."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import torch
from rich.progress import Progress
from timm.optim import param_groups_layer_decay
from timm.scheduler import CosineLRScheduler
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, WeightedRandomSampler
from torch.utils.data.distributed import DistributedSampler

from wreckid.model.network import WreckNetwork, backbones_of
from wreckid.training import checkpoint
from wreckid.training.config import TrainConfig
from wreckid.training.data import DataError, EvaluationSet, TrainingSet
from wreckid.training.precision import spare_slow_gradients
from wreckid.training.run import in_words
from wreckid.training.teachers import Teachers
from wreckid.training.team import Team


@dataclass(frozen=True)
class Mix:
    """How pictures are drawn.

    Attributes:
        shares: how often each is drawn beside the others.
        drawn: how many are drawn in an epoch, by all processes together.
    """

    shares: Sequence[float]
    drawn: int


@dataclass(frozen=True)
class Epoch:
    """What one epoch learns from.

    Attributes:
        pictures: at the epoch's size.
        mix: how they are drawn; else each is drawn once.
    """

    pictures: TrainingSet
    mix: Mix | None = None


@dataclass(frozen=True)
class Lesson:
    """What is to be learnt: pictures of one epoch after another, and pictures to check on.

    Attributes:
        epochs: one after another.
        checking: held-out pictures.
        family_of: int[C], the number of the family of each class.
        finish: what is made of the averaged network after each epoch.
        teachers: make targets of labels, if any.
    """

    epochs: tuple[Epoch, ...]
    checking: EvaluationSet
    family_of: Tensor
    finish: Callable[[nn.Module], nn.Module]
    teachers: Teachers | None = None


def learn(
    network: WreckNetwork, lesson: Lesson, config: TrainConfig, folder: Path, team: Team
) -> Iterator[tuple[dict[str, float], nn.Module]]:
    """Train epoch by epoch, from the last checkpoint of the folder on.

    Yields:
        After each epoch the row for the curves, and the finished network. The checkpoint comes
        after they are taken, so that a killed run has kept all that it does not learn again.
    """
    network.to(team.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(_parameter_groups(network, config), config.learning_rate)
    average = ModelEmaV3(network, decay=config.averaging, use_warmup=True)
    modules = {"network": network, "average": average.module}
    if team.device.type == "cpu":
        spare_slow_gradients(network)
    first = checkpoint.restore(folder, modules, optimizer)
    shared = DistributedDataParallel(network) if team.size > 1 else network
    batches = [len(_batches(lesson, config, epoch, team)) for epoch in range(config.epochs)]
    starts = [sum(batches[:epoch]) for epoch in range(config.epochs + 1)]
    steps = starts[-1]
    scheduler = CosineLRScheduler(
        optimizer, steps, warmup_t=int(steps * config.warmup), t_in_epochs=False
    )
    criterion = Criterion(lesson.family_of.to(team.device), config)
    teachers = lesson.teachers.to(team.device) if lesson.teachers else None
    with Progress(disable=not team.leads) as progress:
        task = progress.add_task("Training", total=steps, completed=starts[first])
        for epoch in range(first, len(lesson.epochs)):
            _train_mode(network, config)
            total = 0.0
            batches_now = _read(_batches(lesson, config, epoch, team))
            for step, batch in enumerate(batches_now, starts[epoch]):
                scheduler.step_update(step)
                images, labels = _placed(batch, team.device)
                with torch.autocast(team.device.type, torch.bfloat16):
                    logits = shared(images).logits
                    targets = teachers(images, labels) if teachers else labels
                loss = criterion(logits.float(), labels, targets)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                average.update(network, step)
                total += float(loss.detach())
                progress.advance(task)
            finished = lesson.finish(average.module)
            top1 = accuracy(finished, lesson.checking, config.batch_size, team.device)
            row = {"epoch": epoch + 1, "loss": total / batches[epoch], "heldout_top1": top1}
            if team.leads:
                progress.console.print(in_words(row, config.epochs))
            yield row, finished
            if team.leads:
                checkpoint.save(folder, epoch + 1, modules, optimizer)


class Criterion(nn.Module):
    """Cross-entropy of the type, and of its family as the sum of the family's types.

    Args:
        family_of: int[C], the number of the family of each class.
        config: smoothing, and the weight of the family.
    """

    def __init__(self, family_of: Tensor, config: TrainConfig) -> None:
        super().__init__()
        self._family_of = family_of
        self._members = nn.functional.one_hot(family_of).float()
        self._types = nn.CrossEntropyLoss(label_smoothing=config.label_smoothing)
        self._weight = config.family_weight

    def forward(self, logits: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
        """The mean loss of float[N, C] logits under int[N] labels.

        Args:
            logits: to be judged.
            labels: whose families count.
            targets: the labels, or float[N, C] between them and what teachers say.
        """
        families = (logits.softmax(dim=1) @ self._members).clamp_min(1e-7).log()
        family_loss = nn.functional.nll_loss(families, self._family_of[labels])
        loss: Tensor = self._types(logits, targets) + self._weight * family_loss
        return loss


def _batches(
    lesson: Lesson, config: TrainConfig, epoch: int, team: Team
) -> DataLoader[tuple[Tensor, int]]:
    """The batches of an epoch, which depend on nothing but seed, epoch and rank."""
    torch.manual_seed((config.seed << 20) + epoch * team.size + team.rank)
    sampler = _sampler(lesson.epochs[epoch], config.seed, epoch, team)
    return DataLoader(
        lesson.epochs[epoch].pictures,
        config.batch_size,
        sampler=sampler,
        drop_last=len(sampler) > config.batch_size,
        num_workers=config.workers,
    )


def _read(batches: DataLoader[tuple[Tensor, int]]) -> Iterator[Sequence[Tensor]]:
    """Batches, read by processes whose errors come with their traceback.

    Raises:
        DataError: a picture cannot be read; without the traceback.
    """
    try:
        yield from batches
    except DataError as error:
        raise DataError(str(error).rpartition(f"{DataError.__name__}: ")[2].strip()) from error


def _sampler(
    wanted: Epoch, seed: int, epoch: int, team: Team
) -> WeightedRandomSampler | DistributedSampler[Any]:
    """Draws a process's part of the pictures of an epoch."""
    if wanted.mix:
        return WeightedRandomSampler(wanted.mix.shares, ceil(wanted.mix.drawn / team.size))
    shuffled: DistributedSampler[Any] = DistributedSampler(
        wanted.pictures, team.size, team.rank, seed=seed
    )
    shuffled.set_epoch(epoch)
    return shuffled


def _parameter_groups(network: WreckNetwork, config: TrainConfig) -> list[dict[str, Any]]:
    """The head at a rate of its own, each stage of a backbone at a lower one the earlier it is.

    The scheduler applies each group's `lr_scale`.
    """
    stages: list[dict[str, Any]] = [
        group
        for backbone in backbones_of(network)
        for group in param_groups_layer_decay(
            backbone, config.weight_decay, layer_decay=config.layer_decay
        )
    ]
    head = {"params": list(network.head.parameters()), "weight_decay": config.weight_decay}
    return [*stages, {**head, "lr_scale": config.head_factor}]


def _train_mode(network: nn.Module, config: TrainConfig) -> None:
    """Train, but keep the batch statistics of layers that do not learn."""
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            learns = module.weight.requires_grad and config.batch_statistics == "trained"
            module.train(learns)


def _placed(batch: Sequence[Tensor], device: torch.device) -> tuple[Tensor, Tensor]:
    images, labels = batch
    return images.to(device, memory_format=torch.channels_last), labels.to(device)


@torch.inference_mode()
def accuracy(
    network: nn.Module, pictures: EvaluationSet, batch_size: int, device: torch.device
) -> float:
    """Share of pictures whose first candidate is right."""
    network.eval()
    right = 0
    for batch in DataLoader(pictures, batch_size):
        images, labels = _placed(batch, device)
        with torch.autocast(device.type, torch.bfloat16):
            logits = network(images).logits
        right += int((logits.argmax(dim=1) == labels).sum())
    return right / len(pictures)
