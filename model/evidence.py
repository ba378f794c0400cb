"""Evidence: what the investigator measured or saw besides pixels; everything unknown by default."""

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from wreckid.datasets.catalogue import (
    Identifier,
    LandingGear,
    PropulsionKind,
    PropulsionPosition,
    TailForm,
    TipFins,
    WingForm,
    WingPosition,
)
from wreckid.datasets.errors import SetupError, first_problem

Unit = Literal["mm", "cm", "m", "in", "ft"]
Measure = Literal["airframe", "fuselage", "wingspan", "fragment", "unknown"]
Colour = Literal[
    "white", "grey", "black", "green", "sand", "brown", "orange", "red", "yellow", "blue", "metal"
]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]

METRES: Mapping[Unit, float] = {"mm": 0.001, "cm": 0.01, "m": 1.0, "in": 0.0254, "ft": 0.3048}
SHORTEST_M, LONGEST_M = 0.01, 60.0
"""What can be measured on a wreck, in metres."""

LENGTH_WORDS = re.compile(
    r"(?:(?P<measures>[a-z]+)\s*=\s*)?(?P<value>[-+]?[\d.,]+|nan|[-+]?inf)\s*(?P<unit>[a-z]+)"
    r"(?:\s*(?:±|\+/?-)\s*(?P<tolerance>[\d.,]+)\s*%)?",
    re.IGNORECASE,
)
THOUSANDS = re.compile(r"\+?([1-9]\d{0,2})[.,](\d{3})")
"""A number that may be thousands as well as a fraction: `12,500`."""
FINE_UNITS: tuple[Unit, ...] = ("mm", "cm")
"""Units in which lengths of wrecks run to thousands."""
BOX_WORDS = re.compile(r"(\d+)\s*[:=]" + r",".join([r"\s*(-?[\d.]+)\s*"] * 4))


