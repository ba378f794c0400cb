"""The versioned record of what was found for one item."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from wreckid.model.evidence import Box, Evidence
from wreckid.model.preprocessing import FailureCode
from wreckid.model.verdict import Probability, Verdict
from wreckid.serving.credentials import Credentials
from wreckid.serving.facts import ReadableFact

SAFETY = (
    "Wreckage can be explosive: do not touch it, keep away, call the emergency services."
    " Check and measure only what they have declared safe."
)
LEAD = "This is an investigative lead, not an identification: confirm it on the wreck itself."

LEAST_MOVED = 0.05
"""Log-odds below which a piece of evidence is said to have left a candidate where it was."""

Flag = Literal["small", "dark"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PhotoFailure(_Frozen):
    """Why a photo was not used, and a sentence that says what to do."""

    code: FailureCode
    message: str


class Part(_Frozen):
    """A part of a photo, in pixels of the upright photo."""

    left: int
    top: int
    right: int
    bottom: int


class PhotoRecord(_Frozen):
    """A photo as received."""

    name: str
    sha256: str | None = Field(description="Of the bytes as received; null where none were had.")
    width: int | None = Field(default=None, description="Pixels of the upright photo.")
    height: int | None = Field(default=None, description="Pixels of the upright photo.")
    format: str | None = None
    page: int | None = Field(default=None, description="Of a file that holds several, from 1.")
    credentials: Credentials | None = Field(
        default=None, description="Content credentials (C2PA); null where they were not checked."
    )
    box: Box | None = Field(default=None, description="Where the wreck is, if that was said.")
    part: Part | None = Field(
        default=None, description="Where a UAV was seen, and looked at again; null after one look."
    )
    copy_of: str | None = Field(
        default=None, description="An earlier photo that this is a copy of; both count once."
    )
    flags: tuple[Flag, ...] = Field(default=(), description="What makes the photo a weak witness.")
    failure: PhotoFailure | None = None


class LookAlike(_Frozen):
    """A type that is taken for the candidate, and how to tell them apart on the wreck."""

    type: str
    name: str
    how_to_tell: str


class Candidate(_Frozen):
    """A type with a confidence."""

    type: str
    name: str
    family: str
    family_name: str
    confidence: Probability
    facts: tuple[ReadableFact, ...] = Field(description="What to check on the wreck.")
    look_alikes: tuple[LookAlike, ...]


class PredictionSet(_Frozen):
    """The types that cannot be ruled out at a stated coverage."""

    coverage: Probability
    types: tuple[str, ...]


class OutOfCatalogue(_Frozen):
    """How little the item looks like anything in the catalogue."""

    score: float
    threshold: float
    outside: bool


class Agreement(_Frozen):
    """How far the photos of an item say the same."""

    distinct: int = Field(description="Photos that are not copies of others.")
    weight: float = Field(description="Independent photos that they are worth.")
    disagreement: Probability = Field(description="0 the same, 1 each excludes the others.")
    disagree: bool
    leaders: tuple[str, ...] = Field(description="The leading candidate of each usable photo.")


class Sighting(_Frozen):
    """What the photos of an item show, before any evidence; null without a usable photo."""

    photos: tuple[PhotoRecord, ...]
    image_probabilities: Mapping[str, Probability] | None = None
    out_of_catalogue: OutOfCatalogue | None = None
    agreement: Agreement | None = None


class Moved(_Frozen):
    """How far a piece of evidence moved a candidate."""

    type: str
    name: str
    log_odds: float = Field(description="Against an object of which nothing is known.")
    words: str


class Piece(_Frozen):
    """A piece of evidence, and what it moved of the leading candidates."""

    field: str
    observed: str
    explained: bool = Field(description="Whether any type of the catalogue explains it.")
    moved: tuple[Moved, ...]

    @property
    def shown(self) -> tuple[Moved, ...]:
        """What is worth showing: movements that do not round to nothing."""
        return tuple(one for one in self.moved if abs(one.log_odds) >= LEAST_MOVED)


class Answer(_Frozen):
    """What might be found on the wreck, and the candidates that it would speak for."""

    value: str
    types: tuple[str, ...]


class Question(_Frozen):
    """A fact that separates the leading candidates."""

    fact: str
    ask: str
    answers: tuple[Answer, ...]
    gain: float = Field(description="What a sure answer would tell, in nats.")


class ModelIdentity(_Frozen):
    """The release that answered."""

    name: str
    version: str
    sha256: Annotated[str, Field(description="Hash of the manifest, which covers every file.")]


class Result(_Frozen):
    """What was found for one item.

    Without a usable photo `prediction_set`, `out_of_catalogue`, `image_probabilities` and
    `agreement` are null and there are no candidates from the photos; without evidence either,
    there are no candidates at all. That there is no UAV is no candidate: `probabilities` tells it.
    """

    format_version: Literal["1.2", "1.3", "1.4"] = Field(
        default="1.4", description="Until 1.2, `not-a-uav` stood among the candidates."
    )
    photos: tuple[PhotoRecord, ...]
    image_candidates: tuple[Candidate, ...] = Field(
        default=(), description="From the photos alone."
    )
    candidates: tuple[Candidate, ...] = Field(
        default=(), description="With the investigator's evidence."
    )
    image_probabilities: Mapping[str, Probability] | None = Field(
        default=None, description="Of every class, from the photos alone."
    )
    probabilities: Mapping[str, Probability] | None = Field(
        default=None, description="Of every class, with the evidence."
    )
    evidence: Evidence = Evidence()
    pieces: tuple[Piece, ...] = Field(default=(), description="What each piece moved.")
    agreement: Agreement | None = None
    prediction_set: PredictionSet | None = Field(
        default=None, description="From the photos alone, as it was calibrated."
    )
    out_of_catalogue: OutOfCatalogue | None = None
    verdict: Verdict
    would_settle: tuple[Question, ...] = ()
    model: ModelIdentity
    notices: tuple[str, ...] = (SAFETY, LEAD)

    @property
    def sighting(self) -> Sighting:
        """The part of the result that comes from the photos."""
        return Sighting(
            photos=self.photos,
            image_probabilities=self.image_probabilities,
            out_of_catalogue=self.out_of_catalogue,
            agreement=self.agreement,
        )
