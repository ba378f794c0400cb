"""What the network says of photos, as arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
