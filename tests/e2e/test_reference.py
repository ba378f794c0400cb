"""The API described for people loads with no network, under the policy of all pages."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser

from wreckid.model.release import Release
from wreckid.serving.api import create_app

Listening = Callable[[FastAPI], AbstractContextManager[str]]
PATIENCE_MS = 300_000


def test_what_the_page_loads_comes_from_the_service(client: TestClient) -> None:
    page = client.get("/docs")
    assert "unsafe" not in page.headers["content-security-policy"]
    loaded = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert len(loaded) == 5 and all(re.match(r"/\w", address) for address in loaded)
    for address in loaded:
        answer = client.get(address)
        assert answer.status_code == 200 and answer.content
    assert not re.search(r"<script>|<style| style=| on\w+=", page.text)


def test_a_browser_shows_every_address(
    chromium: Browser, client: TestClient, release: Release, listening: Listening
) -> None:
    with listening(create_app(release)) as address, chromium.new_page() as page:
        told: list[str] = []
        page.on("console", lambda message: told.append(message.text))
        page.goto(f"{address}/docs", timeout=PATIENCE_MS)
        page.wait_for_selector(".opblock", timeout=PATIENCE_MS)
        text = page.inner_text("main").replace("\u200b", "")
    assert told == []
    assert [path for path in client.get("/openapi.json").json()["paths"] if path not in text] == []
