"""A typed client of the service: the API's own types, refusals as one sentence."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx2
from pydantic import TypeAdapter

from wreckid.datasets.errors import SetupError
from wreckid.model.evidence import NOTHING, Evidence
from wreckid.model.preprocessing import Failure
from wreckid.serving.intake import NamedBytes, label
from wreckid.serving.result import Result, Sighting
from wreckid.serving.store.item import Statement
from wreckid.serving.store.views import ItemLine, ItemPage, ItemView, NewItem, Told

PATIENCE_S = 120
"""How long an answer may take."""
TRIES = 4
"""How often a request is sent to a service that is busy."""
BUSY = (429, 503)


class ServerError(SetupError):
    """The service refused or could not be reached; the message says what to do."""

    def __init__(self, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.status = status


class Client:
    """A service, asked with one key; may be used as a context manager."""

    def __init__(
        self, server: str, key: str | None = None, http: httpx2.Client | None = None
    ) -> None:
        """Ask nothing yet.

        Args:
            server: its address, such as `https://wrecks.example`.
            key: an API key; None for a service that needs none.
            http: sends the requests; one of its own by default.
        """
        self._http = http or httpx2.Client(base_url=server, timeout=PATIENCE_S)
        if key is not None:
            self._http.headers["Authorization"] = f"Bearer {key}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back the connections."""
        self._http.close()

    def classify(self, photos: Sequence[NamedBytes], evidence: Evidence = NOTHING) -> Result:
        """Judge photos of one wreck; nothing is kept.

        Raises:
            ServerError: the service refused or could not be reached, or a photo cannot be read.
        """
        data = {"evidence": evidence.model_dump_json()}
        answer = self._ask("POST", "/v1/classify", data=data, files=_files(photos))
        return Result.model_validate_json(answer.content)

    def weigh(self, sighting: Sighting, evidence: Evidence) -> Result:
        """Weigh other evidence with what photos showed before; nothing is kept.

        Raises:
            ServerError: the service refused or could not be reached.
        """
        body = sighting.model_dump(mode="json") | {"evidence": evidence.model_dump(mode="json")}
        return Result.model_validate_json(self._ask("POST", "/v1/weigh", json=body).content)

    def create(self, name: str, blind: bool = False, delete_after: date | None = None) -> ItemView:
        """Make an item.

        Raises:
            ServerError: the service refused or could not be reached.
        """
        new = NewItem(name=name, blind=blind, delete_after=delete_after)
        return self._item("POST", "/v1/items", json=new.model_dump(mode="json"))

    def items(self) -> Iterator[ItemLine]:
        """All items, the newest first.

        Raises:
            ServerError: the service refused or could not be reached.
        """
        before: int | None = None
        while True:
            asked = {} if before is None else {"before": before}
            answer = self._ask("GET", "/v1/items", params=asked)
            page = ItemPage.model_validate_json(answer.content)
            yield from page.items
            before = page.next
            if before is None:
                return

    def item(self, item_id: str) -> ItemView:
        """An item.

        Raises:
            ServerError: the service refused or could not be reached.
        """
        return self._item("GET", f"/v1/items/{item_id}")

    def add_photos(self, item_id: str, photos: Sequence[NamedBytes]) -> ItemView:
        """Add photos to an item.

        Raises:
            ServerError: the service refused or could not be reached, or a photo cannot be read.
        """
        return self._item("POST", f"/v1/items/{item_id}/photos", files=_files(photos))

    def give_evidence(self, item_id: str, evidence: Evidence) -> ItemView:
        """Replace the evidence of an item.

        Raises:
            ServerError: the service refused or could not be reached.
        """
        body = evidence.model_dump(mode="json")
        return self._item("PUT", f"/v1/items/{item_id}/evidence", json=body)

    def answer(self, item_id: str, statement: Statement) -> ItemView:
        """Give one's own answer to an item that is worked on blind.

        Raises:
            ServerError: the service refused or could not be reached.
        """
        return self._item("POST", f"/v1/items/{item_id}/answer", json=statement.model_dump())

    def decide(self, item_id: str, statement: Statement) -> ItemView:
        """Write down what is decided.

        Raises:
            ServerError: the service refused or could not be reached.
        """
        return self._item("POST", f"/v1/items/{item_id}/decision", json=statement.model_dump())

    def history(self, item_id: str) -> list[Told]:
        """All that happened to an item.

        Raises:
            ServerError: the service refused or could not be reached.
        """
        answer = self._ask("GET", f"/v1/items/{item_id}/history")
        return TypeAdapter(list[Told]).validate_json(answer.content)

    def export(self, item_id: str) -> bytes:
        """An item as a zip archive.

        Raises:
            ServerError: the service refused or could not be reached.
        """
        return self._ask("GET", f"/v1/items/{item_id}/export").content

    def delete(self, item_id: str, reason: str) -> None:
        """Delete an item.

        Raises:
            ServerError: the service refused or could not be reached.
        """
        self._ask("DELETE", f"/v1/items/{item_id}", params={"reason": reason})

    def _item(self, method: str, path: str, **request: Any) -> ItemView:
        return ItemView.model_validate_json(self._ask(method, path, **request).content)

    def _ask(self, method: str, path: str, **request: Any) -> httpx2.Response:
        """Send a request, again where the service is busy; each has its effect once."""
        headers = {"Idempotency-Key": uuid4().hex}
        for left in reversed(range(TRIES)):
            try:
                answer = self._http.request(method, path, headers=headers, **request)
            except httpx2.TransportError as error:
                raise ServerError(f"{self._http.base_url} does not answer: {error}.") from error
            if answer.status_code not in BUSY or not left:
                break
            time.sleep(_wait_s(answer.headers))
        if not answer.is_success:
            raise ServerError(_detail(answer), answer.status_code)
        return answer


def _files(photos: Sequence[NamedBytes]) -> list[tuple[str, tuple[str, bytes]]]:
    """Photos as they are sent.

    Raises:
        ServerError: one could not be read; what the service would say of it would not be true.
    """
    return [("photos", (photo.name, _bytes_of(photo))) for photo in photos]


def _bytes_of(photo: NamedBytes) -> bytes:
    if isinstance(photo.data, Failure):
        raise ServerError(f"{label(photo.name)} was not sent, nor any other: {photo.data.message}")
    return photo.data


def _wait_s(headers: Mapping[str, str]) -> int:
    told = headers.get("Retry-After", "")
    return int(told) if told.isdecimal() else 1


def _detail(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"The service answered {answer.status_code}: is its address right?"
