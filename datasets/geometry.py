"""The parametric description of an airframe, as written in a type's YAML file.

Axes: x aft from the foremost point, y to the right wing tip as the pilot sees it,
z up. All lengths in metres. A part with `mirror: true` stands on both sides of y = 0.
"""

from collections import Counter
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Point = tuple[float, float, float]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]

PartKind = Literal[
    "fuselage",
    "wing",
    "tail",
    "fin",
    "boom",
    "arm",
    "propeller",
    "engine",
    "intake",
    "turret",
    "battery",
    "gear",
    "strut",
    "antenna",
]
Paint = Literal["skin", "accent", "dark", "metal", "glass", "wood", "rubber", "carbon"]

UNMEASURED: frozenset[PartKind] = frozenset({"propeller", "antenna"})
"""Kinds that published dimensions leave out."""

Section = tuple[float, float, float, float]
Sections = Annotated[tuple[Section, ...], Field(min_length=2)]


def _nose_to_tail(sections: Sections) -> Sections:
    if any(behind[0] <= ahead[0] for ahead, behind in pairwise(sections)):
        raise ValueError("x must rise from each section to the next, nose to tail")
    if any(min(width, height) <= 0 for _, width, height, _ in sections):
        raise ValueError("the width and height of each section must be above 0")
    return sections


def _root_to_tip(sections: Sections) -> Sections:
    if any(inner[1:3] == outer[1:3] for inner, outer in pairwise(sections)):
        raise ValueError("y or z must change from each section to the next, root to tip")
    if any(chord <= 0 for *_, chord in sections):
        raise ValueError("the chord of each section must be above 0")
    return sections


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Part(_Frozen):
    name: str
    kind: PartKind
    paint: Paint = "skin"
    mirror: bool = False


class Body(_Part):
    """A loft along x through superellipse sections: fuselage, pod, boom, cowling, tube."""

    shape: Literal["body"]
    sections: Annotated[Sections, AfterValidator(_nose_to_tail)] = Field(
        description="x, width, height and centre height z of each section, nose to tail."
    )
    y: float = 0.0
    squareness: Annotated[float, Field(ge=1.5, le=12)] = Field(
        default=2.0, description="Exponent of the superellipse: 2 an ellipse, 8 nearly a box."
    )
    smooth: bool = Field(default=True, description="Curved between sections, or straight.")


class Surface(_Part):
    """A wing, tail or fin: aerofoil sections joined by straight panels."""

    shape: Literal["surface"]
    sections: Annotated[Sections, AfterValidator(_root_to_tip)] = Field(
        description="x, y, z of the leading edge and chord of each section, root to tip."
    )
    thickness: Annotated[float, Field(gt=0, le=0.4)] = Field(0.1, description="Share of the chord.")


class Propeller(_Part):
    """A propeller or rotor with its hub."""

    shape: Literal["propeller"]
    kind: PartKind = "propeller"
    paint: Paint = "dark"
    at: Point
    diameter: Positive
    blades: Annotated[int, Field(ge=1, le=8)] = 2
    axis: Literal["x", "z"] = "x"


class Engine(_Part):
    """A piston engine: crankcase along x with finned cylinders to the sides or upwards."""

    shape: Literal["engine"]
    kind: PartKind = "engine"
    paint: Paint = "metal"
    at: Point
    length: Positive
    width: Positive = Field(description="Across the cylinders.")
    cylinders: Annotated[int, Field(ge=1, le=8)] = 2
    layout: Literal["boxer", "inline"] = "boxer"


class Sphere(_Part):
    """A ball or ellipsoid: camera turret, dome."""

    shape: Literal["sphere"]
    at: Point
    size: tuple[Positive, Positive, Positive]


class Block(_Part):
    """A box: battery, camera, electronics, plate."""

    shape: Literal["block"]
    at: Point
    size: tuple[Positive, Positive, Positive]


class Rod(_Part):
    """A round rod between two points: arm, strut, leg, antenna, carbon tube."""

    shape: Literal["rod"]
    start: Point
    end: Point
    diameter: Positive


class Wheel(_Part):
    """A wheel that rolls along x."""

    shape: Literal["wheel"]
    kind: PartKind = "gear"
    paint: Paint = "rubber"
    at: Point
    diameter: Positive
    width: Positive


PartSpec = Annotated[
    Body | Surface | Propeller | Engine | Sphere | Block | Rod | Wheel,
    Field(discriminator="shape"),
]


class Scheme(_Frozen):
    """One way in which the type is painted and lettered; `weight` is how common it is."""

    name: str
    skin: Colour
    accent: Colour
    weight: Positive = 1.0
    stencils: tuple[str, ...] = Field(default=(), description="Words seen on wings, hull and fins.")


def _tellable(parts: tuple[PartSpec, ...]) -> tuple[PartSpec, ...]:
    counts = Counter(part.name for part in parts)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise ValueError(f"{twice[0]} is the name of several parts: give each its own")
    if all(part.kind in UNMEASURED for part in parts):
        raise ValueError("draw at least one part that is neither propeller nor antenna")
    return parts


class Geometry(_Frozen):
    """Parts and colour schemes of a type."""

    parts: Annotated[tuple[PartSpec, ...], AfterValidator(_tellable)]
    schemes: Annotated[tuple[Scheme, ...], Field(min_length=1)]
