"""Settings, logs, metrics, readiness, and an orderly end."""

import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from fastapi.testclient import TestClient

from wreckid.model.release import Release
from wreckid.serving.api import create_app
from wreckid.serving.doors.decoding import Decoders
from wreckid.serving.logs import JsonLines
from wreckid.serving.settings import Settings

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


def test_a_service_that_cannot_decode_is_not_ready(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Decoders, "work", lambda self: False)
    with TestClient(create_app(release)) as client:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["detail"] == "Not ready: the decoding of photos."
        assert client.get("/healthz").status_code == 200


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


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_the_service_starts_answers_and_ends_in_order(release: Release, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = "from wreckid.serving.cli import main; main()"
    command = ["-c", run, "serve", "--port", str(port)]
    command += ["--release", str(release.folder), "--store", str(tmp_path / "store")]
    process = subprocess.Popen([sys.executable, *command], stderr=subprocess.PIPE, text=True)
    try:
        _wait_until_ready(port)
        answer = httpx2.get(f"http://127.0.0.1:{port}/v1/items", headers={"Host": "evil.example"})
        assert answer.status_code == 400
        process.send_signal(signal.SIGTERM)
        _, logged = process.communicate(timeout=60)
    finally:
        process.kill()
    lines = [json.loads(line) for line in logged.splitlines()]
    assert process.returncode in (0, -signal.SIGTERM)
    assert "Application shutdown complete." in [line["message"] for line in lines]
    assert {line["level"] for line in lines} == {"info"}


def _wait_until_ready(port: int) -> None:
    for _ in range(600):
        try:
            if httpx2.get(f"http://127.0.0.1:{port}/readyz", timeout=60).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.2)
    raise AssertionError("never ready")
