"""A release to arrays, with ONNX Runtime on the CPU."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnxruntime

from wreckid.model.release import Release, ReleaseError

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Outputs:
    """What the network says of N photos.

    Attributes:
        logits: [N, C], one a class.
        embedding: [N, D].
        class_map: [N, C, h, w]; the mean over h and w, plus a bias a class, is the logits.
    """

    logits: Array
    embedding: Array
    class_map: Array


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


def stacked(parts: Sequence[Outputs]) -> Outputs:
    """Outputs of several runs as those of one."""
    return Outputs(
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.embedding for part in parts]),
        np.concatenate([part.class_map for part in parts]),
    )


def unstacked(outputs: Outputs) -> Iterator[Outputs]:
    """Outputs of N photos as N outputs of one photo."""
    for n in range(len(outputs.logits)):
        one = slice(n, n + 1)
        yield Outputs(outputs.logits[one], outputs.embedding[one], outputs.class_map[one])


def _options() -> onnxruntime.SessionOptions:
    """One thread a run: callers run several at once, and no core waits for another."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return options
