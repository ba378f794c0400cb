"""Fine-tune a pretrained network on labelled pictures."""

import csv
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import safetensors.torch
import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter

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
from wreckid.training.checkpoint import CHECKPOINT
from wreckid.training.config import TrainConfig
from wreckid.training.data import DataError, EvaluationSet, read_data
from wreckid.training.environment import libraries
from wreckid.training.loop import Lesson, learn
from wreckid.training.material import Material
from wreckid.training.ownphotos import drawn_back, load_release_weights
from wreckid.training.teacher import Teacher
from wreckid.training.team import gathered

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

    A run that was stopped goes on after its last whole epoch and ends as it would have ended.

    Raises:
        DataError: a set cannot be read, the held-out set has a label that is not trained, or the
            folder holds a run of another configuration.
    """
    torch.manual_seed(config.seed)
    material = Material.read(config)
    heldout = read_data(config.heldout)
    release = read_release(config.from_release) if config.from_release else None
    known = set(release.manifest.classes) if release else set()
    classes = _classes({photo.label for photo in material.all} | known)
    unknown = {photo.label for photo in heldout} - set(classes)
    if unknown:
        raise DataError(f"{config.heldout} has labels not in {config.train}: {sorted(unknown)}.")
    families = catalogue().families_of(classes)
    network = create_network(config.architecture, len(classes), config.drop_rate)
    if release:
        start = load_release_weights(network, classes, families, release)
    else:
        start = load_starting_weights(network, config.architecture)
    begun = {name: values.clone() for name, values in network.state_dict().items()}
    new = [number for number, name in enumerate(classes) if name not in known]
    finish = partial(drawn_back, start=begun, share=config.release_share, new=new)
    freeze_stem(network, config.frozen_stages)
    specs = [input_spec(network, size) for size in config.sizes]
    share = config.teacher_share
    teacher = Teacher(config.teacher, share, classes, specs[-1]) if config.teacher else None
    run = Run(folder, config, classes, specs[-1], start, len(material.all))
    lesson = Lesson(
        material.epochs(classes, specs),
        EvaluationSet(heldout, classes, specs[-1]),
        _numbers(families),
        finish,
        teacher,
    )
    with gathered() as team:
        if team.leads:
            _begin(run)
        for row, finished in learn(network, lesson, config, folder, team):
            if team.leads:
                _record(run, row, finished)
    return run


def read_run(folder: Path) -> Run:
    """Read the record of a run that came to its end.

    Raises:
        DataError: the folder holds none, or one that was stopped.
    """
    if not (folder / RUN).is_file() or not (folder / WEIGHTS).is_file():
        raise DataError(f"{folder} holds no finished run: make one with wreckid train.")
    record = json.loads((folder / RUN).read_text(encoding="utf-8"))
    run = Run(
        folder,
        TrainConfig.model_validate(record["config"]),
        tuple(record["classes"]),
        InputSpec.model_validate(record["input"]),
        StartingWeights.model_validate(record["starting_weights"]),
        record["pictures"],
    )
    done = len(_rows_before(folder / CURVES, epoch=run.config.epochs + 1))
    if done < run.config.epochs:
        raise DataError(
            f"{folder} was stopped after {done} of {run.config.epochs} epochs:"
            " repeat the command that began it."
        )
    return run


def _classes(labels: set[str]) -> tuple[str, ...]:
    """Types in alphabetical order, then not-a-uav."""
    return (*sorted(labels - {NOT_A_UAV}), NOT_A_UAV)


def _numbers(names: tuple[str, ...]) -> torch.Tensor:
    """A number for each name, the same for the same name, int[N]."""
    return torch.tensor([names.index(name) for name in names])


def _begin(run: Run) -> None:
    """Write down what is to be done, or see that it is what was begun."""
    record = {
        "config": run.config.model_dump(mode="json"),
        "classes": run.classes,
        "input": run.input.model_dump(),
        "starting_weights": run.starting_weights.model_dump(),
        "pictures": run.pictures,
        "libraries": libraries(),
    }
    text = json.dumps(record, indent=2) + "\n"
    run.folder.mkdir(parents=True, exist_ok=True)
    file = run.folder / RUN
    if (run.folder / CHECKPOINT).is_file() and file.read_text(encoding="utf-8") != text:
        raise DataError(f"{run.folder} holds another run: choose another --out.")
    file.write_text(text, encoding="utf-8")


def _record(run: Run, row: dict[str, float], finished: nn.Module) -> None:
    """Keep the finished weights and add a row to the curves."""
    safetensors.torch.save_model(finished, str(run.folder / WEIGHTS))
    rows = [*_rows_before(run.folder / CURVES, row["epoch"]), {k: str(v) for k, v in row.items()}]
    with (run.folder / CURVES).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(row))
        writer.writeheader()
        writer.writerows(rows)
    with SummaryWriter(str(run.folder)) as board:
        for name in ("loss", "heldout_top1"):
            board.add_scalar(name, row[name], int(row["epoch"]))


def _rows_before(file: Path, epoch: float) -> list[dict[str, str]]:
    if not file.is_file():
        return []
    with file.open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if float(row["epoch"]) < epoch]
