"""A release to arrays, with ONNX Runtime on the CPU."""

import onnxruntime

from wreckid.model.outputs import Array, Outputs
from wreckid.model.release import Release, ReleaseError


class Engine:
    """A loaded network; one engine may be shared by threads."""

    def __init__(self, release: Release) -> None:
        """Load the network.

        Raises:
            ReleaseError: ONNX Runtime cannot load it.
        """
        try:
            self._session = onnxruntime.InferenceSession(
                release.network, _options(), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's errors share no public base.
            raise ReleaseError(
                f"{release.network} cannot be loaded by ONNX Runtime:"
                " use a release made for this version of wreckid."
            ) from error

    def run(self, batch: Array) -> Outputs:
        """Run the network on normalised photos, float32[N, 3, H, W]."""
        logits, embedding, class_map = self._session.run(
            ["logits", "embedding", "class_map"], {"images": batch}
        )
        return Outputs(logits, embedding, class_map)


def _options() -> onnxruntime.SessionOptions:
    """One thread a run: callers run several at once, and no core waits for another."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return options
