"""A set -> train, calibration and test, with nothing in common between them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedGroupKFold

from wreckid.training.photos.clusters import clusters
from wreckid.training.photos.photoset import SIDES, PhotoRow, PhotosError, Side, write_index

FOLDS = (5, 4, 3)
"""Parts tried, fewest last; one each for calibration and test, the others for training."""
SHUFFLES = 100
"""Arrangements tried for each number of parts."""

Split = Mapping[Side, tuple[PhotoRow, ...]]
Numbers = npt.NDArray[np.int64]


def split_set(place: Path, rows: Sequence[PhotoRow], rare_to_train: bool, seed: int) -> Split:
    """Split a set and write an index of each side below it; see `split`."""
    sides = split(rows, rare_to_train, seed)
    for side in SIDES:
        write_index(place / side, (replace(row, file=f"../{row.file}") for row in sides[side]))
    return sides


def split(rows: Sequence[PhotoRow], rare_to_train: bool, seed: int) -> Split:
    """Put photos on three sides, each type on every one, and no tie from one to another.

    Args:
        rows: of the set.
        rare_to_train: types without three clusters go to training as a whole, instead of being
            refused; they can be learnt then, but neither calibrated nor measured.
        seed: another seed, another split.

    Raises:
        PhotosError: a type has too few clusters, or no arrangement was found.
    """
    groups = clusters(rows)
    labels = np.array([row.label for row in rows])
    rare = _too_rare(labels, groups)
    if rare and not rare_to_train:
        raise PhotosError(
            f"{_told(rare)}: each of the three sides needs one, and one incident, source or"
            " picture must not stand on two; add photos of other incidents and sources,"
            " or let these types go to training alone with --rare-to-train."
        )
    common = ~np.isin(groups, groups[np.isin(labels, list(rare))])
    if not common.any():
        raise PhotosError("No type has photos of three independent incidents: nothing to test on.")
    side_of = np.full(len(rows), "train", dtype=object)
    side_of[common] = _arranged(labels[common], groups[common], seed)
    return {
        side: tuple(row for row, own in zip(rows, side_of, strict=True) if own == side)
        for side in SIDES
    }


def _too_rare(labels: npt.NDArray[np.str_], groups: Numbers) -> dict[str, int]:
    """Types without three clusters, those of the other such types not counted."""
    rare: dict[str, int] = {}
    while True:
        free = ~np.isin(groups, groups[np.isin(labels, list(rare))])
        pairs = set(zip(labels[free].tolist(), groups[free].tolist(), strict=True))
        counts = Counter(label for label, _ in pairs)
        found = {str(label) for label in labels if counts[str(label)] < 3} - set(rare)
        if not found:
            return rare
        rare |= {label: counts[label] for label in sorted(found)}


def _told(rare: Mapping[str, int]) -> str:
    counts = ", ".join(f"{label} of {count}" for label, count in rare.items())
    return f"Too few independent incidents to split: there are photos of {counts}"


def _arranged(labels: npt.NDArray[np.str_], groups: Numbers, seed: int) -> npt.NDArray[np.object_]:
    """The first arrangement that has each type on every side, by as many parts as can be."""
    for parts in _arrangements(labels, groups, seed):
        sides = np.full(len(labels), "train", dtype=object)
        sides[parts == 0], sides[parts == 1] = "calibration", "test"
        on_side = {side: set(labels[sides == side]) for side in SIDES}
        if all(on_side[side] == set(labels) for side in SIDES):
            return sides
    raise PhotosError(
        "No split was found with each type on every side: incidents of several types are tied by"
        " common sources or pictures; add photos of other incidents and sources."
    )


def _arrangements(labels: npt.NDArray[np.str_], groups: Numbers, seed: int) -> Iterator[Numbers]:
    """Which part each photo belongs to, over and over."""
    most = min(len(np.unique(groups)), *Counter(labels.tolist()).values())
    for folds in (count for count in FOLDS if count <= most):
        for shuffle in range(SHUFFLES):
            folding = StratifiedGroupKFold(folds, shuffle=True, random_state=seed + shuffle)
            parts = np.empty(len(labels), np.int64)
            for part, (_, held) in enumerate(folding.split(labels, labels, groups)):
                parts[held] = part
            yield parts
