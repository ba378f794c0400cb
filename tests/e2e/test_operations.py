"""Settings, logs, metrics, readiness, and an orderly end."""

import asyncio
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from wreckid.model.release import Release, ReleaseFacts, write_release
from wreckid.serving.api import create_app
from wreckid.serving.doors.callers import Caller
from wreckid.serving.doors.decoding import Decoders
from wreckid.serving.doors.keys import Keys
from wreckid.serving.doors.limits import STRANGERS, WorkLimit
from wreckid.serving.logs import JsonLines
from wreckid.serving.settings import MIB, Settings

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]
MakePhoto = Callable[..., bytes]


def test_settings_come_from_options_then_environment_then_file(
    wreckid: Wreckid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "service.toml"
    file.write_text('port = 1\nphotos = 2\nat_once = 3\ndatabase = "postgresql://u:secret@db/w"\n')
    monkeypatch.setenv("WRECKID_PORT", "4")
    monkeypatch.setenv("WRECKID_PHOTOS", "5")
    done = wreckid("serve", "--settings", file, "--port", "6", "--show-settings")
    shown = json.loads(done.out)
    assert (shown["port"], shown["photos"], shown["at_once"]) == (6, 5, 3)
    assert "secret" not in done.out


@pytest.mark.parametrize("content", ["ports = 1", "port = 'x'", "port ="])
def test_a_wrong_setting_is_named(wreckid: Wreckid, tmp_path: Path, content: str) -> None:
    file = tmp_path / "service.toml"
    file.write_text(content)
    done = wreckid("serve", "--settings", file, "--show-settings")
    assert done.code == 2
    assert "port" in done.err or "TOML" in done.err


@pytest.mark.parametrize(("days", "code"), [(36500, 0), (36501, 2)])
def test_items_are_kept_for_a_century_at_most(
    wreckid: Wreckid, tmp_path: Path, days: int, code: int
) -> None:
    file = tmp_path / "service.toml"
    file.write_text(f"keep_days = {days}")
    done = wreckid("serve", "--settings", file, "--show-settings")
    assert done.code == code
    assert ("keep_days" in done.err) == (code != 0)


def test_every_setting_is_explained() -> None:
    assert [name for name, one in Settings.model_fields.items() if not one.description] == []
    text = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [name for name in Settings.model_fields if f"`{name}`" not in text] == []


def test_metrics_count_requests_and_verdicts(release: Release, photo: MakePhoto) -> None:
    with TestClient(create_app(release)) as client:
        files = [("photos", ("a.jpg", photo("red"))), ("photos", ("b.jpg", b""))]
        client.post("/v1/classify", files=files)
        client.get("/v1/types/secret-name")
        text = client.get("/metrics").text
    assert 'wreckid_verdicts_total{level="type"} 1.0' in text
    assert 'wreckid_photos_total{failure="empty"} 1.0' in text
    assert (
        'wreckid_requests_total{method="GET",route="/v1/types/{uav_id}",status="404"} 1.0' in text
    )
    assert "secret-name" not in text


def test_words_that_are_no_method_are_counted_together(
    release: Release, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO, "wreckid"),
        TestClient(create_app(release)) as client,
    ):
        for method in ("EVIL1", "EVIL2", "PATCH"):
            client.request(method, "/nowhere")
        text = client.get("/metrics").text
    counted = re.findall(r'requests_total\{method="(\w+)".*\} (\S+)', text)
    assert sorted(counted) == [("PATCH", "1.0"), ("other", "2.0")]
    assert "EVIL" not in text and "EVIL" not in caplog.text


def test_logs_find_a_request_by_its_id_and_tell_nothing_of_photos(
    client: TestClient, caplog: pytest.LogCaptureFixture, photo: MakePhoto
) -> None:
    with caplog.at_level(logging.INFO, "wreckid"):
        answer = client.post(
            "/v1/classify",
            files={"photos": ("secret-place.jpg", photo("red"))},
            headers={"X-Request-ID": "from-the-proxy"},
        )
        other = client.get("/healthz", headers={"X-Request-ID": "no good id"})
    assert answer.headers["x-request-id"] == "from-the-proxy"
    assert re.fullmatch(r"[0-9a-f]{32}", other.headers["x-request-id"])
    lines = [json.loads(JsonLines().format(record)) for record in caplog.records]
    line = next(line for line in lines if line.get("request_id") == "from-the-proxy")
    assert line.items() >= {"route": "/v1/classify", "status": 200, "caller": "local"}.items()
    assert "secret-place" not in json.dumps(lines)


