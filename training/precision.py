"""Where bfloat16 is slower than full precision."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def spare_slow_gradients(network: nn.Module) -> None:
    """Have a network on a CPU compute some convolutions in full precision, in place.

    oneDNN has no fast gradient in bfloat16 for convolutions by channel whose kernels are wider
    than 3 or whose strides are above 1 (`benchmarks/precision.py` measures it). The weights and
    their names stay as they are. A copy made afterwards would share the convolutions with the
    original: copy first.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and _is_slow(module):
            module.forward = _in_full_precision(module.forward)  # type: ignore[method-assign, assignment]


def _is_slow(convolution: nn.Conv2d) -> bool:
    by_channel = convolution.groups == convolution.in_channels > 1
    large = max(convolution.kernel_size) > 3 or max(convolution.stride) > 1
    return by_channel and large and convolution.weight.requires_grad


def _in_full_precision(forward: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    def computed(features: Tensor) -> Tensor:
        with torch.autocast(features.device.type, enabled=False):
            return forward(features.float())

    return computed
