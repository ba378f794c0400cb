"""What people call a type, and the identifier that the catalogue gives it."""

import re
from collections.abc import Iterable, Iterator, Mapping

from rapidfuzz import process

from wreckid.datasets.catalogue import NOT_A_UAV, Catalogue, UavType
from wreckid.model.inscriptions import plain
from wreckid.training.photos.photoset import PhotosError

SIMILAR = 60
"""Similarity, of 100, at which a name is worth a suggestion."""
SUGGESTIONS = 3


class Labels:
    """The names and aliases of a catalogue, in any script and spelling; an id means its type."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._meanings: dict[str, set[str]] = {plain(NOT_A_UAV): {NOT_A_UAV}}
        for uav in catalogue.types.values():
            for name in filter(None, map(plain, _names(uav))):
                self._meanings.setdefault(name, set()).add(uav.id)
        self._meanings |= {plain(identifier): {identifier} for identifier in catalogue.types}

    def identifier(self, name: str) -> str | None:
        """The identifier that a name means; None for a name that means no type, or several."""
        meanings = self._meanings.get(plain(name), set())
        return next(iter(meanings)) if len(meanings) == 1 else None

    def identifiers(self, names: Iterable[str]) -> Mapping[str, str]:
        """The identifier that each name means.

        Raises:
            PhotosError: a name means no type, or several; similar ones are suggested.
        """
        found = {name: self.identifier(name) for name in sorted(set(names))}
        unclear = [name for name, identifier in found.items() if identifier is None]
        if unclear:
            problems = ", ".join(f"“{name}”{self._suggestion(name)}" for name in unclear)
            raise PhotosError(
                f"The catalogue knows no single type by the name {problems}:"
                " use a name that wreckid types lists, or write a file for a new type."
            )
        return {name: identifier for name, identifier in found.items() if identifier}

    def _suggestion(self, name: str) -> str:
        found = list(dict.fromkeys(self._similar(plain(name))))[:SUGGESTIONS]
        return f" (did you mean {' or '.join(found)}?)" if found else ""

    def _similar(self, name: str) -> Iterator[str]:
        known = list(self._meanings)
        for key, _, _ in process.extract(name, known, limit=9, score_cutoff=SIMILAR):
            yield from sorted(self._meanings[key])


def _names(uav: UavType) -> Iterator[str]:
    yield from (uav.id, uav.name, *uav.aliases)
    yield from re.split(r"[/()]", uav.name)
