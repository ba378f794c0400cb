"""A body that does not come in time is refused, whoever sends it."""

from collections.abc import Awaitable, Callable

import anyio
import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from wreckid.serving.doors import limits
from wreckid.serving.doors.callers import ALONE, Caller
from wreckid.serving.doors.limits import BodyLimit, Most


async def read_all(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass


def limited(
    receive: Callable[[], Awaitable[Message]], most_s: float, caller: Caller | None = ALONE
) -> None:
    async def send(message: Message) -> None:
        raise AssertionError(message)

    app = BodyLimit(read_all, Most(10, most_s, "Too much."))
    scope = {"type": "http", "path": "/", "headers": [], "state": {"caller": caller}}
    anyio.run(app, scope, receive, send)


async def never() -> Message:
    await anyio.sleep_forever()
    raise AssertionError


async def endless() -> Message:
    return {"type": "http.request", "body": b"x", "more_body": True}


async def whole() -> Message:
    return {"type": "http.request", "body": b"x" * 10, "more_body": False}


def test_a_body_that_never_comes_is_refused() -> None:
    with pytest.raises(HTTPException) as refused:
        limited(never, most_s=0)
    assert refused.value.status_code == 408


def test_a_body_of_a_stranger_that_never_comes_is_refused_earlier(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "LOG_IN", Most(10, 0, "Too much."))
    with pytest.raises(HTTPException) as refused:
        limited(never, most_s=300, caller=None)
    assert refused.value.status_code == 408


def test_a_body_that_never_ends_is_refused() -> None:
    with pytest.raises(HTTPException) as refused:
        limited(endless, most_s=60)
    assert refused.value.status_code == 413


def test_a_body_within_the_limits_passes() -> None:
    limited(whole, most_s=60)
