"""Two replicas on one PostgreSQL: the same items, one chain, and restarts that lose nothing."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from wreckid.model.release import Release
from wreckid.serving.api import create_app
from wreckid.serving.settings import Settings
from wreckid.serving.store.database import LOCK
from wreckid.serving.store.item import Item
from wreckid.serving.store.items import line_of

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]
MakePhoto = Callable[..., bytes]

TOOLS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
PATH = os.pathsep.join([os.environ.get("PATH", ""), *map(str, TOOLS)])
PG_CTL, INITDB = shutil.which("pg_ctl", path=PATH), shutil.which("initdb", path=PATH)
AS = {"user": "postgres"} if os.name == "posix" and os.geteuid() == 0 else {}
"""PostgreSQL does not run as root."""

pytestmark = pytest.mark.skipif(not PG_CTL or not INITDB, reason="PostgreSQL is not installed")


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server of its own, which only its socket reaches."""

    folder: Path

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def control(self, verb: str, mode: str = "fast") -> None:
        options = f"-k {self.folder} -c listen_addresses= -c fsync=off"
        command = [PG_CTL, verb, "-w", "-D", self.folder / "data", "-o", options, "-m", mode]
        command += ["-l", self.folder / "log"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **AS)  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if AS:
        shutil.chown(folder, "postgres")
    command = [INITDB, "-D", folder / "data", "-U", "postgres", "--auth=trust", "--no-sync"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **AS)  # type: ignore[call-overload]
    server = Server(folder)
    server.control("start")
    yield server
    server.control("stop")
    shutil.rmtree(folder)


@contextmanager
def replicas(
    postgres: Server, release: Release, store: Path
) -> Iterator[tuple[TestClient, TestClient]]:
    """Two services over one store and one database."""
    settings = Settings(store=store, database=SecretStr(postgres.url))
    with (
        TestClient(create_app(release, settings)) as one,
        TestClient(create_app(release, settings)) as other,
    ):
        yield one, other


def test_replicas_share_items_and_outlast_a_restart(
    postgres: Server, release: Release, tmp_path: Path, photo: MakePhoto, wreckid: Wreckid
) -> None:
    with replicas(postgres, release, tmp_path) as (one, other):
        item = one.post("/v1/items", json={"name": "Field 7"}).json()["id"]
        one.post(f"/v1/items/{item}/photos", files={"photos": photo("red", (64, 64))})
        assert other.get(f"/v1/items/{item}").json() == one.get(f"/v1/items/{item}").json()

        def make(number: int) -> int:
            return (one, other)[number % 2].post("/v1/items", json={"name": "x"}).status_code

        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(make, range(12))) == [201] * 12
        postgres.control("restart")
        again = [client.get(f"/v1/items/{item}").status_code for client in (one, other)]
        assert again == [200, 200]
        decision = {"level": "uav", "reason": "A motor."}
        assert other.post(f"/v1/items/{item}/decision", json=decision).status_code == 200
        assert len(one.get("/v1/items").json()["items"]) == 13
        assert not (tmp_path / "store.sqlite").exists()
    found = wreckid("verify", tmp_path, "--database", postgres.url)
    assert found.code == 0, found.out


@dataclass
class Worker:
    """A client that makes items of its colour, each with a photo, and asks again when refused."""

    name: str
    at: TestClient
    photo: bytes
    leader: str
    made: list[str] = field(default_factory=list)
    refused: int = 0

    def work(self, enough: Event) -> None:
        while not enough.is_set():
            name = f"{self.name} {len(self.made)}"
            item = self._insist("/v1/items", name, json={"name": name})["id"]
            path = f"/v1/items/{item}/photos"
            told = self._insist(path, name, files={"photos": ("a.jpg", self.photo)})
            assert self.is_right(told, name)
            self.made.append(item)

    def is_right(self, item: dict[str, Any], name: str) -> bool:
        leaders = [one["type"] for one in item["result"]["candidates"][:1]]
        return (item["name"], len(item["photos"]), leaders) == (name, 1, [self.leader])

    def _insist(self, path: str, key: str, **body: Any) -> Any:
        while (answer := self.at.post(path, headers={"Idempotency-Key": key}, **body)).is_error:
            assert answer.status_code == 503, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            assert int(answer.headers["retry-after"]) > 0
            self.refused += 1
            time.sleep(0.05)
        return answer.json()


