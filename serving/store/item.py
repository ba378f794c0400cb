"""An item as its history makes it: events in, item out; pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from wreckid.datasets.catalogue import catalogue
from wreckid.model.evidence import Evidence
from wreckid.model.verdict import Level
from wreckid.serving.custody import canonical_sha256
from wreckid.serving.intake import label
from wreckid.serving.result import Result

State = Literal["open", "decided", "deleted"]
ItemName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]

CREATED, PHOTOS, EVIDENCE, JUDGED, ANSWERED, DECIDED, RETENTION, DELETED = (
    "created",
    "photos-added",
    "evidence-given",
    "judged",
    "answered",
    "decided",
    "retention-set",
    "deleted",
)
"""The events of an item."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Event:
    """A line of the log and its body, which is None once it is deleted."""

    number: int
    time: datetime
    name: str
    who: str
    body: Mapping[str, Any] | None


@dataclass(frozen=True)
class Author:
    """Who makes a change.

    Attributes:
        name: as histories call them.
        request: what tells a repeated request from a new one; None for one that is never repeated.
    """

    name: str
    request: str | None = None

    def once(self, event: str) -> str | None:
        """What stands for this person's request in the history, if it may be repeated."""
        if self.request is None:
            return None
        return canonical_sha256([self.name, event, self.request])


class KeptPhoto(_Frozen):
    """A photo of an item: the original, or a page of it, kept by its hash."""

    number: int = Field(description="From 1, in the order they came.")
    name: str
    sha256: str
    bytes: int
    page: int | None = Field(default=None, description="Of a file that holds several, from 1.")

    @property
    def place(self) -> int | None:
        """The page as files are read, from 0; None for a file with one picture."""
        return None if self.page is None else self.page - 1

    @property
    def label(self) -> str:
        """Its name, fit to be shown, as results give it."""
        return label(self.name, self.place)


class Statement(_Frozen):
    """What a person says that the wreck is, and why."""

    level: Level
    id: str | None = Field(default=None, description="The type or family; else null.")
    reason: Reason

    @model_validator(mode="after")
    def _known(self) -> Self:
        known = {"type": catalogue().types, "family": catalogue().families}.get(self.level)
        if known is None and self.id is not None:
            raise ValueError(f"{self.level} names nothing more: leave id out")
        if known is not None and self.id not in known:
            raise ValueError(f"there is no {self.level} {self.id}: GET /v1/types lists them")
        return self


class Said(_Frozen):
    """A statement, who made it and when."""

    who: str
    time: datetime
    statement: Statement


class Item(_Frozen):
    """One wreck that is worked on."""

    id: str
    name: str
    state: State = "open"
    version: int = Field(description="Number of the last change in the log of the store.")
    created: datetime
    created_by: str
    blind: bool = Field(description="Whether people answer before they see what the model says.")
    photos: tuple[KeptPhoto, ...] = ()
    evidence: Evidence = Evidence()
    judged: int = Field(default=0, description="Version that the result is of; 0 for none yet.")
    due: int = Field(default=0, description="Version that a result is to be of.")
    result: Result | None = None
    answers: tuple[Said, ...] = Field(default=(), description="Before the model's was seen.")
    decisions: tuple[Said, ...] = Field(default=(), description="The last one stands.")
    delete_after: date | None = None
    requests: frozenset[str] = Field(default=frozenset(), exclude=True)

    @property
    def stale(self) -> bool:
        """Whether photos or evidence came since it was judged."""
        return self.judged < self.due

    @property
    def decision(self) -> Said | None:
        """The decision that stands."""
        return self.decisions[-1] if self.decisions else None

    def withheld_from(self, name: str) -> bool:
        """Whether someone is to answer before they see the model's answer."""
        answered = any(said.who == name for said in self.answers)
        return self.blind and not answered and not self.decisions


def fold(item_id: str, events: Sequence[Event]) -> Item:
    """The item that a history makes, which begins with its creation."""
    return reduce(_after, events[1:], _created(item_id, events[0]))


def _created(item_id: str, event: Event) -> Item:
    body = event.body or {"name": "", "blind": False, "delete_after": None}
    return Item(
        id=item_id,
        version=event.number,
        created=event.time,
        created_by=event.who,
        name=body["name"],
        blind=body["blind"],
        delete_after=body["delete_after"],
    )


def _after(item: Item, event: Event) -> Item:
    if event.body is None:
        return item.model_copy(update={"version": event.number})
    changes = CHANGES[event.name](item, event, event.body)
    requests = item.requests | {event.body["once"]} if "once" in event.body else item.requests
    return item.model_copy(update={"version": event.number, "requests": requests, **changes})


def _photos(item: Item, event: Event, body: Mapping[str, Any]) -> dict[str, Any]:
    added = tuple(KeptPhoto(**photo) for photo in body["photos"])
    return {"photos": (*item.photos, *added), "due": event.number}


def _evidence(item: Item, event: Event, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"evidence": Evidence.model_validate(body["evidence"]), "due": event.number}


def _judged(item: Item, event: Event, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"result": Result.model_validate(body["result"]), "judged": body["of"]}


def _answered(item: Item, event: Event, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"answers": (*item.answers, _said(event, body))}


def _decided(item: Item, event: Event, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"decisions": (*item.decisions, _said(event, body)), "state": "decided"}


def _retention(item: Item, event: Event, body: Mapping[str, Any]) -> dict[str, Any]:
    until = body["delete_after"]
    return {"delete_after": None if until is None else date.fromisoformat(until)}


def _deleted(item: Item, event: Event, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"state": "deleted", "photos": (), "delete_after": None}


def _said(event: Event, body: Mapping[str, Any]) -> Said:
    statement = Statement.model_construct(**body["statement"])  # The catalogue may have changed.
    return Said.model_construct(who=event.who, time=event.time, statement=statement)


CHANGES: Mapping[str, Callable[[Item, Event, Mapping[str, Any]], dict[str, Any]]] = {
    PHOTOS: _photos,
    EVIDENCE: _evidence,
    JUDGED: _judged,
    ANSWERED: _answered,
    DECIDED: _decided,
    RETENTION: _retention,
    DELETED: _deleted,
}
"""What each event changes of an item."""
