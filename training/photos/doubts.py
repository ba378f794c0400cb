"""Labels that a release finds hard to believe (confident learning, Northcutt et al., 2021)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cleanlab.filter import find_label_issues

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Doubt:
    """A photo, by number, whose label is likely wrong, and what the release takes it for."""

    number: int
    rather: str
    confidence: float


def doubts(
    probabilities: Array, labels: Sequence[str], classes: Sequence[str]
) -> tuple[Doubt, ...]:
    """Photos that are likely labelled wrongly, the most doubtful first.

    A photo is doubted where the release is surer of another type than it is on average of photos
    that bear that type's label. The weaker the release, the more of its doubts are its own
    mistakes. Labels that it does not know are not judged.

    Args:
        probabilities: of a release that was not trained on these photos, float[N, C].
        labels: of the N photos.
        classes: of the release.
    """
    index = {name: number for number, name in enumerate(classes)}
    judged = np.array([n for n, label in enumerate(labels) if label in index], np.int64)
    if not len(judged):
        return ()
    given = np.array([index[labels[number]] for number in judged])
    shares = probabilities[judged]
    found = find_label_issues(
        given,
        shares,
        return_indices_ranked_by="self_confidence",
        filter_by="confident_learning",
        n_jobs=1,
    )
    return tuple(
        Doubt(int(judged[n]), classes[int(shares[n].argmax())], float(shares[n].max()))
        for n in found
    )
