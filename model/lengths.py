"""Measured lengths against the catalogue's dimensions."""

from collections.abc import Callable, Sequence

import numpy as np

from wreckid.datasets.catalogue import Fact, UavType
from wreckid.model.evidence import Length, Measure
from wreckid.model.likelihood import STRONGEST, Array, Likelihood

SOURCED, UNSOURCED = 0.03, 0.10
"""How far a dimension may lie outside what is stated, as a share, with and without a source."""
FUSELAGE = 0.65
"""The shortest fuselage, as a share of the airframe's length."""

MEASURES: dict[Measure, str] = {
    "airframe": "whole airframe, nose to tail",
    "fuselage": "fuselage",
    "wingspan": "wingspan",
    "fragment": "a fragment",
    "unknown": "of what is unknown",
}

Interval = tuple[float, float]


def length_likelihood(length: Length, types: Sequence[UavType | None]) -> Likelihood:
    """A length under each class: a normal error in the logarithm around what the type may measure.

    A type's dimension is any value in an interval, wider where the fact has no source or its
    sources disagree; the likelihood is that of the value in it that fits best (profile
    likelihood). The interval does not depend on the tolerance, so that a wider tolerance can only
    draw the types together. Types are compared with the one that fits best, and no length speaks
    stronger than `STRONGEST`.
    """
    intervals = [_interval(uav, length.measures) if uav else None for uav in types]
    misfit = np.array(
        [np.nan if one is None else _misfit(length, one) for one in intervals], np.float64
    )
    known = ~np.isnan(misfit)
    best = misfit[known].min() if known.any() else 0.0
    return Likelihood(
        field="lengths",
        observed=words(length),
        log=-np.minimum(misfit - best, STRONGEST),
        misfit=_capped(misfit),
    )


def words(length: Length) -> str:
    """A length as people write it."""
    percent = f"{length.tolerance * 100:g}%"
    return f"{length.value:g} {length.unit} ± {percent} ({MEASURES[length.measures]})"


def dimension(fact: Fact[float] | None) -> Interval | None:
    """What a type may measure, in metres, slack included."""
    if fact is None:
        return None
    low, high = fact.range or (fact.value, fact.value)
    slack = 1 + (SOURCED if fact.sourced else UNSOURCED)
    return low / slack, high * slack


def _airframe(uav: UavType) -> Interval | None:
    return dimension(uav.facts.length_m)


def _wingspan(uav: UavType) -> Interval | None:
    return dimension(uav.facts.wingspan_m)


def _fuselage(uav: UavType) -> Interval | None:
    airframe = _airframe(uav)
    return airframe and (FUSELAGE * airframe[0], airframe[1])


def _fragment(uav: UavType) -> Interval | None:
    """Anything up to the longest dimension: a fragment is only a lower bound."""
    known = [one[1] for one in (_airframe(uav), _wingspan(uav)) if one]
    return (0.0, max(known)) if known else None


INTERVALS: dict[Measure, Callable[[UavType], Interval | None]] = {
    "airframe": _airframe,
    "fuselage": _fuselage,
    "wingspan": _wingspan,
    "fragment": _fragment,
    "unknown": _fragment,
}


def _interval(uav: UavType, measures: Measure) -> Interval | None:
    return INTERVALS[measures](uav)


def _misfit(length: Length, interval: Interval) -> float:
    nearest = float(np.clip(length.metres, *interval))
    return float(0.5 * (np.log(length.metres / nearest) / length.tolerance) ** 2)


def _capped(misfit: Array) -> Array:
    """A type of unknown dimensions explains no length."""
    return np.minimum(np.nan_to_num(misfit, nan=STRONGEST), STRONGEST)
