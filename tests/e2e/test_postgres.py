"""Two replicas on one PostgreSQL: the same items, one chain, and a restart that loses nothing."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from wreckid.model.release import Release
from wreckid.serving.api import create_app
from wreckid.serving.settings import Settings

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

    def control(self, verb: str) -> None:
        options = f"-k {self.folder} -c listen_addresses= -c fsync=off"
        command = [PG_CTL, verb, "-w", "-D", self.folder / "data", "-o", options, "-m", "fast"]
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


def test_replicas_share_items_and_outlast_a_restart(
    postgres: Server, release: Release, tmp_path: Path, photo: MakePhoto, wreckid: Wreckid
) -> None:
    settings = Settings(store=tmp_path, database=SecretStr(postgres.url))
    with (
        TestClient(create_app(release, settings)) as one,
        TestClient(create_app(release, settings)) as other,
    ):
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
