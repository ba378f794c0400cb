from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wreckid.training
from wreckid.training.config import SIDE_STEP, ConfigError, TrainConfig

SETS = "train: renders/train\nheldout: renders/heldout\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "run.yaml"


def test_paths_are_relative_to_the_file(file: Path) -> None:
    file.write_text(SETS)
    config = TrainConfig.read(file)
    assert config.train == file.parent / "renders/train"
    assert config.heldout == file.parent / "renders/heldout"


def test_an_absolute_path_stays_what_it_is(file: Path) -> None:
    file.write_text("train: /data/train\nheldout: /data/heldout\n")
    assert TrainConfig.read(file).train == Path("/data/train")


def test_what_is_written_overrides_the_defaults(file: Path) -> None:
    file.write_text(SETS + "epochs: 3\nfrozen_stages: 0\n")
    config = TrainConfig.read(file)
    assert (config.epochs, config.frozen_stages) == (3, 0)
    assert config.architecture == "tf_efficientnet_lite0"


def config_of(**fields: int) -> TrainConfig:
    return TrainConfig.model_validate({"train": "train", "heldout": "heldout", **fields})


@given(st.integers(32, 512), st.integers(32, 512), st.integers(1, 40))
def test_input_sides_grow_evenly_to_the_last(first: int, last: int, epochs: int) -> None:
    first, last = sorted((first, last))
    config = config_of(size=last, early_size=first, epochs=epochs)
    steps = [after - before for before, after in pairwise(config.sizes)]
    assert len(config.sizes) == epochs
    assert config.sizes[-1] == last
    assert epochs == 1 or abs(config.sizes[0] - first) <= SIDE_STEP / 2
    assert max(steps, default=0) - min(steps, default=0) <= 2 * SIDE_STEP
    assert all(step >= -SIDE_STEP / 2 for step in steps)


@given(st.integers(32, 512), st.integers(1, 40))
def test_without_an_early_size_all_sides_are_the_same(side: int, epochs: int) -> None:
    config = config_of(size=side, epochs=epochs)
    assert config.sizes == (side,) * epochs


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("heldout: here\n", "train"),
        ("train: here\n", "heldout"),
        (SETS + "epochs: 0\n", "epochs"),
        (SETS + "epochs: many\n", "epochs"),
        (SETS + "batch_size: 0\n", "batch_size"),
        (SETS + "size: 16\n", "size"),
        (SETS + "learning_rate: -0.1\n", "learning_rate"),
        (SETS + "layer_decay: 1.1\n", "layer_decay"),
        (SETS + "averaging: 1\n", "averaging"),
        (SETS + "frozen_stages: -1\n", "frozen_stages"),
        (SETS + "epoch: 3\n", "epoch"),
        (SETS + "seed: -1\n", "seed"),
    ],
)
def test_a_wrong_field_is_named(file: Path, text: str, field: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError, match=rf"run\.yaml: {field}: .*\.$") as refusal:
        TrainConfig.read(file)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text", ["", "- train\n", "here"])
def test_a_file_without_fields_is_refused(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"run\.yaml: Input should be "):
        TrainConfig.read(file)


@pytest.mark.parametrize("content", [b"train: [", "train: плёнка\n".encode("cp1251")])
def test_a_file_that_is_no_yaml_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"run\.yaml cannot be read"):
        TrainConfig.read(file)


def test_a_missing_file_is_refused(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"run\.yaml cannot be read"):
        TrainConfig.read(file)


def test_the_configuration_of_make_release_is_valid() -> None:
    config = TrainConfig.read(Path(wreckid.training.__file__).with_name("release.yaml"))
    assert config.train.name != config.heldout.name
