"""Runs that stop and go on, and runs that several processes share."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor

from tests.e2e.test_training import LOOKS, made_set, retold
from wreckid.datasets.catalogue import NOT_A_UAV, catalogue
from wreckid.datasets.rendered import MANIFEST
from wreckid.model.network import create_network, input_spec
from wreckid.model.release import WEIGHTS, ReleaseFacts, write_release
from wreckid.training.checkpoint import CHECKPOINT
from wreckid.training.config import TrainConfig
from wreckid.training.data import DataError
from wreckid.training.environment import Provenance
from wreckid.training.export import halved, onnx_bytes, parity, weights_bytes
from wreckid.training.finetune import finetune
from wreckid.training.loop import Criterion
from wreckid.training.run import CURVES, LOG, RECORD, read_run


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


def steps(folder: Path) -> float:
    """How many steps each process of a run made."""
    return safetensors.torch.load_file(folder / CHECKPOINT)["optimizer.0.step"].item()


def epochs_in_log(folder: Path) -> list[str]:
    """What the log says of each epoch, once though it was learnt twice."""
    sentences = [line.split(" ", 1)[1] for line in (folder / LOG).read_text().splitlines()]
    return list(dict.fromkeys(one for one in sentences if one.startswith("Epoch")))


def killed_at(time: int, does: Callable[..., Any]) -> Callable[..., Any]:
    """A function that does what another does until it is called for that time."""
    calls = count(1)

    def until_killed(*arguments: Any) -> Any:
        if next(calls) == time:
            raise KeyboardInterrupt
        return does(*arguments)

    return until_killed


@pytest.mark.parametrize(
    ("moment", "time"),
    [
        *(("wreckid.training.loop.accuracy", epoch) for epoch in (1, 2)),
        *(("pathlib.Path.replace", file) for file in range(1, 8)),
    ],
)
def test_a_run_killed_at_any_moment_ends_as_if_it_had_not_been_stopped(
    config: TrainConfig,
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    time: int,
) -> None:
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(moment, killed_at(time, resolve_name(moment)))
        finetune(config, tmp_path)
    finetune(config, tmp_path)
    assert (tmp_path / CURVES).read_text() == (finished / CURVES).read_text()
    assert epochs_in_log(tmp_path) == epochs_in_log(finished)
    ended = read_run(tmp_path).network().state_dict()
    for name, value in weights(finished).items():
        assert torch.equal(ended[name], value), name


def test_a_folder_with_another_run_is_refused(config: TrainConfig, finished: Path) -> None:
    before = (finished / WEIGHTS).read_bytes()
    with pytest.raises(DataError, match="another run: choose another --out"):
        finetune(config.model_copy(update={"seed": 8}), finished)
    assert (finished / WEIGHTS).read_bytes() == before


def test_a_run_is_not_gone_on_with_after_its_pictures_changed(
    config: TrainConfig, tmp_path: Path
) -> None:
    train = Path(shutil.copytree(config.train, tmp_path / "train"))
    own = config.model_copy(update={"train": train, "epochs": 1})
    finetune(own, tmp_path / "run")
    rows = (train / MANIFEST).read_text().splitlines(keepends=True)
    (train / MANIFEST).write_text("".join(reversed(rows)))
    with pytest.raises(DataError, match=r"begun with other pictures \(train\): put those back or"):
        finetune(own, tmp_path / "run")


def test_a_run_goes_on_with_other_code_and_libraries(
    config: TrainConfig, finished: Path, tmp_path: Path
) -> None:
    run = retold(finished, tmp_path / "run", commit="0" * 12, libraries={"torch": "2.0"})
    before = (run / RECORD).read_bytes()
    finetune(config, run)
    assert (run / RECORD).read_bytes() == before


def test_what_a_run_is_made_with_holds_teachers_and_photos_that_releases_knew(
    config: TrainConfig,
    tmp_path: Path,
    facts: Callable[..., ReleaseFacts],
    files: dict[str, bytes],
) -> None:
    knew = facts().training.model_copy(update={"data": {"own photos": "a" * 64, "train": "b" * 64}})
    release = write_release(tmp_path / "before", facts(training=knew), files)
    told = {"from_releases": (release.folder,), "teachers": (release.folder,)}
    data = Provenance.now(config.model_copy(update=told)).data
    assert data.items() - Provenance.now(config).data.items() == {
        ("own photos of start 1", "a" * 64),
        ("own photos of teacher 1", "a" * 64),
        ("teacher 1", release.sha256),
    }


def test_without_git_the_commit_is_unknown(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert Provenance.now(config).commit == "unknown"


def test_a_run_that_does_not_say_what_it_was_made_with_goes_on(
    config: TrainConfig, finished: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(finished, tmp_path / "run"))
    record = json.loads((run / RECORD).read_text())
    del record["provenance"]
    (run / RECORD).write_text(json.dumps(record | {"libraries": {"torch": "2.0"}}))
    finetune(config, run)
    assert read_run(run).provenance.data == read_run(finished).provenance.data


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
    assert steps(tmp_path / "run") == 11 // 4 + 6 // 4  # Of 21 mixed pictures, then of 12 scenes.


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
    taught = config.model_copy(update={"teachers": (teacher,), "teacher_share": 0.9})
    finetune(taught, tmp_path / "run")
    before, after = (weights(run)["head.bias"] for run in (finished, tmp_path / "run"))
    assert after[0] - after[1:].max() > before[0] - before[1:].max()


def test_releases_side_by_side_learn_on_and_are_served_as_one(
    config: TrainConfig,
    tmp_path: Path,
    facts: Callable[..., ReleaseFacts],
    files: dict[str, bytes],
) -> None:
    names = ("tf_efficientnet_lite0", "tf_efficientnet_lite2")
    classes = (*sorted(set(LOOKS) - {NOT_A_UAV}), NOT_A_UAV)
    told = {"classes": classes, "families": catalogue().families_of(classes)}
    alone = [create_network(name, len(LOOKS)) for name in names]
    releases = tuple(
        write_release(
            tmp_path / name, facts(architecture=name, **told), files | {WEIGHTS: weights_bytes(one)}
        ).folder
        for name, one in zip(names, alone, strict=True)
    )
    settings = {"architecture": "+".join(names), "from_releases": releases, "epochs": 1}
    run = finetune(config.model_copy(update=settings), tmp_path / "run")
    network = halved(run.network())
    moved = network.state_dict()["backbone.members.1.conv_stem.weight"]
    assert not torch.equal(moved, alone[1].backbone.state_dict()["conv_stem.weight"])
    images = np.random.default_rng(1).normal(size=(2, 3, 64, 64)).astype(np.float32)
    assert parity(network, onnx_bytes(network, 64), images) < 1e-3


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