def test_a_failure_can_be_found_in_the_log_and_loads_nothing_foreign(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("wreckid.serving.weigher.Weigher.weigh", broken)
    with TestClient(create_app(release), raise_server_exceptions=False) as client:
        given = {"X-Request-ID": "from-the-proxy"}
        answer = client.post("/v1/weigh", json={"photos": []}, headers=given)
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "from-the-proxy"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_service_that_cannot_decode_is_not_ready(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Decoders, "work", lambda self: False)
    with TestClient(create_app(release)) as client:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["detail"] == "Not ready: the decoding of photos."
        assert client.get("/healthz").status_code == 200


def test_a_service_that_takes_up_no_jobs_is_not_ready(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wreckid.serving.store.jobs.Jobs._work", lambda _: None)
    with TestClient(create_app(release, Settings(store=tmp_path))) as client:
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "Not ready: the work on jobs."


def test_more_requests_than_there_is_room_for_are_refused(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TestClient(create_app(release, Settings(at_once=1))) as client:
        inner: list[int] = []

        def meanwhile(*_: object) -> object:
            inner.append(client.post("/v1/weigh", json={"photos": []}).status_code)
            raise OSError

        monkeypatch.setattr("wreckid.serving.weigher.Weigher.weigh", meanwhile)
        with pytest.raises(OSError):
            client.post("/v1/weigh", json={"photos": []})
    assert inner == [503]


@pytest.mark.parametrize("announced", [True, False])
def test_a_log_in_brings_little(release: Release, tmp_path: Path, announced: bool) -> None:
    key = Keys(tmp_path).create("Chief", "admin")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"key={key}&next=/&more=".encode() + b"x" * 2**16
    with TestClient(create_app(release, Settings(store=tmp_path)), follow_redirects=False) as one:
        sent = body if announced else iter([body[:1000], body[1000:]])
        answer = one.post("/login", content=sent, headers=form)
        assert answer.status_code == 413 and "64 KiB" in answer.json()["detail"]
        known = form | {"Authorization": f"Bearer {key}"}
        assert one.post("/login", content=body, headers=known).status_code == 303
        assert one.post("/login", content=body[:1000], headers=form).status_code == 303


def test_only_photos_are_large(client: TestClient, photo: MakePhoto) -> None:
    body = b'{"photos": []' + b" " * 16 * MIB + b"}"
    json_ = {"Content-Type": "application/json"}
    refused = client.post("/v1/weigh", content=body, headers=json_)
    assert refused.status_code == 413 and "16 MiB" in refused.json()["detail"]
    assert client.post("/v1/weigh", content=body[:13] + body[-99:], headers=json_).is_success
    assert client.post("/v2/models/tiny/infer", content=body, headers=json_).status_code == 422
    large = photo() + bytes(17 * MIB)
    assert client.post("/v1/classify", files={"photos": large}).is_success


def test_log_ins_that_are_held_open_shut_out_nobody_with_a_key() -> None:
    async def hold_open() -> list[int]:
        told: list[int] = []
        end = asyncio.Event()

        async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
            await end.wait()
            await Response(status_code=204)(scope, receive, send)

        async def heard(message: Message) -> None:
            if message["type"] == "http.response.start":
                told.append(message["status"])

        async def ask(caller: Caller | None) -> None:
            scope = {"type": "http", "method": "POST", "path": "/login", "headers": []}
            await limit({**scope, "state": {"caller": caller}}, silence, heard)

        limit = WorkLimit(waiting, at_once=1, per_minute=60)
        strangers = [asyncio.ensure_future(ask(None)) for _ in range(STRANGERS + 2)]
        known = asyncio.ensure_future(ask(Caller("Chief", "admin", "1")))
        await asyncio.sleep(0)
        end.set()
        await asyncio.gather(*strangers, known)
        return sorted(told)

    async def silence() -> Message:
        return {"type": "http.disconnect"}

    assert asyncio.run(hold_open()) == [204] * (STRANGERS + 1) + [503] * 2


@dataclass(frozen=True)
class Live:
    """A service in a process of its own."""

    process: "subprocess.Popen[bytes]"
    at: httpx2.Client
    log: Path

    def logged(self) -> list[dict[str, Any]]:
        """The whole lines of its log so far."""
        text = self.log.read_text(encoding="utf-8")
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def end(self) -> None:
        """End it in order."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(300) in (0, -signal.SIGTERM)
        assert "Application shutdown complete." in [line["message"] for line in self.logged()]


@contextmanager
def serving(folder: Path, *options: str | Path) -> Iterator[Live]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = "from wreckid.serving.cli import main; main()"
    command = [sys.executable, "-c", run, "serve", "--port", str(port), *map(str, options)]
    log = folder / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=stream)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=300) as at:
            _wait_until_ready(at)
            yield Live(process, at, log)
    finally:
        process.kill()
        process.wait()


def _wait_until_ready(at: httpx2.Client) -> None:
    for _ in range(600):
        try:
            if at.get("/readyz").status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.2)
    raise AssertionError("never ready")


def test_a_port_that_is_taken_is_told_in_one_sentence(wreckid: Wreckid, release: Release) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = wreckid("serve", "--port", str(port), "--release", release.folder)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"Port {port} is taken: name another with --port.\n"


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_the_service_starts_answers_and_ends_in_order(release: Release, tmp_path: Path) -> None:
    with serving(tmp_path, "--release", release.folder, "--store", tmp_path / "store") as live:
        answer = live.at.get("/v1/items", headers={"Host": "evil.example"})
        assert answer.status_code == 400
        live.end()
        assert {line["level"] for line in live.logged()} == {"info"}


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_the_release_is_changed_under_requests_and_none_is_dropped(
    release: Release,
    facts: Callable[..., ReleaseFacts],
    files: dict[str, bytes],
    photo: MakePhoto,
    tmp_path: Path,
) -> None:
    newer = write_release(tmp_path / "newer", facts(version="0.0.2"), files)
    chosen = tmp_path / "service.toml"

    def choose(folder: Path) -> None:
        chosen.write_text(f"release = '{folder}'\nphotos = 3\n")

    choose(release.folder)
    begun, go_on = threading.Event(), threading.Event()
    files_of_one = {"photos": ("a.jpg", photo("red"))}

    def slowly() -> Iterator[bytes]:
        begun.set()
        yield sent.content[:100]
        assert go_on.wait(300)
        yield sent.content[100:]

    with (
        serving(tmp_path, "--settings", chosen, "--store", tmp_path / "store") as live,
        ThreadPoolExecutor() as threads,
    ):
        sent = live.at.build_request("POST", "/v1/classify", files=files_of_one)
        sent.read()
        head = {"Content-Type": sent.headers["Content-Type"]}
        slow = threads.submit(live.at.post, "/v1/classify", content=slowly(), headers=head)
        assert begun.wait(300)
        while "wreckid_requests_at_work 2.0" not in live.at.get("/metrics").text:
            time.sleep(0.01)

        def answered() -> str:
            """The version that answers, once a photo was judged."""
            answer = live.at.post("/v1/classify", files=files_of_one)
            assert answer.status_code == 200 and live.at.get("/readyz").status_code == 200
            return str(answer.json()["model"]["version"])

        choose(newer.folder)
        assert answered() == "0.0.1"
        live.process.send_signal(signal.SIGHUP)
        seen = ["0.0.1"]
        while seen[-1] == "0.0.1":
            seen += threads.map(lambda _: answered(), range(4))
        go_on.set()
        assert slow.result().json()["model"]["version"] == "0.0.1"
        assert answered() == "0.0.2"
        choose(tmp_path / "nothing")
        live.process.send_signal(signal.SIGHUP)
        while "error" not in {line["level"] for line in live.logged()}:
            assert answered() == "0.0.2"
        choose(release.folder)
        live.process.send_signal(signal.SIGHUP)
        while answered() != "0.0.1":
            pass
        live.end()
        told = [line for line in live.logged() if line["logger"] == "wreckid.serving.handover"]
    assert [line["message"].split(":")[0] for line in told] == [
        "The service was changed.",
        "The service goes on unchanged",
        "The service was changed.",
    ]
