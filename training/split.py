"""Held-out pictures apart: those that fit confidence, and those that measure a release."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wreckid.serving.custody import sha256_of_file
from wreckid.training.data import DataError, LabelledPhoto, Photos, data_hash, read_data


@dataclass(frozen=True)
class Split:
    """Held-out renders: those that fit confidence and those that measure the release.

    Attributes:
        fitting: not trained on.
        measuring: neither trained on nor fitted on.
        sha256: hash of the set that measures; none where it is half of a set.
    """

    fitting: Photos
    measuring: Photos
    sha256: str | None


def split_heldout(own: Path, another: Path | None) -> Split:
    """A run's held-out set fits and another one measures; without one, half of it does.

    Raises:
        DataError: a set cannot be read.
    """
    photos = read_data(own)
    if another is not None:
        return Split(photos, read_data(another), data_hash(another))
    fitting = _of_every_other_wreck(photos)
    chosen = set(fitting)
    return Split(fitting, tuple(photo for photo in photos if photo not in chosen), None)


def refuse_seen(measuring: Iterable[LabelledPhoto], made_with: Iterable[LabelledPhoto]) -> None:
    """A picture that a release was made with does not tell what the release is worth.

    A copy of it, under whatever name, is the same picture.

    Raises:
        DataError: one is to measure it.
    """
    known = {sha256_of_file(photo.file) for photo in made_with}
    seen = [photo.file for photo in measuring if sha256_of_file(photo.file) in known]
    if seen:
        raise DataError(
            f"{len(seen)} of the pictures to measure on were learnt from or fitted on, {seen[0]}"
            " among them: name others with --heldout or --photos."
        )


def _of_every_other_wreck(photos: Sequence[LabelledPhoto]) -> Photos:
    """Pictures of one wreck stay together."""
    chosen = set(list(dict.fromkeys(photo.witness_of for photo in photos))[::2])
    return tuple(photo for photo in photos if photo.witness_of in chosen)