def test_a_server_that_ends_and_dies_under_load_costs_no_accepted_item(
    postgres: Server, release: Release, tmp_path: Path, photo: MakePhoto, wreckid: Wreckid
) -> None:
    with (
        replicas(postgres, release, tmp_path) as (one, other),
        ThreadPoolExecutor() as threads,
    ):
        red, green = (photo(colour, (64, 64)) for colour in ("red", "green"))
        workers = [
            Worker("red at one", one, red, "shahed-136"),
            Worker("red at other", other, red, "shahed-136"),
            Worker("green at one", one, green, "orlan-10"),
            Worker("green at other", other, green, "orlan-10"),
        ]
        enough = Event()
        at_work = [threads.submit(worker.work, enough) for worker in workers]

        def wait_for_more(count: Callable[[Worker], int]) -> None:
            before = [count(worker) for worker in workers]
            while any(count(w) <= number for w, number in zip(workers, before, strict=True)):
                assert not [one for one in at_work if one.done()]
                time.sleep(0.02)

        try:
            for mode in ("fast", "immediate"):
                wait_for_more(lambda worker: len(worker.made))
                postgres.control("stop", mode)
                wait_for_more(lambda worker: worker.refused)
                assert one.get("/readyz").status_code == 503
                postgres.control("start")
                wait_for_more(lambda worker: len(worker.made))
        finally:
            enough.set()
        assert [work.result() for work in at_work] == [None] * len(workers)
        for worker in workers:
            for number, item in enumerate(worker.made):
                kept = other.get(f"/v1/items/{item}").json()
                assert worker.is_right(kept, f"{worker.name} {number}")
        assert one.get("/readyz").status_code == 200
    found = wreckid("verify", tmp_path, "--database", postgres.url)
    assert found.code == 0, found.out


def test_a_writer_that_holds_the_lock_is_told_of_and_waited_for(
    postgres: Server, release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(store=tmp_path, database=SecretStr(postgres.url))
    with (
        TestClient(create_app(release, settings)) as service,
        psycopg.connect(postgres.url) as other,
    ):
        monkeypatch.setattr("wreckid.serving.store.database.WAIT_S", 1)
        other.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        refused = service.post("/v1/items", json={"name": "x"})
        other.rollback()
        assert refused.status_code == 503 and "retry-after" in refused.headers
        assert service.post("/v1/items", json={"name": "x"}).status_code == 201


def test_a_nul_is_refused_and_names_nothing(
    postgres: Server, release: Release, tmp_path: Path
) -> None:
    settings = Settings(store=tmp_path, database=SecretStr(postgres.url))
    with TestClient(create_app(release, settings)) as service:
        for path in ("/v1/items/%00", "/v1/items/%00/history", "/v1/items/%00/export"):
            assert service.get(path).status_code == 404
        for path in ("/items/%00", "/items/%00/pictures/1", "/items/%00/maps/1"):
            assert service.get(path).status_code == 404
        assert service.delete("/v1/items/%00?reason=x").status_code == 404
        assert service.post("/v1/items", json={"name": "Field\0"}).status_code == 422
        assert service.post("/items", data={"name": "Field\0"}).status_code == 422


def test_what_is_written_while_a_store_is_verified_is_no_tampering(
    postgres: Server,
    release: Release,
    tmp_path: Path,
    photo: MakePhoto,
    wreckid: Wreckid,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with psycopg.connect(postgres.url, autocommit=True) as server:
        server.execute("CREATE DATABASE verified")
    url = postgres.url.replace("/postgres?", "/verified?")
    settings = Settings(store=tmp_path, database=SecretStr(url))
    with TestClient(create_app(release, settings)) as service:
        item = service.post("/v1/items", json={"name": "Field 7"}).json()["id"]

        def meanwhile(verified: Item) -> dict[str, Any]:
            files = {"photos": photo("red", (64, 64))}
            assert service.post(f"/v1/items/{item}/photos", files=files).status_code == 200
            return line_of(verified)

        monkeypatch.setattr("wreckid.serving.store.audit.line_of", meanwhile)
        found = wreckid("verify", tmp_path, "--database", url)
        assert found.code == 0, found.out
