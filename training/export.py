"""A trained network -> the files of a release, and the proof that they agree."""

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import safetensors.torch
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx_ir.passes.common import ClearMetadataAndDocStringPass
from onnxscript import optimizer

from wreckid.datasets.errors import SetupError
from wreckid.model.network import Outputs, WreckNetwork

TOLERANCE = 1e-3
"""Largest difference between the outputs of ONNX Runtime and torch."""
TOGETHER = 8
"""Pictures that torch takes at once: each needs tens of megabytes."""


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
    """A halved network as ONNX: `images` float32[N, 3, size, size] in, three named outputs.

    Batch norms are left for ONNX Runtime to fold into the convolutions as it loads the network:
    folded weights would no longer be exact in half precision. What the exporter notes of the
    code, with the paths of the machine it ran on, is left out.
    """
    program = torch.onnx.export(
        network,
        (torch.zeros(2, 3, size, size),),
        input_names=["images"],
        output_names=list(Outputs._fields),
        dynamic_shapes=({0: torch.export.Dim("N", min=1)},),
        dynamo=True,
        optimize=False,
        verbose=False,
    )
    assert program is not None
    optimizer.fold_constants(program.model)
    optimizer.remove_unused_nodes(program.model)
    ClearMetadataAndDocStringPass()(program.model)
    return bytes(_packed(program.model_proto).SerializeToString())


def _packed(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model, in place, with weights in half precision wherever that is exact.

    ONNX Runtime casts them back once, as it loads the network.
    """
    casts = []
    for weight in model.graph.initializer:
        half = _exact_half(weight)
        if half is not None:
            casts.append(helper.make_node("Cast", [half.name], [weight.name], to=TensorProto.FLOAT))
            weight.CopyFrom(half)
    for place, cast in enumerate(casts):
        model.graph.node.insert(place, cast)
    return model


def _exact_half(weight: TensorProto) -> TensorProto | None:
    """A float32 weight in half precision, if it loses nothing by it."""
    if weight.data_type != TensorProto.FLOAT:
        return None
    values = numpy_helper.to_array(weight)
    with np.errstate(over="ignore"):
        half = values.astype(np.float16)
    return numpy_helper.from_array(half, f"{weight.name}.half") if (half == values).all() else None


def parity(network: WreckNetwork, onnx: bytes, images: npt.NDArray[np.float32]) -> float:
    """Largest difference over all outputs between ONNX Runtime and torch on images, few at a time.

    Raises:
        ExportError: it is above `TOLERANCE`.
    """
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    starts = range(0, len(images), TOGETHER)
    gap = max(_gap(network, session, images[start : start + TOGETHER]) for start in starts)
    if gap > TOLERANCE:
        raise ExportError(f"ONNX and torch differ by {gap:.2g}, more than {TOLERANCE}.")
    return gap


@torch.inference_mode()
def _gap(
    network: WreckNetwork, session: onnxruntime.InferenceSession, images: npt.NDArray[np.float32]
) -> float:
    exported = session.run(list(Outputs._fields), {"images": images})
    trained = network(torch.from_numpy(images))
    return max(
        float(np.abs(one - other.numpy()).max())
        for one, other in zip(exported, trained, strict=True)
    )
