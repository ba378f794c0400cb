"""How much may come in: bytes, time to come in, requests at once, requests a minute of a key."""

import math
import time
from asyncio import get_running_loop, timeout_at
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wreckid.serving.doors.callers import SAFE, Caller
from wreckid.serving.doors.problems import problem

KIB = 2**10
BUSY_S = 5
"""After how long a busy service may have room again."""
STRANGERS = 8
"""Requests at once of callers who are not known yet: log-ins. They take no room from others."""


@dataclass(frozen=True)
class Most:
    """What a body may have.

    Attributes:
        bytes: of it.
        seconds: to come in.
        sentence: for one that has more bytes.
    """

    bytes: int
    seconds: float
    sentence: str


LOG_IN = Most(64 * KIB, 10, "Without a key a request may have 64 KiB: log in first.")
"""Of callers who are not known yet."""
WORDS_BYTES = 16 * KIB**2
WORDS = "A request without photos may have 16 MiB: send photos as multipart/form-data."


class BodyLimit:
    """Answers 413 to a body that is too large, 408 to one that is too slow."""

    def __init__(self, app: ASGIApp, photos: Most) -> None:
        """Limit what passes to an application.

        Args:
            app: the application.
            photos: the most that a body with photos may have; no other may have more.
        """
        self._app = app
        self._photos = photos
        self._words = min(Most(WORDS_BYTES, photos.seconds, WORDS), photos, key=lambda m: m.bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse by the announced length, or while the body is coming in."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        most = self._most(scope)
        if _announced(scope) > most.bytes:
            return await problem(scope, 413, most.sentence)(scope, receive, send)
        return await self._app(scope, _counting(receive, most), send)

    def _most(self, scope: Scope) -> Most:
        if scope["state"]["caller"] is None:
            return LOG_IN
        kind = Headers(scope=scope).get("content-type", "").lower()
        pictured = kind.startswith("multipart/") or scope["path"].startswith("/v2/")
        return self._photos if pictured else self._words


def _counting(receive: Receive, most: Most) -> Receive:
    received, whole = 0, False
    until = get_running_loop().time() + most.seconds

    async def counted() -> Message:
        nonlocal received, whole
        message = await (receive() if whole else in_time())
        received += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if received > most.bytes:
            raise HTTPException(413, most.sentence)
        return message

    async def in_time() -> Message:
        try:
            async with timeout_at(until):
                return await receive()
        except TimeoutError as error:
            raise HTTPException(
                408,
                f"The request took longer than {most.seconds:g} s to come in:"
                " send fewer or smaller photos.",
            ) from error

    return counted


class WorkLimit:
    """Answers 503 beyond a number of working requests at once, 429 beyond a key's share."""

    def __init__(self, app: ASGIApp, at_once: int, per_minute: int) -> None:
        self._app = app
        self._room = {True: at_once, False: STRANGERS}
        self._shares = Shares(per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse at once what there is no room for: letting it wait helps nobody."""
        if scope["type"] != "http" or scope["method"] in SAFE:
            return await self._app(scope, receive, send)
        if refused := self._refused(scope):
            return await refused(scope, receive, send)
        known = scope["state"]["caller"] is not None
        self._room[known] -= 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._room[known] += 1
        return None

    def _refused(self, scope: Scope) -> Response | None:
        caller: Caller | None = scope["state"]["caller"]
        wait_s = self._shares.take(caller.key) if caller and caller.key else 0
        if wait_s:
            return _later(
                scope, 429, f"This key may send {self._shares.per_minute} requests a minute", wait_s
            )
        if not self._room[caller is not None]:
            return _later(scope, 503, "The service is busy", BUSY_S)
        return None


class Shares:
    """What each key has left of its requests a minute (token bucket)."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, key: str) -> int:
        """Take one; else the seconds until there is one."""
        now = self._clock()
        left, before = self._left.get(key, (self.per_minute, now))
        left = min(self.per_minute, left + (now - before) * self.per_minute / 60)
        self._left[key] = (left - 1 if left >= 1 else left, now)
        return 0 if left >= 1 else math.ceil((1 - left) * 60 / self.per_minute)


def _later(scope: Scope, status: int, why: str, wait_s: int) -> Response:
    return problem(scope, status, f"{why}: try again in {wait_s} s.", {"Retry-After": str(wait_s)})


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isdecimal() else 0
