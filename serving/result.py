"""The versioned record of what was found for one item."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from wreckid.model.preprocessing import FailureCode
from wreckid.model.verdict import Probability, Verdict
from wreckid.serving.facts import ReadableFact

SAFETY = "Wreckage can be explosive: do not touch it, keep away, call the emergency services."
LEAD = "This is an investigative lead, not an identification: confirm it on the wreck itself."

Flag = Literal["small", "dark"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PhotoFailure(_Frozen):
    """Why a photo was not used, and a sentence that says what to do."""

    code: FailureCode
    message: str


class PhotoRecord(_Frozen):
    """A photo as received."""

    name: str
    sha256: str | None = Field(description="Of the bytes as received; null where none were had.")
    width: int | None = Field(default=None, description="Pixels of the upright photo.")
    height: int | None = Field(default=None, description="Pixels of the upright photo.")
    format: str | None = None
    flags: tuple[Flag, ...] = Field(default=(), description="What makes the photo a weak witness.")
    failure: PhotoFailure | None = None


class LookAlike(_Frozen):
    """A type that is taken for the candidate, and how to tell them apart on the wreck."""

    type: str
    name: str
    how_to_tell: str


class Candidate(_Frozen):
    """A type, or `not-a-uav`, with a confidence."""

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


class ModelIdentity(_Frozen):
    """The release that answered."""

    name: str
    version: str
    sha256: Annotated[str, Field(description="Hash of the manifest, which covers every file.")]


class Result(_Frozen):
    """What was found for one item.

    Without a usable photo there are no candidates, and `prediction_set` and `out_of_catalogue`
    are null.
    """

    format_version: Literal["1.0"] = "1.0"
    photos: tuple[PhotoRecord, ...]
    image_candidates: tuple[Candidate, ...] = Field(
        default=(), description="From the photos alone."
    )
    candidates: tuple[Candidate, ...] = Field(
        default=(), description="With the investigator's evidence."
    )
    prediction_set: PredictionSet | None = None
    out_of_catalogue: OutOfCatalogue | None = None
    verdict: Verdict
    model: ModelIdentity
    notices: tuple[str, ...] = (SAFETY, LEAD)