class EvidenceError(SetupError):
    """Evidence that cannot be used; the sentence names the field."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Length(_Frozen):
    """One measured length; also read from words such as `wingspan=3.1 m ±5%`."""

    value: Annotated[float, Field(gt=0)]
    unit: Unit = "m"
    tolerance: Annotated[
        float, Field(ge=0.01, le=0.5, description="Standard error, as a share of the value.")
    ] = 0.1
    measures: Annotated[
        Measure,
        Field(description="`unknown` may be a fragment, so it is only a lower bound as well."),
    ] = "unknown"

    @model_validator(mode="before")
    @classmethod
    def _from_words(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        found = LENGTH_WORDS.fullmatch(given.strip())
        if found is None:
            raise ValueError(f"“{given}” is not a length such as 3 m, or wingspan=310 cm ±5%")
        words = {name: word.lower() for name, word in found.groupdict().items() if word}
        _refuse_two_meanings(words["value"], words["unit"])
        return words | {
            name: _number(words[name]) / per
            for name, per in (("value", 1), ("tolerance", 100))
            if name in words
        }

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not SHORTEST_M <= self.metres <= LONGEST_M:
            raise ValueError(f"{self.value:g} {self.unit} is not between 1 cm and 60 m")
        return self

    @property
    def metres(self) -> float:
        """The length in metres."""
        return self.value * METRES[self.unit]


class Box(_Frozen):
    """The wreck in a photo, in pixels of the upright photo; also read from `1:10,20,300,400`."""

    photo: Annotated[int, Field(ge=1, le=1000, description="Number of the photo, from 1.")]
    left: Annotated[float, Field(ge=0)]
    top: Annotated[float, Field(ge=0)]
    right: Annotated[float, Field(gt=0)]
    bottom: Annotated[float, Field(gt=0)]

    @model_validator(mode="before")
    @classmethod
    def _from_words(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        found = BOX_WORDS.fullmatch(given.strip())
        if found is None:
            raise ValueError(
                f"“{given}” is not PHOTO:LEFT,TOP,RIGHT,BOTTOM, such as 1:10,20,300,400"
            )
        photo, *edges = found.groups()
        sides = zip(("left", "top", "right", "bottom"), map(float, edges), strict=True)
        return {"photo": int(photo), **dict(sides)}

    @model_validator(mode="after")
    def _has_an_inside(self) -> Self:
        if self.right <= self.left or self.bottom <= self.top:
            raise ValueError("right must be beyond left and bottom beyond top")
        return self


class Evidence(_Frozen):
    """What is known of one item besides its photos; whatever is not given is unknown."""

    lengths: tuple[Length, ...] = Field(default=(), max_length=5, description="One a measure.")
    wing: WingForm | None = None
    wing_position: WingPosition | None = None
    tail: TailForm | None = None
    tip_fins: TipFins | None = None
    propulsion: PropulsionKind | None = None
    propulsion_position: PropulsionPosition | None = None
    engines: Annotated[int, Field(ge=1, le=12)] | None = None
    propeller_blades: Annotated[int, Field(ge=0, le=8)] | None = None
    landing_gear: LandingGear | None = None
    colour: Colour | None = None
    text: tuple[Words, ...] = Field(
        default=(), max_length=8, description="As read on the wreck, in any script."
    )
    part: tuple[Words, ...] = Field(
        default=(), max_length=8, description="Parts identified by hand, in words."
    )
    boxes: tuple[Box, ...] = Field(default=(), max_length=1000, description="One a photo at most.")
    prior: Identifier | None = Field(default=None, description="Id of a prior; none by default.")

    @field_validator("lengths")
    @classmethod
    def _one_a_measure(cls, lengths: tuple[Length, ...]) -> tuple[Length, ...]:
        _once([one.measures for one in lengths], "the longest")
        return lengths

    @field_validator("boxes")
    @classmethod
    def _one_a_photo(cls, boxes: tuple[Box, ...]) -> tuple[Box, ...]:
        _once([f"photo {one.photo}" for one in boxes], "the box around everything")
        return boxes

    @model_validator(mode="after")
    def _no_contradiction(self) -> Self:
        contradiction = next((words for words, holds in self._contradictions() if holds), None)
        if contradiction:
            raise ValueError(f"{contradiction}: correct one of them, or leave it unknown")
        return self

    def length(self, measures: Measure) -> Length | None:
        """The length of one measure, if it was given."""
        return next((one for one in self.lengths if one.measures == measures), None)

    def box(self, photo: int) -> Box | None:
        """The box in one photo, counted from 1, if it was given."""
        return next((one for one in self.boxes if one.photo == photo), None)

    def refuse_boxes_beyond(self, photos: int) -> None:
        """See that every box is on one of so many photos.

        Raises:
            EvidenceError: one is not.
        """
        beyond = [box.photo for box in self.boxes if box.photo > photos]
        if beyond:
            raise EvidenceError(f"evidence.boxes: there is no photo {beyond[0]}.")

    @property
    def speaks(self) -> bool:
        """Whether anything but boxes is given."""
        return self != Evidence(boxes=self.boxes)

    def _contradictions(self) -> tuple[tuple[str, bool], ...]:
        no_wing, jet = self.wing == "none", self.propulsion == "jet"
        return (
            (
                "lengths: the fuselage is longer than the whole airframe",
                _longer(self.length("fuselage"), self.length("airframe")),
            ),
            (
                "lengths: the fragment is longer than the whole wreck",
                self._fragment_too_long(),
            ),
            (
                "wing none contradicts wing_position",
                no_wing and self.wing_position not in (None, "none"),
            ),
            ("wing none contradicts tip_fins", no_wing and self.tip_fins not in (None, "none")),
            (
                "tail tip fins contradicts tip_fins none",
                self.tail == "tip fins" and self.tip_fins == "none",
            ),
            ("propulsion jet contradicts propeller_blades", jet and bool(self.propeller_blades)),
        )

    def _fragment_too_long(self) -> bool:
        airframe, wingspan = self.length("airframe"), self.length("wingspan")
        if airframe is None or wingspan is None:
            return False
        longer = max(airframe, wingspan, key=lambda one: one.metres)
        return _longer(self.length("fragment"), longer)


def read_evidence(given: Mapping[str, Any] | str) -> Evidence:
    """Evidence from fields or from JSON.

    Raises:
        EvidenceError: a value is wrong; the sentence names its field.
    """
    try:
        if isinstance(given, str):
            return Evidence.model_validate_json(given)
        return Evidence.model_validate(given)
    except ValidationError as error:
        raise EvidenceError(first_problem(error.errors(), "evidence") + ".") from error


def _number(words: str) -> float:
    try:
        return float(words.replace(",", "."))
    except ValueError:
        return math.nan


def _refuse_two_meanings(value: str, unit: str) -> None:
    thousands = THOUSANDS.fullmatch(value)
    if thousands and unit in FINE_UNITS:
        whole, fraction = "".join(thousands.groups()), f"{_number(value):g}"
        raise ValueError(
            f"“{value} {unit}” may be read in two ways: write {whole} {unit} or {fraction} {unit}"
        )


def _once(names: list[str], keep: str) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ValueError(f"{twice} is given twice: give {keep}")


def _longer(one: Length | None, other: Length | None) -> bool:
    """Whether a length is longer than another beyond twice what both may be wrong by."""
    if one is None or other is None:
        return False
    return one.metres * (1 - 2 * one.tolerance) > other.metres * (1 + 2 * other.tolerance)


NOTHING = Evidence()
"""What is known of an item when nothing is."""
