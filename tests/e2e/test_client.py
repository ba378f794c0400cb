"""The typed client walks the API; repeated requests have one effect; `--server` asks a service."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from fastapi.testclient import TestClient

from wreckid.model.evidence import Evidence, read_evidence
from wreckid.model.preprocessing import Failure
from wreckid.model.release import Release
from wreckid.serving.api import create_app
from wreckid.serving.client import Client, ServerError
from wreckid.serving.doors.keys import Keys
from wreckid.serving.intake import NamedBytes
from wreckid.serving.settings import Settings
from wreckid.serving.store.item import Statement

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]
MakePhoto = Callable[..., bytes]
BLACK = read_evidence({"colour": "black"})
STATEMENT = Statement(level="family", id="delta-pusher", reason="A delta.")


@pytest.fixture
def http(release: Release, tmp_path: Path) -> Iterator[TestClient]:
    """A service that keeps items, asked with an admin's key."""
    store = tmp_path / "store"
    headers = {"Authorization": f"Bearer {Keys(store).create('Chief', 'admin')}"}
    with TestClient(create_app(release, Settings(store=store)), headers=headers) as http:
        yield http


@pytest.fixture
def service(http: TestClient) -> Client:
    return Client("http://testserver", http=http)


def test_a_photo_that_cannot_be_read_is_told_and_not_sent(
    service: Client, photo: MakePhoto
) -> None:
    photos = [NamedBytes("a.jpg", photo("red")), NamedBytes("scan.jpg", Failure("too-large"))]
    with pytest.raises(ServerError, match=r"scan\.jpg was not sent, nor any other: .*too large"):
        service.classify(photos)


def test_the_client_works_on_an_item(service: Client, photo: MakePhoto) -> None:
    photos = [NamedBytes("a.jpg", photo("red"))]
    item = service.create("Field 7", blind=True)
    service.add_photos(item.id, photos)
    service.give_evidence(item.id, BLACK)
    assert service.item(item.id).withheld
    seen = service.answer(item.id, STATEMENT)
    assert seen.result == service.classify(photos, BLACK)
    assert service.decide(item.id, STATEMENT).decisions[-1].statement == STATEMENT
    assert [one.id for one in service.items()] == [item.id]
    events = [one.event for one in service.history(item.id)]
    assert events[:2] == ["created", "photos-added"] and events[-1] == "decided"
    assert service.export(item.id).startswith(b"PK")
    service.delete(item.id, "Done.")
    with pytest.raises(ServerError, match="no such item") as gone:
        service.item(item.id)
    assert gone.value.status == 404


def test_the_client_lists_many_items(service: Client) -> None:
    made = [service.create(f"Find {n}").id for n in range(51)]
    assert [one.id for one in service.items()] == made[::-1]


def test_a_repeated_request_has_one_effect(http: TestClient, photo: MakePhoto) -> None:
    once = {"Idempotency-Key": "first"}
    new = {"name": "Field 7"}
    item = http.post("/v1/items", json=new, headers=once).json()
    assert http.post("/v1/items", json=new, headers=once).json() == item
    assert http.post("/v1/items", json=new).json()["id"] != item["id"]
    at, files = f"/v1/items/{item['id']}", {"photos": photo("red")}
    added = [http.post(f"{at}/photos", files=files, headers=once).json() for _ in range(2)]
    assert added[0] == added[1] and len(added[0]["photos"]) == 1
    decided = [
        http.post(f"{at}/decision", json=STATEMENT.model_dump(), headers=once).json()
        for _ in range(2)
    ]
    assert len(decided[1]["decisions"]) == 1


def test_a_busy_service_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("wreckid.serving.client.time.sleep", waited.append)
    keys: list[str] = []

    def busy(request: httpx2.Request) -> httpx2.Response:
        keys.append(request.headers["idempotency-key"])
        status = 503 if len(keys) < 3 else 422
        return httpx2.Response(status, headers={"Retry-After": "7"}, json={"detail": "No."})

    http = httpx2.Client(transport=httpx2.MockTransport(busy), base_url="http://x")
    with Client("http://x", http=http) as service, pytest.raises(ServerError, match="No"):
        service.create("Field")
    assert waited == [7, 7]
    assert len(set(keys)) == 1


def test_what_is_no_service_is_told() -> None:
    page = httpx2.MockTransport(lambda _: httpx2.Response(404, text="<html>"))
    with (
        Client("http://x", http=httpx2.Client(transport=page, base_url="http://x")) as service,
        pytest.raises(ServerError, match="is its address right"),
    ):
        service.item("1")


def test_the_command_line_asks_a_service(
    wreckid: Wreckid,
    http: TestClient,
    photo: MakePhoto,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    release: Release,
) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(photo("red"))
    monkeypatch.setattr("wreckid.serving.client.httpx2.Client", lambda **_: http)
    monkeypatch.setattr(http, "close", lambda: None)
    here = wreckid("classify", file, "--colour", "black", "--json", "--release", release.folder)
    there = wreckid("classify", file, "--colour", "black", "--json", "--server", "http://x")
    assert json.loads(there.out) == json.loads(here.out)
    alone = wreckid("classify", "--colour", "black", "--json", "--server", "http://x")
    assert json.loads(alone.out)["evidence"]["colour"] == "black"
    http.headers.pop("Authorization")
    refused = wreckid("classify", file, "--server", "http://x")
    assert refused.code == 2 and "Send a key" in refused.err


def test_evidence_survives_the_way(service: Client, photo: MakePhoto) -> None:
    evidence = read_evidence(
        {"lengths": ["wingspan=2.5 m ±5%"], "text": ["Герань"], "boxes": ["1:20,10,280,230"]}
    )
    photos = [NamedBytes("a.jpg", photo("red"))]
    assert service.classify(photos, evidence).evidence == evidence
    assert service.classify(photos).evidence == Evidence()
