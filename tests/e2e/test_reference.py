"""The API described for people loads with no network, under the policy of all pages."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
import uvicorn
from fastapi.testclient import TestClient

from wreckid.model.release import Release
from wreckid.serving.api import create_app

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
AS_ROOT = ["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []


def test_what_the_page_loads_comes_from_the_service(client: TestClient) -> None:
    page = client.get("/docs")
    assert "unsafe" not in page.headers["content-security-policy"]
    loaded = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert len(loaded) == 5 and all(re.match(r"/\w", address) for address in loaded)
    for address in loaded:
        answer = client.get(address)
        assert answer.status_code == 200 and answer.content
    assert not re.search(r"<script>|<style| style=| on\w+=", page.text)


@pytest.fixture
def address(release: Release) -> Iterator[str]:
    """Where a service listens."""
    server = uvicorn.Server(uvicorn.Config(create_app(release), port=0, log_config=None))
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_a_browser_shows_every_address(address: str, client: TestClient, tmp_path: Path) -> None:
    options = ["--headless", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"]
    options += [f"--user-data-dir={tmp_path}", "--virtual-time-budget=60000", *AS_ROOT]
    assert CHROMIUM is not None
    shown = subprocess.run(
        [CHROMIUM, *options, f"{address}/docs"], capture_output=True, text=True, check=True
    )
    assert "CONSOLE" not in shown.stderr
    text = re.sub(r"<[^>]*>|\u200b", "", shown.stdout)
    assert [path for path in client.get("/openapi.json").json()["paths"] if path not in text] == []
