import numpy as np
import pytest
import torch

from wreckid.model.network import (
    PACKAGED,
    NetworkError,
    WreckNetwork,
    create_network,
    freeze_stem,
    input_spec,
    joined,
    load_starting_weights,
)

LITE0 = "tf_efficientnet_lite0"


@pytest.fixture
def network() -> WreckNetwork:
    torch.manual_seed(1)
    return create_network(LITE0, classes=4).eval()


@torch.inference_mode()
def test_the_class_map_and_the_bias_are_the_logits(network: WreckNetwork) -> None:
    outputs = network(torch.randn(3, 3, 96, 64))
    assert outputs.logits.shape == (3, 4)
    assert outputs.embedding.shape == (3, 1280)
    assert outputs.class_map.shape == (3, 4, 3, 2)
    mean = outputs.class_map.mean(dim=(2, 3)) + network.head.bias
    assert mean.numpy() == pytest.approx(outputs.logits.numpy(), abs=1e-5)


@torch.inference_mode()
def test_dropout_is_for_training_only() -> None:
    network = create_network(LITE0, classes=2, drop_rate=0.5).eval()
    images = torch.randn(1, 3, 64, 64)
    assert torch.equal(network(images).logits, network(images).logits)
    network.drop.train()
    assert not torch.equal(network(images).logits, network(images).logits)


@pytest.mark.parametrize("architecture", PACKAGED)
def test_packaged_weights_fit_and_are_loaded(architecture: str) -> None:
    network = create_network(architecture, classes=2)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    start = load_starting_weights(network, architecture)
    assert start.licence == "Apache-2.0"
    assert start.name.split()[0] in PACKAGED[architecture].package
    after = network.state_dict()
    stem = "backbone.conv_stem.weight"
    assert not torch.equal(after[stem], before[stem])
    assert torch.equal(after["head.weight"], before["head.weight"])
    assert all(value.isfinite().all() for value in after.values())
    variances = [v for name, v in after.items() if name.endswith("running_var")]
    assert variances and all((value >= 0).all() for value in variances)


@torch.inference_mode()
def test_pretrained_features_tell_pictures_apart_better_than_random_ones(
    network: WreckNetwork,
) -> None:
    """Weights put under wrong names would keep their shapes and lose their sense."""
    steps = np.linspace(-2, 2, 96, dtype=np.float32)
    stripes = np.sign(np.sin(20 * steps))
    pictures = [np.broadcast_to(row, (96, 96)) for row in (stripes, stripes[:, None])]
    images = torch.from_numpy(np.stack([np.stack([one] * 3) for one in pictures]))
    shifted = torch.roll(images, (3, 3), dims=(2, 3))

    def gain() -> float:
        one, moved = network(images).embedding, network(shifted).embedding
        same = torch.nn.functional.cosine_similarity(one, moved).mean()
        other = torch.nn.functional.cosine_similarity(one, moved.flip(0)).mean()
        return float(same - other)

    random = gain()
    load_starting_weights(network, LITE0)
    assert gain() > random + 0.1


def test_weights_of_another_network_are_refused() -> None:
    network = create_network("tf_efficientnet_lite2", classes=2)
    with pytest.raises(NetworkError, match="does not fit timm's tf_efficientnet_lite0"):
        load_starting_weights(network, LITE0)


@torch.inference_mode()
def test_networks_side_by_side_say_the_mean_of_what_they_say() -> None:
    torch.manual_seed(2)
    members = [create_network(name, classes=3).eval() for name in (LITE0, "resnet10t")]
    beside = create_network(f"{LITE0}+resnet10t", classes=3).eval()
    beside.load_state_dict(joined(members))
    images = torch.randn(2, 3, 96, 64)
    said, one, other = (network(images) for network in (beside, *members))
    for name in ("logits", "class_map"):
        mean = (getattr(one, name) + getattr(other, name)) / 2
        assert torch.allclose(getattr(said, name), mean, atol=1e-5)
    assert said.embedding.shape == (2, 1280 + 512)
    exact = said.class_map.mean(dim=(2, 3)) + beside.head.bias
    assert torch.allclose(exact, said.logits, atol=1e-5)


def test_backbones_side_by_side_start_and_freeze_like_each_alone() -> None:
    beside = create_network(f"{LITE0}+tf_efficientnet_lite2", classes=2)
    start = load_starting_weights(beside, f"{LITE0}+tf_efficientnet_lite2")
    assert "lite0" in start.name and "lite2" in start.name and start.licence == "Apache-2.0"
    alone = create_network(LITE0, classes=2)
    load_starting_weights(alone, LITE0)
    first = beside.backbone.state_dict()["members.0.conv_stem.weight"]
    assert torch.equal(first, alone.backbone.state_dict()["conv_stem.weight"])
    freeze_stem(beside, 2)
    frozen = [name for name, value in beside.named_parameters() if not value.requires_grad]
    assert {name.split(".")[2] for name in frozen} == {"0", "1"}
    assert input_spec(beside, 224) == input_spec(alone, 224)


@pytest.mark.parametrize(
    ("architecture", "reason"),
    [
        (f"{LITE0}+resnet10t", "want photos prepared in different ways"),
        (f"{LITE0}+vgg11", "their maps differ in size"),
    ],
)
def test_backbones_that_cannot_stand_side_by_side_are_refused(
    architecture: str, reason: str
) -> None:
    with pytest.raises(NetworkError, match=reason):
        input_spec(create_network(architecture, classes=2), 64)


@pytest.mark.parametrize("architecture", ["resnet9000", "", "tf_efficientnet_lite0.ghost"])
def test_an_architecture_that_timm_lacks_is_refused_in_one_sentence(architecture: str) -> None:
    with pytest.raises(NetworkError, match=r"timm has no architecture .*list_models") as refusal:
        create_network(architecture, classes=2)
    assert "\n" not in str(refusal.value)


def test_an_architecture_without_a_map_of_features_is_refused() -> None:
    with pytest.raises(NetworkError, match=r"not \[N, D, h, w\]: name another"):
        create_network("vit_tiny_patch16_224", classes=2)


@pytest.mark.parametrize("stages", [0, 1, 2, 5])
def test_freezing_keeps_the_first_stages_and_nothing_else(
    network: WreckNetwork, stages: int
) -> None:
    freeze_stem(network, stages)
    frozen = {name for name, value in network.named_parameters() if not value.requires_grad}
    kept = ("conv_stem", "bn1", *(f"blocks.{index}" for index in range(stages)))
    prefixes = tuple(f"backbone.{name}." for name in kept) if stages else ()
    expected = {name for name, _ in network.named_parameters() if name.startswith(prefixes or "-")}
    assert frozen == expected


def test_more_stages_than_there_are_cannot_be_frozen(network: WreckNetwork) -> None:
    with pytest.raises(NetworkError, match="no 99 stages to freeze: set frozen_stages: 0"):
        freeze_stem(network, 99)


def test_a_backbone_without_stages_cannot_be_frozen() -> None:
    network = create_network("resnet10t", classes=2)
    freeze_stem(network, 0)
    with pytest.raises(NetworkError, match="set frozen_stages: 0"):
        freeze_stem(network, 1)


def test_photos_are_prepared_as_the_backbone_was_trained(network: WreckNetwork) -> None:
    spec = input_spec(network, 224)
    assert (spec.size, spec.mean, spec.std) == (224, (0.5,) * 3, (0.5,) * 3)
    assert input_spec(create_network("resnet10t", 2), 64).mean != spec.mean
