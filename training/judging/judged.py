"""Labelled photos and what the release says of them, exactly as the service would answer."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import track

from wreckid.serving.classifier import Classifier
from wreckid.serving.intake import NamedBytes, read_photo
from wreckid.serving.result import Result
from wreckid.training.data import DataError, LabelledPhoto, read_picture
from wreckid.training.judging.corruptions import corrupted

LONG_ENOUGH = 512
"""Pixels on the short side of what is corrupted; more than any network here takes."""
MOST_NAMED = 5
"""Photos that cannot be read and are named; the others are counted."""


@dataclass(frozen=True)
class Harm:
    """A corruption of `corruptions.py` and its level."""

    kind: str
    level: int


@dataclass(frozen=True)
class Judged:
    """A labelled photo and what the release said of it; `posterior` is float[C]."""

    photo: LabelledPhoto
    result: Result
    posterior: npt.NDArray[np.float64]


def judge(
    classifier: Classifier, photos: Sequence[LabelledPhoto], harm: Harm | None = None
) -> list[Judged]:
    """What the release says of each photo, as it is or after a corruption.

    Raises:
        DataError: photos cannot be read; all are looked at before they are told at once.
    """
    classes = classifier.manifest.classes
    words = f"Judging, {harm.kind} {harm.level}" if harm else "Judging"
    results = [
        classifier.classify([_received(photo, harm)])
        for photo in track(photos, words, console=Console(stderr=True))
    ]
    answers = list(zip(photos, results, strict=True))
    unreadable = [photo.file for photo, result in answers if result.probabilities is None]
    if unreadable:
        raise _unreadable(unreadable)
    return [
        Judged(photo, result, posterior(result, classes, photo.file)) for photo, result in answers
    ]


def posterior(result: Result, classes: Sequence[str], file: Path) -> npt.NDArray[np.float64]:
    """The probability of every class, float[C], in the result of one file.

    Raises:
        DataError: the file could not be read.
    """
    if result.probabilities is None:
        raise _unreadable([file])
    return np.array([result.probabilities[name] for name in classes])


def _unreadable(files: Sequence[Path]) -> DataError:
    named = ", ".join(map(str, files[:MOST_NAMED]))
    more = f" and {len(files) - MOST_NAMED} more" if len(files) > MOST_NAMED else ""
    return DataError(
        f"{named}{more} cannot be read: mend what is broken or take it out of the set."
    )


def _received(photo: LabelledPhoto, harm: Harm | None) -> NamedBytes:
    if harm is None:
        return read_photo(photo.file, photo.file.name)
    whole = read_picture(photo.file, LONG_ENOUGH).image
    rng = np.random.default_rng([zlib.crc32(photo.file.name.encode()), harm.level])
    file = BytesIO()
    corrupted(whole, harm.kind, harm.level, rng).save(file, "PNG", compress_level=1)
    return NamedBytes(photo.file.name, file.getvalue())
