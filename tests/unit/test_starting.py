"""Going on from releases: what their weights become."""

from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from wreckid.datasets.catalogue import NOT_A_UAV, catalogue
from wreckid.model.network import BESIDE, WreckNetwork, create_network
from wreckid.model.release import WEIGHTS, Release, ReleaseFacts, write_release
from wreckid.training.config import TrainConfig
from wreckid.training.data import DataError
from wreckid.training.starting import drawn_back, load_release_weights, load_releases

OLD = ("shahed-131", "shahed-136", "orlan-10", NOT_A_UAV)
NEW = ("banshee-300-400", "orlan-10", "shahed-131", "shahed-136", NOT_A_UAV)


def network(classes: int, features: int = 4) -> WreckNetwork:
    return WreckNetwork(torch.nn.Conv2d(3, features, 1), features, classes, drop_rate=0)


@pytest.fixture
def trained() -> WreckNetwork:
    torch.manual_seed(1)
    return network(len(OLD)).half()


@pytest.fixture
def release(
    tmp_path: Path,
    facts: Callable[..., ReleaseFacts],
    files: dict[str, bytes],
    trained: WreckNetwork,
) -> Release:
    weights = safetensors.torch.save(trained.state_dict())
    told = facts(classes=OLD, families=catalogue().families_of(OLD))
    return write_release(tmp_path / "release", told, files | {WEIGHTS: weights})


def test_known_types_keep_their_rows_and_a_new_one_starts_as_its_family(
    release: Release, trained: WreckNetwork
) -> None:
    begun = network(len(NEW))
    families = catalogue().families_of(NEW)
    start = load_release_weights(begun, NEW, families, release)
    for values, old in (
        (begun.head.weight, trained.head.weight),
        (begun.head.bias, trained.head.bias),
    ):
        for name in OLD:
            assert torch.equal(values[NEW.index(name)], old[OLD.index(name)].float())
        kin = (old[0].float() + old[1].float()) / 2
        assert families[0] == release.manifest.families[0] == release.manifest.families[1]
        assert torch.allclose(values[0], kin)
    assert start.name.startswith("tiny 0.0.1 (")


def test_a_type_of_a_new_family_starts_as_the_mean_of_all(
    release: Release, trained: WreckNetwork
) -> None:
    classes = (*OLD[:-1], "tu-141", NOT_A_UAV)
    begun = network(len(classes))
    load_release_weights(begun, classes, catalogue().families_of(classes), release)
    assert torch.allclose(begun.head.weight[3], trained.head.weight.float().mean(dim=0))


@given(share=st.floats(0, 1), seed=st.integers(0, 99))
def test_finished_weights_lie_between_start_and_what_was_learnt(share: float, seed: int) -> None:
    torch.manual_seed(seed)
    start, learnt, new = network(4).state_dict(), network(4), [1, 3]
    before = {name: values.clone() for name, values in learnt.state_dict().items()}
    drawn = drawn_back(learnt, start, share, new).state_dict()
    for name, values in drawn.items():
        between = share * start[name] + (1 - share) * before[name]
        if name.startswith("head."):
            between[new] = before[name][new]
        assert torch.allclose(values.double(), between.double(), atol=1e-6)
        assert torch.equal(learnt.state_dict()[name], before[name])


def test_a_share_of_a_release_needs_one() -> None:
    with pytest.raises(ValueError, match="release_share needs from_releases"):
        TrainConfig.model_validate({"train": "t", "heldout": "h", "release_share": 0.5})


def test_another_architecture_is_refused(release: Release) -> None:
    with pytest.raises(DataError, match="is a tiny: name that architecture"):
        load_release_weights(network(len(OLD), 5), OLD, catalogue().families_of(OLD), release)


def test_releases_side_by_side_say_the_mean_of_what_they_say(
    tmp_path: Path, facts: Callable[..., ReleaseFacts], files: dict[str, bytes]
) -> None:
    names = ("resnet10t", "resnet18")
    alone = [create_network(name, len(OLD)).eval() for name in names]
    told = {"classes": OLD, "families": catalogue().families_of(OLD)}
    releases = [
        write_release(
            tmp_path / name,
            facts(architecture=name, **told),
            files | {WEIGHTS: safetensors.torch.save(one.state_dict())},
        )
        for name, one in zip(names, alone, strict=True)
    ]
    beside = create_network(BESIDE.join(names), len(OLD)).eval()
    start = load_releases(beside, OLD, told["families"], releases)
    images = torch.randn(1, 3, 64, 64)
    mean = sum(one(images).logits for one in alone) / 2
    assert torch.allclose(beside(images).logits, mean, atol=1e-4)
    assert start.name.count("tiny 0.0.1 (") == 2
    with pytest.raises(DataError, match=r"are resnet18\+resnet10t: name that architecture"):
        load_releases(beside, OLD, told["families"], releases[::-1])
