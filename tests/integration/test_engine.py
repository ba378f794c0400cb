from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from wreckid.model.release import NETWORK, Release, ReleaseError, ReleaseFacts, write_release
from wreckid.serving.engine import Engine

BIAS = np.array([0, 0, 0, 0, 1], np.float32)


def test_shapes_and_the_exact_class_map(release: Release) -> None:
    batch = np.random.default_rng(1).normal(size=(3, 3, 64, 64)).astype(np.float32)
    outputs = Engine(release).run(batch)
    assert outputs.logits.shape == (3, 5)
    assert outputs.embedding.shape == (3, 3)
    assert outputs.class_map.shape == (3, 5, 4, 4)
    assert outputs.class_map.mean(axis=(2, 3)) + BIAS == pytest.approx(outputs.logits, abs=1e-4)


def test_a_batch_answers_as_its_photos_alone(release: Release) -> None:
    engine = Engine(release)
    batch = np.random.default_rng(2).normal(size=(4, 3, 64, 64)).astype(np.float32)
    alone = np.concatenate([engine.run(batch[[index]]).logits for index in range(4)])
    assert engine.run(batch).logits == pytest.approx(alone, abs=1e-5)


def test_a_network_that_is_none_is_refused(
    tmp_path: Path, facts: Callable[..., ReleaseFacts], files: dict[str, bytes]
) -> None:
    broken = write_release(tmp_path, facts(), files | {NETWORK: b"not a network"})
    with pytest.raises(ReleaseError, match="cannot be loaded by ONNX Runtime"):
        Engine(broken)
