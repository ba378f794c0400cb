"""Photos that tell of each other: of one incident, from one source, or copies of one picture."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from wreckid.serving.duplicates import first_copies
from wreckid.training.photos.photoset import PhotoRow


class Tie(NamedTuple):
    """What photos have in common: `the incident Odesa 2024-05`, or that they are copies."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"the {self.kind} {self.name}"


def ties(rows: Sequence[PhotoRow]) -> Mapping[Tie, list[int]]:
    """Which photos, by number, have what in common."""
    found: dict[Tie, list[int]] = {}
    for number, tie in _tied(rows):
        found.setdefault(tie, []).append(number)
    return found


def clusters(rows: Sequence[PhotoRow]) -> npt.NDArray[np.int64]:
    """The number of each photo's cluster, int[N]; tied photos, also through others, share one."""
    pairs = [(numbers[0], other) for numbers in ties(rows).values() for other in numbers]
    first, second = np.array(pairs).T
    graph = coo_array((np.ones(len(pairs)), (first, second)), shape=(len(rows), len(rows)))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _tied(rows: Sequence[PhotoRow]) -> Iterator[tuple[int, Tie]]:
    copies = first_copies([row.sha256 for row in rows], [row.looks for row in rows])
    for number, (row, first) in enumerate(zip(rows, copies, strict=True)):
        yield number, Tie("incident", row.incident)
        yield number, Tie("source", row.source)
        yield number, Tie("picture", rows[first].received)
