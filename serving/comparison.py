"""The leading types side by side, fact by fact."""

from dataclasses import dataclass

from wreckid.datasets.catalogue import Catalogue, UavType
from wreckid.serving.facts import readable
from wreckid.serving.result import Result

MOST_COLUMNS = 4
LEAST = 0.02
"""Confidence below which a third or fourth type is left out."""
UNKNOWN = "unknown"
LEFT_OUT = ("Fuselage", "Surviving parts", "Markings", "Materials")
"""Facts in sentences: each candidate lists them."""


@dataclass(frozen=True)
class Row:
    """A fact and its value for each type."""

    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether what is known of it tells the types apart."""
        return len(set(self.values) - {UNKNOWN}) > 1


@dataclass(frozen=True)
class Hint:
    """How to tell one type from another."""

    one: str
    other: str
    how_to_tell: str


@dataclass(frozen=True)
class Comparison:
    """Facts of the leading types, one column a type, with what tells look-alikes apart."""

    types: tuple[str, ...]
    rows: tuple[Row, ...]
    hints: tuple[Hint, ...]


def comparison(result: Result, catalogue: Catalogue) -> Comparison | None:
    """The leading types of a result side by side; None for fewer than two."""
    leaders = _leaders(result, catalogue)
    if len(leaders) < 2:
        return None
    columns = [{fact.name: fact.value for fact in readable(uav.facts)} for uav in leaders]
    names = [n for n in dict.fromkeys(n for c in columns for n in c) if n not in LEFT_OUT]
    rows = (Row(name, tuple(column.get(name, UNKNOWN) for column in columns)) for name in names)
    ids = {uav.id for uav in leaders}
    return Comparison(
        types=tuple(uav.name for uav in leaders),
        rows=tuple(rows),
        hints=tuple(
            Hint(uav.name, catalogue.types[other.id].name, other.how_to_tell)
            for uav in leaders
            for other in uav.look_alikes
            if other.id in ids
        ),
    )


def _leaders(result: Result, catalogue: Catalogue) -> list[UavType]:
    """The two leading types, and those behind them that are still likely."""
    types = [one for one in result.candidates if one.type in catalogue.types][:MOST_COLUMNS]
    likely = [one for place, one in enumerate(types) if place < 2 or one.confidence >= LEAST]
    return [catalogue.types[one.type] for one in likely]
