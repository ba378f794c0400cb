"""From probabilities to what is said, rolled up the tree of types when unsure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from wreckid.datasets.catalogue import NOT_A_UAV

Level = Literal["type", "family", "uav", "not-a-uav", "insufficient"]
Rule = Literal[
    "type-reached",
    "family-reached",
    "uav-reached",
    "uav-out-of-catalogue",
    "not-a-uav-reached",
    "nothing-reached",
    "no-usable-photo",
]
Probability = Annotated[float, Field(ge=0, le=1)]


class Thresholds(BaseModel):
    """The probability that each verdict needs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Probability
    family: Probability
    uav: Probability
    not_a_uav: Probability


class Verdict(BaseModel):
    """What is said at the end, and the rule that decided."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Level
    id: str | None = Field(description="The type, the family or `not-a-uav`; else null.")
    reason: str
    rule: Rule


@dataclass(frozen=True)
class Label:
    """A class of the network and where it stands in the tree, with names for people."""

    id: str
    name: str
    family: str
    family_name: str


NO_USABLE_PHOTO = Verdict(
    level="insufficient",
    id=None,
    reason="No photo could be read, so nothing can be said about the object.",
    rule="no-usable-photo",
)


def decide(
    probabilities: Sequence[float], labels: Sequence[Label], outside: bool, thresholds: Thresholds
) -> Verdict:
    """Say the most that the thresholds allow.

    Args:
        probabilities: one a class, adding up to 1.
        labels: one a class, `not-a-uav` among them.
        outside: whether the item looks like nothing in the catalogue; then no type and no
            family is named.
        thresholds: the probability that each verdict needs.
    """
    ranked = sorted(zip(labels, probabilities, strict=True), key=lambda pair: -pair[1])
    no_uav = next(p for label, p in ranked if label.id == NOT_A_UAV)
    types = [(label, p) for label, p in ranked if label.id != NOT_A_UAV]
    if no_uav >= thresholds.not_a_uav:
        return _not_a_uav(no_uav)
    if not outside and types[0][1] >= thresholds.type:
        return _type(*types[0])
    family, share = _leading_family(types)
    if not outside and share >= thresholds.family:
        return _family(family, share)
    if 1 - no_uav >= thresholds.uav:
        return _uav(1 - no_uav, outside)
    return _nothing(ranked[0])


def percent(probability: float) -> str:
    """A probability in words that claim no certainty: `<1%`, `83%`, `>99%`."""
    if probability < 0.01:
        return "<1%"
    return ">99%" if probability > 0.99 else f"{probability:.0%}"


def _leading_family(types: Sequence[tuple[Label, float]]) -> tuple[Label, float]:
    """A member of the family with the largest sum, and the sum."""
    shares: defaultdict[str, float] = defaultdict(float)
    for label, probability in types:
        shares[label.family] += probability
    leader = max(shares, key=shares.__getitem__)
    return next(label for label, _ in types if label.family == leader), shares[leader]


def _type(label: Label, probability: float) -> Verdict:
    return Verdict(
        level="type",
        id=label.id,
        reason=f"The photos resemble {label.name} more than any other type,"
        f" with a confidence of {percent(probability)}."
        " Check the parts listed before relying on it.",
        rule="type-reached",
    )


def _family(label: Label, share: float) -> Verdict:
    return Verdict(
        level="family",
        id=label.family,
        reason=f"No single type stands out, but the types of the family “{label.family_name}”"
        f" together reach {percent(share)}.",
        rule="family-reached",
    )


def _uav(probability: float, outside: bool) -> Verdict:
    because = (
        "it looks like nothing in the catalogue" if outside else "no type or family stands out"
    )
    return Verdict(
        level="uav",
        id=None,
        reason=f"The object is probably a UAV ({percent(probability)}), type unknown: {because}.",
        rule="uav-out-of-catalogue" if outside else "uav-reached",
    )


def _not_a_uav(probability: float) -> Verdict:
    return Verdict(
        level="not-a-uav",
        id=NOT_A_UAV,
        reason="The photos resemble debris that does not come from a UAV"
        f" ({percent(probability)}).",
        rule="not-a-uav-reached",
    )


def _nothing(leader: tuple[Label, float]) -> Verdict:
    label, probability = leader
    return Verdict(
        level="insufficient",
        id=None,
        reason=f"The leading candidate, {label.name}, reaches only"
        f" {percent(probability)}. More photos, closer and from other sides, may help.",
        rule="nothing-reached",
    )
