"""Counts, forms and colours as seen on the wreck against the catalogue's facts."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wreckid.datasets.catalogue import Fact, UavType
from wreckid.model.likelihood import Likelihood

ERRORS = {
    "wing": 0.10,
    "wing_position": 0.15,
    "tail": 0.10,
    "tip_fins": 0.10,
    "propulsion": 0.10,
    "propulsion_position": 0.05,
    "engines": 0.05,
    "propeller_blades": 0.05,
    "landing_gear": 0.20,
}
"""How often a form that is seen on a wreck is not that of the type: misjudged, broken, refitted."""
UNSOURCED = 0.05
"""Added where the catalogue has no source for the form."""
COLOUR_ERROR = 0.35
"""Paint differs between examples, burns and fades: a colour decides next to nothing."""

COLOUR_WORDS = {
    "white": ("white", "any civil scheme"),
    "grey": ("grey", "any civil scheme"),
    "black": ("black",),
    "green": ("green", "camouflage"),
    "sand": ("sand", "tan", "camouflage"),
    "brown": ("brown", "plywood", "camouflage"),
    "orange": ("orange",),
    "red": ("red",),
    "yellow": ("yellow",),
    "blue": ("blue",),
    "metal": ("metal",),
}
"""How the catalogue writes each colour."""


def form_likelihood(name: str, seen: Any, types: Sequence[UavType | None]) -> Likelihood:
    """A count or form under each class, right but for a stated share of errors.

    Args:
        name: the fact, as the catalogue names it.
        seen: what was seen on the wreck.
        types: one a class; None for `not-a-uav`.
    """
    observed = f"{name.replace('_', ' ')}: {seen}"
    return _likelihood(name, observed, types, lambda fact: agrees(seen, fact), ERRORS[name])


def colour_likelihood(seen: str, types: Sequence[UavType | None]) -> Likelihood:
    """A colour under each class; it speaks weakly, and no colour is ever unexplained."""
    pattern = re.compile(rf"\b({'|'.join(COLOUR_WORDS[seen])})\b")

    def listed(fact: Fact[Any]) -> bool:
        return any(pattern.search(colour) for colour in fact.value)

    found = _likelihood("colours", f"colour: {seen}", types, listed, COLOUR_ERROR)
    return Likelihood("colour", found.observed, found.log, np.zeros(len(types)))


def agrees(seen: Any, fact: Fact[Any]) -> bool:
    """Whether a form is the stated one, or a count within what sources state."""
    if fact.range is not None:
        return bool(fact.range[0] <= seen <= fact.range[1])
    return bool(seen == fact.value)


def _likelihood(
    name: str,
    observed: str,
    types: Sequence[UavType | None],
    agree: Callable[[Fact[Any]], bool],
    error: float,
) -> Likelihood:
    facts: list[Fact[Any] | None] = [getattr(uav.facts, name) if uav else None for uav in types]
    wrong = np.array([error + (0 if f is None or f.sourced else UNSOURCED) for f in facts])
    right = np.array([f is not None and agree(f) for f in facts])
    unknown = np.array([f is None for f in facts])
    log = np.log(np.where(right, 1 - wrong, wrong))
    misfit = np.where(right, 0.0, np.log((1 - wrong) / wrong))
    return Likelihood(name, observed, np.where(unknown, np.nan, log), misfit)
