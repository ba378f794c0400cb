"""What would settle it: the facts that separate the leading candidates."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wreckid.datasets.catalogue import Fact, UavType
from wreckid.model.evidence import Evidence
from wreckid.model.forms import ERRORS

LEADERS = 4
"""Types that are told apart."""
LEAST_SHARE = 0.05
"""Probability below which a type leads nothing."""
MOST_QUESTIONS = 3
TELLING = 0.15
"""Least gap between two lengths that a tape measure on a wreck can tell, as a share."""
LEAST_GAIN = 0.1
"""Nats below which a question settles too little to be asked."""

DIMENSIONS = {"length_m": "airframe", "wingspan_m": "wingspan"}
ASK: Mapping[str, str] = {
    "length_m": "Measure the length of the whole airframe",
    "wingspan_m": "Measure the wingspan",
    "wing": "Look at the planform of the wing",
    "wing_position": "See where the wing sits on the fuselage",
    "tail": "Look at the tail",
    "tip_fins": "Look for fins on the wing tips",
    "propulsion": "Find out what drove it",
    "propulsion_position": "See where the engine or motor sits",
    "engines": "Count the engines or motors",
    "propeller_blades": "Count the blades of a propeller",
    "landing_gear": "Look for landing gear",
}


@dataclass(frozen=True)
class Answer:
    """A possible answer, and the types that it would speak for."""

    value: str
    types: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """Something to check on the wreck.

    Attributes:
        fact: the catalogue's name of it.
        ask: what to do.
        answers: what might be found.
        gain: how much a sure answer would tell, in nats: the entropy of the answers.
    """

    fact: str
    ask: str
    answers: tuple[Answer, ...]
    gain: float


def settle(
    posterior: Sequence[float], types: Sequence[UavType | None], evidence: Evidence
) -> tuple[Question, ...]:
    """The questions that would tell the leading types apart best, the best first.

    An answer without error tells as much as its entropy (mutual information between type and
    answer, Lindley, 1956).

    Args:
        posterior: probabilities[C].
        types: one a class; None for `not-a-uav`.
        evidence: what is known already and need not be asked.
    """
    leaders = leading(posterior, types)
    questions = [
        question
        for name in ASK
        if not _answered(name, evidence)
        and (question := _question(name, leaders)).gain >= LEAST_GAIN
    ]
    return tuple(sorted(questions, key=lambda one: -one.gain)[:MOST_QUESTIONS])


def leading(
    posterior: Sequence[float], types: Sequence[UavType | None]
) -> tuple[tuple[UavType, float], ...]:
    """The types that lead, with their probabilities, the most probable first."""
    ranked = sorted(zip(types, posterior, strict=True), key=lambda pair: -pair[1])
    return tuple((uav, p) for uav, p in ranked if uav is not None and p >= LEAST_SHARE)[:LEADERS]


def _answered(name: str, evidence: Evidence) -> bool:
    if name in ERRORS:
        return getattr(evidence, name) is not None
    return any(one.measures == DIMENSIONS[name] for one in evidence.lengths)


def _question(name: str, leaders: Sequence[tuple[UavType, float]]) -> Question:
    known = [(uav, p, fact) for uav, p in leaders if (fact := getattr(uav.facts, name))]
    groups = list(_alike(name, known))
    shares = np.array([sum(p for _, p, _ in group) for group in groups])
    total = shares.sum()
    gain = float(-(shares * np.log(shares / total)).sum()) if len(groups) > 1 else 0.0
    return Question(name, ASK[name], tuple(_answer(name, group) for group in groups), gain)


Known = tuple[UavType, float, Fact[Any]]


def _alike(name: str, known: Sequence[Known]) -> Iterator[list[Known]]:
    """Types in groups that the answer cannot tell apart, in the order of the answers."""
    group: list[Known] = []
    for one in sorted(known, key=_stated):
        if group and not _reaches(name, _span(group)[1], _stated(one)[0]):
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _stated(known: Known) -> tuple[Any, Any]:
    """The least and the most that sources state; twice the same for a form."""
    fact = known[2]
    return fact.range or (fact.value, fact.value)


def _span(group: Sequence[Known]) -> tuple[Any, Any]:
    lows, highs = zip(*map(_stated, group), strict=True)
    return min(lows), max(highs)


def _reaches(name: str, high: Any, low: Any) -> bool:
    """Whether what is found may be as much as `high` and as little as `low`, which is no lower."""
    return bool(low <= high * (1 + TELLING)) if name in DIMENSIONS else bool(low <= high)


def _answer(name: str, group: Sequence[Known]) -> Answer:
    low, high = _span(group)
    if name in DIMENSIONS:
        value = f"{low:g} m" if low == high else f"{low:g} to {high:g} m"
    else:
        value = str(low) if low == high else f"{low:g}–{high:g}"
    return Answer(value, tuple(uav.id for uav, _, _ in group))
