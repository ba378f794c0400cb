"""Fine-tune a pretrained network on labelled pictures."""

from functools import partial
from pathlib import Path

import torch

from wreckid.datasets.catalogue import NOT_A_UAV, catalogue
from wreckid.model.network import (
    create_network,
    freeze_stem,
    input_spec,
    load_starting_weights,
)
from wreckid.model.release import read_release
from wreckid.training.config import TrainConfig
from wreckid.training.data import DataError, EvaluationSet, read_data
from wreckid.training.environment import Provenance
from wreckid.training.loop import Lesson, learn
from wreckid.training.material import Material
from wreckid.training.run import Run
from wreckid.training.starting import drawn_back, load_releases
from wreckid.training.teachers import Teachers
from wreckid.training.team import gathered


def finetune(config: TrainConfig, folder: Path) -> Run:
    """Train and leave averaged weights, curves and a record in a folder.

    A run that was stopped goes on after its last whole epoch and ends as it would have ended.

    Raises:
        DataError: a set cannot be read, the held-out set has a label that is not trained, or the
            folder holds a run of another configuration or of other pictures.
    """
    torch.manual_seed(config.seed)
    material = Material.read(config)
    heldout = read_data(config.heldout)
    releases = [read_release(folder) for folder in config.from_releases]
    known = [set(release.manifest.classes) for release in releases]
    classes = _classes({photo.label for photo in material.all}.union(*known))
    unknown = {photo.label for photo in heldout} - set(classes)
    if unknown:
        raise DataError(f"{config.heldout} has labels not in {config.train}: {sorted(unknown)}.")
    families = catalogue().families_of(classes)
    network = create_network(config.architecture, len(classes), config.drop_rate)
    if releases:
        start = load_releases(network, classes, families, releases)
    else:
        start = load_starting_weights(network, config.architecture)
    begun = {name: values.clone() for name, values in network.state_dict().items()}
    new = [number for number, name in enumerate(classes) if not all(name in one for one in known)]
    finish = partial(drawn_back, start=begun, share=config.release_share, new=new)
    freeze_stem(network, config.frozen_stages)
    specs = [input_spec(network, size) for size in config.sizes]
    teachers = Teachers.of(config, classes, specs[-1]) if config.teachers else None
    made_with = Provenance.now(config)
    run = Run(folder, config, classes, specs[-1], start, len(material.all), made_with)
    lesson = Lesson(
        material.epochs(classes, specs),
        EvaluationSet(heldout, classes, specs[-1]),
        _numbers(families),
        finish,
        teachers,
    )
    with gathered() as team:
        if team.leads:
            run.begin()
        for row, finished in learn(network, lesson, config, folder, team):
            if team.leads:
                run.keep(row, finished)
    return run


def _classes(labels: set[str]) -> tuple[str, ...]:
    """Types in alphabetical order, then not-a-uav."""
    return (*sorted(labels - {NOT_A_UAV}), NOT_A_UAV)


def _numbers(names: tuple[str, ...]) -> torch.Tensor:
    """A number for each name, the same for the same name, int[N]."""
    return torch.tensor([names.index(name) for name in names])
