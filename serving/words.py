"""A verdict in a few words, for people."""

from typing import Protocol

from wreckid.datasets.catalogue import NOT_A_UAV, Catalogue
from wreckid.model.verdict import FELT, Level, Verdict
from wreckid.serving.candidates import NOT_A_UAV_NAME
from wreckid.serving.credentials import Credentials
from wreckid.serving.result import Flag

HEADLINES: dict[Level, str] = {
    "type": "Points to {name}",
    "family": "Points to the family “{name}”",
    "uav": "A UAV, type unknown",
    "not-a-uav": "Probably not a UAV",
    "insufficient": "I cannot tell",
}


class Pointing(Protocol):
    """A verdict, or what a person says: how much is known, and what it points to."""

    @property
    def level(self) -> Level: ...  # noqa: D102

    @property
    def id(self) -> str | None: ...  # noqa: D102


def headline(verdict: Verdict, catalogue: Catalogue) -> str:
    """The verdict in a few words, with the name of what it points to."""
    name = "" if verdict.id is None else name_of(verdict.id, catalogue)
    return HEADLINES[verdict.level].format(name=name)


def name_of(identifier: str, catalogue: Catalogue) -> str:
    """The name of a type, a family or `not-a-uav`; an id that the catalogue lost is its own."""
    if identifier == NOT_A_UAV:
        return NOT_A_UAV_NAME
    known = catalogue.families.get(identifier) or catalogue.types.get(identifier)
    return known.name if known else identifier


STATEMENTS: dict[Level, str] = {
    "type": "{name}",
    "family": "Of the family “{name}”",
    "uav": "A UAV, type unknown",
    "not-a-uav": "Not a UAV",
    "insufficient": "It cannot be told",
}


def statement(said: Pointing, catalogue: Catalogue) -> str:
    """What a person says, in a few words."""
    name = "" if said.id is None else name_of(said.id, catalogue)
    return STATEMENTS[said.level].format(name=name)


FLAGS: dict[Flag, str] = {
    "small": "few pixels, a weak witness",
    "dark": "dark, a weak witness",
}

CREDENTIALS: dict[Credentials, str] = {
    "absent": "content credentials (C2PA) absent",
    "valid": "content credentials (C2PA) valid",
    "invalid": "content credentials (C2PA) invalid",
}

NOTHING_MOVED = "moves none of the leading candidates"
RAISES, LOWERS = "raises", "lowers"
STEPS = (
    (FELT, "leaves {name} where it was"),
    (0.7, "{way} {name} a little"),
    (1.6, "{way} {name}"),
)
FAR = "{way} {name} a lot"


def movement(log_odds: float, name: str) -> str:
    """How far a piece of evidence moved a candidate, in words that are no scale of any standard."""
    words = next((words for limit, words in STEPS if abs(log_odds) < limit), FAR)
    return words.format(way=RAISES if log_odds > 0 else LOWERS, name=name)
