"""From probabilities to what is said, rolled up the tree of types when unsure.

A statement may be wrong, and it may be vague. Being wrong costs 1; naming the family instead of
the type, or a UAV instead of its family, costs what the release's thresholds leave open, 1 minus
the threshold of the finer level. Of the statements that reach their threshold the one of least
expected cost is made (minimum-risk decision with rejection, Chow, 1970); silence is always open.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from wreckid.datasets.catalogue import NOT_A_UAV
from wreckid.model.confidence import leading_family

Level = Literal["type", "family", "uav", "not-a-uav", "insufficient"]
Rule = Literal[
    "type-reached",
    "family-reached",
    "uav-reached",
    "uav-out-of-catalogue",
    "uav-evidence-unexplained",
    "not-a-uav-reached",
    "nothing-reached",
    "evidence-unexplained",
    "little-evidence",
    "no-usable-photo",
]
Probability = Annotated[float, Field(ge=0, le=1)]

FELT = 0.1
"""Log-odds from which on evidence is said to move a class."""


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


@dataclass(frozen=True)
class Grounds:
    """What a verdict rests on.

    Attributes:
        photos: whether any photo could be used; without one, nothing is said of what kind of
            object it is, only of its type or family.
        evidence: whether the investigator gave any evidence.
        outside: whether the photos look like nothing in the catalogue.
        unexplained: whether no type explains the evidence. Then, as outside the catalogue, no
            type and no family is named.
        moved: by how much the evidence moved each class, by its id, in log-odds.
    """

    photos: bool = True
    evidence: bool = False
    outside: bool = False
    unexplained: bool = False
    moved: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Statement:
    """Something that could be said.

    Attributes:
        probability: that it is right.
        threshold: the probability that it needs.
        vagueness: what it costs even if it is right.
        verdict: it, in words.
    """

    probability: float
    threshold: float
    vagueness: float
    verdict: Verdict

    @property
    def risk(self) -> float:
        """Its expected cost."""
        return self.vagueness + 1 - self.probability


def decide(
    probabilities: Sequence[float],
    labels: Sequence[Label],
    grounds: Grounds,
    thresholds: Thresholds,
) -> Verdict:
    """Say what has the least expected cost of all that the thresholds allow.

    Args:
        probabilities: one a class, adding up to 1.
        labels: one a class, `not-a-uav` among them.
        grounds: what the verdict rests on.
        thresholds: the probability that each verdict needs.
    """
    ranked = sorted(zip(labels, probabilities, strict=True), key=lambda pair: -pair[1])
    reached = [
        one for one in _statements(ranked, grounds, thresholds) if one.probability >= one.threshold
    ]
    if reached:
        return min(reached, key=lambda one: one.risk).verdict
    return _silence(ranked, grounds)


def _statements(
    ranked: Sequence[tuple[Label, float]], grounds: Grounds, thresholds: Thresholds
) -> Iterator[Statement]:
    """What the grounds allow to be said, the finest first."""
    no_uav = next(p for label, p in ranked if label.id == NOT_A_UAV)
    types = [(label, p) for label, p in ranked if label.id != NOT_A_UAV]
    leader, share = leading_family([p for _, p in types], [label.family for label, _ in types])
    family = next(label for label, _ in types if label.family == leader)
    of_family = 1 - thresholds.type
    of_uav = of_family + 1 - thresholds.family
    of_silence = of_uav + 1 - thresholds.uav
    if not (grounds.outside or grounds.unexplained):
        yield Statement(types[0][1], thresholds.type, 0, _type(*types[0], grounds))
        yield Statement(float(share), thresholds.family, of_family, _family(family, float(share)))
    if grounds.photos:
        yield Statement(1 - no_uav, thresholds.uav, of_uav, _uav(1 - no_uav, grounds))
        of_no_uav = of_silence - (1 - thresholds.not_a_uav)
        yield Statement(no_uav, thresholds.not_a_uav, of_no_uav, _not_a_uav(no_uav))


def percent(probability: float) -> str:
    """A probability in words that claim no certainty: `<1%`, `83%`, `>99%`."""
    if probability < 0.01:
        return "<1%"
    return ">99%" if probability > 0.99 else f"{probability:.0%}"


def _type(label: Label, probability: float, grounds: Grounds) -> Verdict:
    return Verdict(
        level="type",
        id=label.id,
        reason=f"{_witnesses(label, grounds)} {label.name} more than any other type,"
        f" with a confidence of {percent(probability)}."
        " Check the parts listed before relying on it.",
        rule="type-reached",
    )


def _witnesses(label: Label, grounds: Grounds) -> str:
    """Who points to a type."""
    if not grounds.photos:
        return "The evidence points to"
    moved = grounds.moved.get(label.id, 0.0)
    if moved <= -FELT:
        return "Against the evidence, the photos resemble"
    return "Photos and evidence point to" if moved >= FELT else "The photos resemble"


def _family(label: Label, share: float) -> Verdict:
    return Verdict(
        level="family",
        id=label.family,
        reason=f"No single type is sure enough, but the types of the family “{label.family_name}”"
        f" together reach {percent(share)}.",
        rule="family-reached",
    )


def _uav(probability: float, grounds: Grounds) -> Verdict:
    rule: Rule = "uav-reached"
    because = "no type or family stands out"
    if grounds.unexplained:
        rule, because = "uav-evidence-unexplained", UNEXPLAINED
    if grounds.outside:
        rule, because = "uav-out-of-catalogue", "it looks like nothing in the catalogue"
    return Verdict(
        level="uav",
        id=None,
        reason=f"The object is probably a UAV ({percent(probability)}), type unknown: {because}.",
        rule=rule,
    )


def _not_a_uav(probability: float) -> Verdict:
    return Verdict(
        level="not-a-uav",
        id=NOT_A_UAV,
        reason="The photos resemble debris that does not come from a UAV"
        f" ({percent(probability)}).",
        rule="not-a-uav-reached",
    )


def _silence(ranked: Sequence[tuple[Label, float]], grounds: Grounds) -> Verdict:
    if not grounds.photos and not grounds.evidence:
        return NO_USABLE_PHOTO
    rule, reason = _why_silent(ranked, grounds)
    return Verdict(level="insufficient", id=None, reason=reason, rule=rule)


def _why_silent(ranked: Sequence[tuple[Label, float]], grounds: Grounds) -> tuple[Rule, str]:
    leader, share = next((label, p) for label, p in ranked if label.id != NOT_A_UAV)
    uav = sum(p for label, p in ranked if label.id != NOT_A_UAV)
    if grounds.unexplained:
        return "evidence-unexplained", f"{UNEXPLAINED[0].upper()}{UNEXPLAINED[1:]}."
    if not grounds.photos:
        return "little-evidence", (
            "No photo could be used, and what was measured or seen fits several types."
            " Photos, a length or words on the wreck may help."
        )
    return "nothing-reached", (
        f"The leading type, {leader.name}, reaches only {percent(share)}; that it is a UAV at"
        f" all, {percent(uav)}. More photos, closer and from other sides, may help."
    )


UNEXPLAINED = "no type of the catalogue explains all of the evidence, so check the measurements"
NO_USABLE_PHOTO = Verdict(
    level="insufficient",
    id=None,
    reason="No photo could be read, so nothing can be said about the object.",
    rule="no-usable-photo",
)
