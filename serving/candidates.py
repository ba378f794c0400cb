"""Classes of the network with what the catalogue knows of them."""

from wreckid.datasets.catalogue import NOT_A_UAV, Catalogue, UavType
from wreckid.model.verdict import Label
from wreckid.serving.facts import readable
from wreckid.serving.result import Candidate, LookAlike

NOT_A_UAV_NAME = "Not a UAV"


def labels(classes: tuple[str, ...], catalogue: Catalogue) -> tuple[Label, ...]:
    """The classes of a release with their names and families.

    Raises:
        CatalogueError: a class is not in the catalogue.
    """
    pairs = zip(classes, catalogue.families_of(classes), strict=True)
    return tuple(_label(name, family, catalogue) for name, family in pairs)


def candidate(label: Label, confidence: float, catalogue: Catalogue) -> Candidate:
    """A class with a confidence, what to check on the wreck, and its look-alikes."""
    uav = catalogue.types.get(label.id)
    return Candidate(
        type=label.id,
        name=label.name,
        family=label.family,
        family_name=label.family_name,
        confidence=confidence,
        facts=readable(uav.facts) if uav else (),
        look_alikes=look_alikes(uav, catalogue) if uav else (),
    )


def look_alikes(uav: UavType, catalogue: Catalogue) -> tuple[LookAlike, ...]:
    """The look-alikes of a type, with their names."""
    return tuple(
        LookAlike(type=other.id, name=catalogue.types[other.id].name, how_to_tell=other.how_to_tell)
        for other in uav.look_alikes
    )


def _label(name: str, family: str, catalogue: Catalogue) -> Label:
    if name == NOT_A_UAV:
        return Label(NOT_A_UAV, NOT_A_UAV_NAME, NOT_A_UAV, NOT_A_UAV_NAME)
    return Label(name, catalogue.types[name].name, family, catalogue.families[family].name)
