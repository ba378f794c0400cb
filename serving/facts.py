"""The catalogue's facts in words that an investigator can check on the wreck."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from wreckid.datasets.catalogue import Fact, Facts

METRES = "_m"
"""Ending of the facts given in metres."""


class ReadableFact(BaseModel):
    """One fact for people; `sourced` is false for general knowledge without a source."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    value: str
    sourced: bool


def readable(facts: Facts) -> tuple[ReadableFact, ...]:
    """The known facts of a type, in the order of the catalogue's schema."""
    return tuple(
        ReadableFact(name=_name(name), value=_value(name, fact), sourced=fact.sourced)
        for name, fact in facts.known().items()
    )


def _name(name: str) -> str:
    return name.removesuffix(METRES).replace("_", " ").capitalize()


def _value(name: str, fact: Fact[Any]) -> str:
    unit = " m" if name.endswith(METRES) else ""
    values = fact.value if isinstance(fact.value, tuple) else (fact.value,)
    stated = "; ".join(f"{value}{unit}" for value in values)
    if fact.range is None:
        return stated
    low, high = fact.range
    return f"{stated} (sources say {low:g} to {high:g}{unit})"
