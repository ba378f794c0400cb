"""What a network learns beside the labels when releases teach it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import safetensors.torch
import torch

from wreckid.model.preprocessing import InputSpec
from wreckid.model.release import (
    WEIGHTS,
    Release,
    ReleaseFacts,
    shipped_release,
    write_release,
)
from wreckid.training.config import TrainConfig
from wreckid.training.data import DataError
from wreckid.training.teachers import Teachers


@pytest.fixture(scope="module")
def release() -> Release:
    return shipped_release()


@pytest.fixture(scope="module")
def answers(release: Release) -> tuple[torch.Tensor, torch.Tensor]:
    """Two images of noise and what the service's own network makes of them."""
    side = release.manifest.input.size
    images = np.random.default_rng(1).normal(size=(2, 3, side, side)).astype(np.float32)
    session = onnxruntime.InferenceSession(release.network, providers=["CPUExecutionProvider"])
    logits = session.run(["logits"], {"images": images})[0]
    return torch.from_numpy(images), torch.from_numpy(logits).softmax(dim=1)


def teachers(
    *releases: Release,
    share: float = 0.5,
    classes: Sequence[str] | None = None,
    spec: InputSpec | None = None,
) -> Teachers:
    told = {
        "train": "nowhere",
        "heldout": "nowhere",
        "teachers": [release.folder for release in releases],
        "teacher_share": share,
    }
    learner = releases[0].manifest
    return Teachers.of(
        TrainConfig.model_validate(told), classes or learner.classes, spec or learner.input
    )


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_targets_lie_between_the_labels_and_the_answers_of_the_release(
    release: Release, answers: tuple[torch.Tensor, torch.Tensor], share: float
) -> None:
    images, probabilities = answers
    targets = teachers(release, share=share)(images, torch.tensor([3, 5]))
    expected = share * probabilities
    expected[[0, 1], [3, 5]] += 1 - share
    assert torch.allclose(targets, expected, atol=1e-3)


def test_the_answers_of_several_releases_are_taken_together(
    release: Release, answers: tuple[torch.Tensor, torch.Tensor], tmp_path: Path
) -> None:
    flattened = _with_weights_times(0.0, release, tmp_path / "flattened")
    targets = teachers(release, flattened, share=0.9)(answers[0], torch.tensor([3, 5]))
    expected = 0.9 * (answers[1].log() / 2).softmax(dim=1)
    expected[[0, 1], [3, 5]] += 0.1
    assert torch.allclose(targets, expected, atol=1e-3)


def _with_weights_times(factor: float, release: Release, folder: Path) -> Release:
    """The release with the weights of its head multiplied."""
    files = {name: (release.folder / name).read_bytes() for name in release.manifest.files}
    weights = safetensors.torch.load(files[WEIGHTS])
    for name in ("head.weight", "head.bias"):
        weights[name] *= factor
    files[WEIGHTS] = safetensors.torch.save(weights)
    facts = ReleaseFacts(**release.manifest.model_dump(exclude={"files"}))
    return write_release(folder, facts, files)


def test_a_release_of_other_types_cannot_teach(release: Release) -> None:
    with pytest.raises(DataError, match="its types or its input differ"):
        teachers(release, classes=release.manifest.classes[1:])


def test_a_release_that_wants_other_pictures_cannot_teach(release: Release) -> None:
    greyer = release.manifest.input.model_copy(update={"std": (1.0, 1.0, 1.0)})
    with pytest.raises(DataError, match="its types or its input differ"):
        teachers(release, spec=greyer)
