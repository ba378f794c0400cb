"""The tree of types under a result: UAV or not, families, types, each with its share."""

from dataclasses import dataclass

from wreckid.datasets.catalogue import NOT_A_UAV, Catalogue
from wreckid.serving.candidates import NOT_A_UAV_NAME
from wreckid.serving.result import Result
from wreckid.serving.words import name_of

A_UAV_NAME = "A UAV"
LEAST = 0.02
"""Probability below which a branch is not drawn."""


@dataclass(frozen=True)
class Branch:
    """A node of the tree; `marked` where the verdict stops."""

    name: str
    probability: float
    marked: bool
    branches: tuple["Branch", ...] = ()


def tree(result: Result, catalogue: Catalogue) -> tuple[Branch, ...]:
    """UAV and not a UAV, the most probable families and types below, the likely ones first.

    A type that the catalogue lost stands beside the families.
    """
    if result.probabilities is None:
        return ()
    named = dict(result.probabilities)
    no_uav = named.pop(NOT_A_UAV)
    level, verdict = result.verdict.level, result.verdict.id
    families: dict[str, dict[str, float]] = {}
    for name, probability in named.items():
        known = catalogue.types.get(name)
        families.setdefault(known.family if known else name, {})[name] = probability
    branches = [
        Branch(
            name_of(family, catalogue),
            sum(members.values()),
            verdict == family,
            _ranked(
                [
                    Branch(name_of(name, catalogue), probability, verdict == name)
                    for name, probability in members.items()
                    if name != family
                ]
            ),
        )
        for family, members in families.items()
    ]
    return (
        Branch(A_UAV_NAME, 1 - no_uav, level == "uav", _ranked(branches)),
        Branch(NOT_A_UAV_NAME, no_uav, level == "not-a-uav"),
    )


def _ranked(branches: list[Branch]) -> tuple[Branch, ...]:
    seen = [one for one in branches if one.probability >= LEAST or one.marked]
    return tuple(sorted(seen, key=lambda one: -one.probability))
