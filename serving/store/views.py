"""Items as programs see them: what is sent to the API, and what it answers."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from wreckid.model.evidence import Evidence
from wreckid.serving.result import Result
from wreckid.serving.store.item import ItemName, KeptPhoto, Said, State


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NewItem(_Frozen):
    """What an item begins with."""

    name: ItemName
    blind: bool = Field(
        default=False, description="People answer before they see what the model says."
    )
    delete_after: date | None = Field(
        default=None, description="The last day that it is kept; the service's rule if null."
    )


class ItemView(_Frozen):
    """An item, as whoever asks may see it."""

    id: str
    name: str
    state: State
    version: int = Field(description="Rises with each change.")
    created: datetime
    created_by: str
    blind: bool
    withheld: bool = Field(description="Whether you are to answer before you see the result.")
    photos: tuple[KeptPhoto, ...]
    evidence: Evidence
    result: Result | None
    current: bool = Field(
        description="Whether the result is of the item as it is, by the release of now."
    )
    answers: tuple[Said, ...]
    decisions: tuple[Said, ...] = Field(description="The last one stands.")
    delete_after: date | None


class ItemLine(_Frozen):
    """An item as lists show it."""

    id: str
    name: str
    state: State
    photos: int
    version: int
    delete_after: date | None


class ItemPage(_Frozen):
    """Items, the newest first."""

    items: tuple[ItemLine, ...]
    next: int | None = Field(description="`before` of the next page; null on the last.")


class Retention(_Frozen):
    """Until when an item is kept."""

    delete_after: date | None = Field(description="The last day; null for no end.")


class Told(_Frozen):
    """Something that happened to an item."""

    number: int
    time: datetime
    event: str
    who: str
    body: dict[str, Any] | None = Field(description="Null once deleted, and while withheld.")
