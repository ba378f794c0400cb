"""A trained network -> the files of a release, and the proof that they agree."""

import numpy as np
import numpy.typing as npt
import onnxruntime
import safetensors.torch
import torch

from wreckid.datasets.errors import SetupError
from wreckid.model.network import Outputs, WreckNetwork

TOLERANCE = 1e-3
"""Largest difference between the outputs of ONNX Runtime and torch."""


class ExportError(SetupError):
    """The exported network does not say what the trained one says."""


def halved(network: WreckNetwork) -> WreckNetwork:
    """Round the weights to half precision, in place, so that both files hold the same numbers."""
    return network.half().float()


def weights_bytes(network: WreckNetwork) -> bytes:
    """The weights of a halved network as safetensors in half precision."""
    state = {
        name: value.half() if value.is_floating_point() else value
        for name, value in network.state_dict().items()
    }
    return safetensors.torch.save(state)


def onnx_bytes(network: WreckNetwork, size: int) -> bytes:
    """The network as ONNX: `images` float32[N, 3, size, size] in, three named outputs."""
    program = torch.onnx.export(
        network,
        (torch.zeros(2, 3, size, size),),
        input_names=["images"],
        output_names=list(Outputs._fields),
        dynamic_shapes=({0: torch.export.Dim("N", min=1)},),
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    return bytes(program.model_proto.SerializeToString())


@torch.inference_mode()
def parity(network: WreckNetwork, onnx: bytes, images: npt.NDArray[np.float32]) -> float:
    """Largest difference over all outputs between ONNX Runtime and torch on images.

    Raises:
        ExportError: it is above `TOLERANCE`.
    """
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    exported = session.run(list(Outputs._fields), {"images": images})
    trained = network(torch.from_numpy(images))
    gap = max(
        float(np.abs(one - other.numpy()).max())
        for one, other in zip(exported, trained, strict=True)
    )
    if gap > TOLERANCE:
        raise ExportError(f"ONNX and torch differ by {gap:.2g}, more than {TOLERANCE}.")
    return gap
