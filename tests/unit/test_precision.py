"""Some convolutions are computed in full precision although the rest is not."""

import pytest
import torch
from torch import Tensor, nn

from wreckid.training.precision import spare_slow_gradients

FEATURES = torch.randn(2, 8, 12, 12, generator=torch.Generator().manual_seed(0))


def judged(convolution: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Output of a convolution, and the gradient of its weights, under bfloat16 where allowed."""
    with torch.autocast("cpu", torch.bfloat16):
        output = convolution(FEATURES)
    (gradient,) = torch.autograd.grad(output.float().square().sum(), [convolution.weight])
    return output, gradient


@pytest.mark.parametrize(("kernel", "stride"), [(5, 1), (3, 2), (5, 2)])
def test_wide_or_striding_convolutions_by_channel_are_exact(kernel: int, stride: int) -> None:
    convolution = nn.Conv2d(8, 8, kernel, stride, groups=8)
    exact = convolution(FEATURES)
    (gradient,) = torch.autograd.grad(exact.square().sum(), [convolution.weight])
    assert not torch.equal(judged(convolution)[0].float(), exact)
    spare_slow_gradients(convolution)
    output, spared = judged(convolution)
    assert torch.equal(output, exact)
    assert torch.equal(spared, gradient)


@pytest.mark.parametrize("groups", [1, 8])
def test_other_convolutions_stay_in_bfloat16(groups: int) -> None:
    convolution = nn.Conv2d(8, 8, 3 if groups > 1 else 5, groups=groups)
    spare_slow_gradients(convolution)
    assert judged(convolution)[0].dtype == torch.bfloat16


def test_what_does_not_learn_stays_in_bfloat16() -> None:
    convolution = nn.Conv2d(8, 8, 5, groups=8).requires_grad_(requires_grad=False)
    spare_slow_gradients(convolution)
    with torch.autocast("cpu", torch.bfloat16):
        assert convolution(FEATURES).dtype == torch.bfloat16


def test_names_of_weights_stay() -> None:
    network = nn.Sequential(nn.Conv2d(8, 8, 5, groups=8))
    names = list(network.state_dict())
    spare_slow_gradients(network)
    assert list(network.state_dict()) == names
