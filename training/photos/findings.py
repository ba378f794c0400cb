"""What may be wrong with a set of photos, told from its rows and from what was seen in them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from wreckid.datasets.catalogue import NOT_A_UAV, Catalogue
from wreckid.serving.duplicates import alike, same
from wreckid.training.photos.clusters import clusters, ties
from wreckid.training.photos.doubts import doubts
from wreckid.training.photos.lettering import types_named
from wreckid.training.photos.looks import Look
from wreckid.training.photos.photoset import PhotoRow, Side

Kind = Literal[
    "changed",
    "unknown",
    "stale",
    "leak",
    "contradiction",
    "label",
    "text",
    "copy",
    "look-alike",
    Look,
    "balance",
]

HEADINGS: dict[Kind, str] = {
    "changed": "Changed or gone since the import",
    "unknown": "Labels that the catalogue lacks",
    "stale": "Changed since the split",
    "leak": "On two sides of the split",
    "contradiction": "One picture under several labels",
    "label": "Labels that the release doubts",
    "text": "Words that name a type",
    "copy": "The same file more than once",
    "look-alike": "The same to the eye",
    "screenshot": "Pictures of a screen",
    "blurred": "Blurred",
    "tiny": "Tiny",
    "balance": "Too few, or far fewer than others",
}
MISTAKES: frozenset[Kind] = frozenset({"changed", "unknown", "stale", "leak", "contradiction"})
"""What must be put right before the set is used; all else is for a person to judge."""

UNEVEN = 10
"""How many times more photos the largest type may have."""


@dataclass(frozen=True)
class Finding:
    """Something to look at: the files it is about, and a sentence."""

    kind: Kind
    files: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class Seen:
    """What was seen in a photo that is as it was imported.

    Attributes:
        looks: what is wrong with its pixels.
        text: words that can be read in it.
        probabilities: of the release's classes, float[C].
        thumbnail: a small JPEG as a `data:` address.
    """

    looks: tuple[Look, ...]
    text: str
    probabilities: npt.NDArray[np.float64]
    thumbnail: str


Sights = Mapping[PhotoRow, Seen]


def of_catalogue(rows: Sequence[PhotoRow], catalogue: Catalogue) -> Iterator[Finding]:
    """Labels that are no type, as a typing error in the index would leave them."""
    for label in sorted({row.label for row in rows} - {NOT_A_UAV, *catalogue.types}):
        numbers = [number for number, row in enumerate(rows) if row.label == label]
        yield _finding("unknown", rows, numbers, f"“{label}” is no id of a type")


def of_changes(
    rows: Sequence[PhotoRow], sides: Mapping[Side, Sequence[PhotoRow]]
) -> Iterator[Finding]:
    """Rows that the index and the sides of its split do not share."""
    parted = [replace(row, file=_plain(row.file)) for side in sides.values() for row in side]
    for row in sorted(set(rows) ^ set(parted), key=lambda row: row.file) if sides else ():
        yield Finding("stale", (row.file,), f"{row.received} ({row.label}): split the set again")


def of_sides(sides: Mapping[Side, Sequence[PhotoRow]]) -> Iterator[Finding]:
    """Incidents, sources and pictures that stand on two sides of a split."""
    placed = [(side, row) for side, rows in sides.items() for row in rows]
    rows = [row for _, row in placed]
    for tie, numbers in ties(rows).items():
        across = list(dict.fromkeys(placed[number][0] for number in numbers))
        if len(across) > 1:
            yield _finding("leak", rows, numbers, f"{tie} is in {' and in '.join(across)}")


def of_copies(rows: Sequence[PhotoRow]) -> Iterator[Finding]:
    """The same files, pictures that look the same, and those of them that bear several labels."""
    exact = same([row.sha256 for row in rows])
    near = [
        group
        for group in alike([row.looks for row in rows])
        if len({rows[number].sha256 for number in group}) > 1
    ]
    for group in (*exact, *near):
        labels = sorted({rows[number].label for number in group})
        if len(labels) > 1:
            yield _finding("contradiction", rows, group, f"labelled {' and '.join(labels)}")
    for group in exact:
        yield _finding("copy", rows, group, f"{len(group)} times the same file")
    for group in near:
        yield _finding("look-alike", rows, group, f"{len(group)} photos look the same")


def of_pixels(sights: Sights) -> Iterator[Finding]:
    """Photos that are blurred, tiny or of a screen."""
    for row, seen in sights.items():
        for look in seen.looks:
            yield Finding(look, (row.file,), row.received)


def of_text(sights: Sights, catalogue: Catalogue) -> Iterator[Finding]:
    """Photos with words that name a type: a caption gives its label away, or belies it."""
    for row, seen in sights.items():
        named = types_named(seen.text, catalogue) if seen.text else ()
        if named:
            says = "gives the label away" if row.label in named else f"speaks for {named[0]}"
            sentence = f"{row.received}: “{seen.text}” {says}; crop it unless it is on the wreck"
            yield Finding("text", (row.file,), sentence)


def of_labels(sights: Sights, classes: Sequence[str]) -> Iterator[Finding]:
    """Photos whose label the release doubts."""
    rows = list(sights)
    if not rows:
        return
    probabilities = np.stack([seen.probabilities for seen in sights.values()])
    for doubt in doubts(probabilities, [row.label for row in rows], classes):
        row = rows[doubt.number]
        sure = f"{doubt.rather} ({doubt.confidence:.0%})"
        sentence = f"{row.received} is labelled {row.label}, the release takes it for {sure}"
        yield Finding("label", (row.file,), sentence)


def of_balance(rows: Sequence[PhotoRow]) -> Iterator[Finding]:
    """Types with too few incidents to be split, or with far fewer photos than others."""
    counts = Counter(row.label for row in rows)
    most, of_most = counts.most_common(1)[0]
    pairs = {(row.label, int(own)) for row, own in zip(rows, clusters(rows), strict=True)}
    incidents = Counter(label for label, _ in pairs)
    for label, count in sorted(counts.items()):
        if incidents[label] < 3:
            wanted = "three are needed to train, calibrate and test"
            yield Finding("balance", (), f"{label} has {incidents[label]} incidents, {wanted}")
        if count * UNEVEN < of_most:
            yield Finding("balance", (), f"{label} has {count} photos, {most} {of_most}")


def _finding(kind: Kind, rows: Sequence[PhotoRow], numbers: Sequence[int], what: str) -> Finding:
    chosen = [rows[number] for number in numbers]
    names = ", ".join(row.received for row in chosen)
    return Finding(kind, tuple(_plain(row.file) for row in chosen), f"{what}: {names}")


def _plain(file: str) -> str:
    """A file below the set, as the index of a side or that of the set tells it."""
    return file.removeprefix("../")
