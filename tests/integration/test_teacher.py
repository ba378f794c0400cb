"""What a network learns beside the labels when a release teaches it."""

from collections.abc import Sequence

import numpy as np
import onnxruntime
import pytest
import torch

from wreckid.model.preprocessing import InputSpec
from wreckid.model.release import Release, shipped_release
from wreckid.training.data import DataError
from wreckid.training.teacher import Teacher


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


def teacher(release: Release, share: float, **changed: Sequence[str] | InputSpec) -> Teacher:
    told = {"classes": release.manifest.classes, "spec": release.manifest.input, **changed}
    return Teacher(release.folder, share, **told)  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_targets_lie_between_the_labels_and_the_answers_of_the_release(
    release: Release, answers: tuple[torch.Tensor, torch.Tensor], share: float
) -> None:
    images, probabilities = answers
    targets = teacher(release, share)(images, torch.tensor([3, 5]))
    expected = share * probabilities
    expected[[0, 1], [3, 5]] += 1 - share
    assert torch.allclose(targets, expected, atol=1e-3)


def test_a_release_of_other_types_cannot_teach(release: Release) -> None:
    with pytest.raises(DataError, match="its types or its input differ"):
        teacher(release, 0.5, classes=release.manifest.classes[1:])


def test_a_release_that_wants_other_pictures_cannot_teach(release: Release) -> None:
    greyer = release.manifest.input.model_copy(update={"std": (1.0, 1.0, 1.0)})
    with pytest.raises(DataError, match="its types or its input differ"):
        teacher(release, 0.5, spec=greyer)
