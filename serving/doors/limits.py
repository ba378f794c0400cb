"""How much may come in: bytes, time to come in, requests at once, requests a minute of a key."""

import math
import time
from asyncio import get_running_loop, timeout_at
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wreckid.serving.doors.callers import SAFE, Caller
from wreckid.serving.doors.problems import problem

BUSY_S = 5
"""After how long a busy service may have room again."""
STRANGERS = 8
"""Requests at once of callers who are not known yet: log-ins. They take no room from others."""


class BodyLimit:
    """Answers 413 to a body that is too large, 408 to one that is too slow."""

    def __init__(self, app: ASGIApp, most_bytes: int, most_s: float, sentence: str) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._most_s = most_s
        self._sentence = sentence

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse by the announced length, or while the body is coming in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _announced(scope) > self._most_bytes:
            await problem(scope, 413, self._sentence)(scope, receive, send)
        else:
            await self._app(scope, self._counting(receive), send)

    def _counting(self, receive: Receive) -> Receive:
        received, whole = 0, False
        until = get_running_loop().time() + self._most_s

        async def counted() -> Message:
            nonlocal received, whole
            message = await (receive() if whole else self._in_time(receive, until))
            received += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if received > self._most_bytes:
                raise HTTPException(413, self._sentence)
            return message

        return counted

    async def _in_time(self, receive: Receive, until: float) -> Message:
        try:
            async with timeout_at(until):
                return await receive()
        except TimeoutError as error:
            raise HTTPException(
                408,
                f"The request took longer than {self._most_s:g} s to come in:"
                " send fewer or smaller photos.",
            ) from error


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
