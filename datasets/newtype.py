"""Whether the file of a new type can be used, and what it still lacks."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from wreckid.datasets.airframes.airframe import build, extents
from wreckid.datasets.catalogue import Catalogue, UavType, extended, read_type

CLOSE = 0.01
"""By how much, as a share, a drawing may differ from the facts."""


def check_type(file: Path, catalogue: Catalogue) -> tuple[UavType, tuple[str, ...]]:
    """Read a type and say what would make it better, a sentence each.

    Args:
        file: YAML, named after the type's id.
        catalogue: what the type is to stand beside; it may hold the type already.

    Raises:
        CatalogueError: the type cannot be used as it stands.
    """
    uav = read_type(file)
    if catalogue.types.get(uav.id) != uav:
        extended(catalogue, [uav])
    return uav, (*_names_taken(uav, catalogue.types), *_facts(uav), *_drawing(uav))


def _names_taken(uav: UavType, types: Mapping[str, UavType]) -> Iterator[str]:
    for other in types.values():
        taken = {*map(str.casefold, (uav.name, *uav.aliases))} & {
            *map(str.casefold, (other.name, *other.aliases))
        }
        if other.id != uav.id and taken:
            yield f"{other.id} is called {min(taken)} too: a label of that name will be refused."


def _facts(uav: UavType) -> Iterator[str]:
    unsourced = [name for name, fact in uav.facts.known().items() if not fact.sourced]
    if unsourced:
        yield f"No source states {', '.join(unsourced)}: name one where there is one."
    if uav.facts.length_m is None or uav.facts.wingspan_m is None:
        yield "Length or wingspan is unknown: a measured length cannot speak for or against it."
    if not uav.look_alikes:
        yield "It has no look-alikes: name the types it is taken for, and how to tell them apart."


def _drawing(uav: UavType) -> Iterator[str]:
    if uav.geometry is None:
        yield "It has no geometry and cannot be rendered: it can be learnt from photos alone."
        return
    length, wingspan = extents(build(uav.geometry))
    facts = {"length_m": length, "wingspan_m": wingspan}
    for name, drawn in facts.items():
        fact = getattr(uav.facts, name)
        if fact is not None and abs(drawn - fact.value) > CLOSE * fact.value:
            yield f"Its geometry is drawn with {name} {drawn:.2f}, but the fact is {fact.value}."
