"""Runs that stop and go on, and runs that several processes share."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor

from tests.e2e.test_training import LOOKS, made_set
from wreckid.datasets.catalogue import NOT_A_UAV, catalogue
from wreckid.model.network import create_network, input_spec
from wreckid.model.release import WEIGHTS, ReleaseFacts, write_release
from wreckid.training.checkpoint import CHECKPOINT
from wreckid.training.config import TrainConfig
from wreckid.training.data import DataError
from wreckid.training.export import weights_bytes
from wreckid.training.finetune import finetune
from wreckid.training.loop import Criterion
from wreckid.training.run import CURVES, LOG, Run


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    """Two short epochs, the first on smaller pictures and with sketches."""
    place = tmp_path_factory.mktemp("sets")
    wanted: dict[str, Any] = {
        "train": made_set(place / "train", each=4, seed=1),
        "heldout": made_set(place / "heldout", each=2, seed=2),
        "sketches": made_set(place / "sketches", each=3, seed=3),
        "size": 64,
        "early_size": 32,
        "epochs": 2,
        "batch_size": 4,
        "batch_statistics": "trained",
        "family_weight": 0.5,
        "frozen_stages": 0,
        "workers": 0,
    }
    return TrainConfig(**wanted)


@pytest.fixture(scope="module")
def finished(config: TrainConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing stopped."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    finetune(config, folder)
    return folder


def weights(folder: Path) -> dict[str, Tensor]:
    return safetensors.torch.load_file(folder / WEIGHTS)


def test_a_stopped_run_ends_as_if_it_had_not_been_stopped(
    config: TrainConfig, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Run, "keep", killed)
        finetune(config, tmp_path)
    assert (tmp_path / CHECKPOINT).is_file() and not (tmp_path / WEIGHTS).exists()
    finetune(config, tmp_path)
    assert [line.split()[1] for line in (tmp_path / LOG).read_text().splitlines()] == [
        "Beginning:",
        "Going",
        "Epoch",
    ]
    assert (tmp_path / CURVES).read_text().splitlines()[-1] == (
        finished / CURVES
    ).read_text().splitlines()[-1]
    for name, value in weights(finished).items():
        assert torch.equal(weights(tmp_path)[name], value), name


def test_a_folder_with_another_run_is_refused(config: TrainConfig, finished: Path) -> None:
    before = (finished / WEIGHTS).read_bytes()
    with pytest.raises(DataError, match="another run: choose another --out"):
        finetune(config.model_copy(update={"seed": 8}), finished)
    assert (finished / WEIGHTS).read_bytes() == before


def test_a_finished_run_leaves_curves_to_look_at(finished: Path) -> None:
    assert len((finished / CURVES).read_text().splitlines()) == 3
    assert list(finished.glob("events.out.tfevents.*"))


def test_two_processes_share_a_run(config: TrainConfig, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(config.model_dump_json())
    done = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"),
            *("--no-python", str(Path(sys.executable).with_name("wreckid"))),
            *("train", str(file), "--out", str(tmp_path / "run")),
        ],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "3 classes from 21 pictures" in done.stdout
    assert len((tmp_path / "run" / CURVES).read_text().splitlines()) == 3
    assert all(value.isfinite().all() for value in weights(tmp_path / "run").values())


def test_a_release_teaches_what_it_says(
    config: TrainConfig,
    finished: Path,
    tmp_path: Path,
    facts: Callable[..., ReleaseFacts],
    files: dict[str, bytes],
) -> None:
    one_minded = create_network(config.architecture, len(LOOKS))
    with torch.no_grad():
        one_minded.head.bias[0] += 100
    spec = input_spec(one_minded, 32)
    classes = (*sorted(set(LOOKS) - {NOT_A_UAV}), NOT_A_UAV)
    told = facts(
        architecture=config.architecture,
        classes=classes,
        families=catalogue().families_of(classes),
        input=spec,
    )
    weights_of = {WEIGHTS: weights_bytes(one_minded)}
    teacher = write_release(tmp_path / "release", told, files | weights_of).folder
    taught = config.model_copy(update={"teacher": teacher, "teacher_share": 0.9})
    finetune(taught, tmp_path / "run")
    before, after = (weights(run)["head.bias"] for run in (finished, tmp_path / "run"))
    assert after[0] - after[1:].max() > before[0] - before[1:].max()


def test_the_family_counts_beside_the_type(config: TrainConfig) -> None:
    logits = torch.tensor([[3.0, 2.0, -1.0]])
    label = torch.tensor([0])
    families = torch.tensor([0, 0, 2])
    alone, beside = (
        Criterion(families, config.model_copy(update={"family_weight": weight}))
        for weight in (0.0, 1.0)
    )
    share = logits.softmax(dim=1)[0, :2].sum()
    assert beside(logits, label, label) - alone(logits, label, label) == pytest.approx(
        -float(share.log()), abs=1e-5
    )
