"""Each request gets an id, a line in the log and a place in the metrics."""

import logging
import re
import time
import uuid
from http import HTTPMethod

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wreckid.serving.doors.metrics import Metrics
from wreckid.serving.logs import FACTS

HEADER = "X-Request-ID"
FIT = re.compile(r"[\w-]{1,64}", re.ASCII)
METHODS = frozenset(HTTPMethod)
NOT_SENT = 500
"""The status of a request that failed before it was answered."""

logger = logging.getLogger(__name__)


class Requests:
    """Takes over the id that a proxy gave a request, or makes one; notes what became of it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the request as it comes in, and what was answered."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if FIT.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        status, start = NOT_SENT, time.perf_counter()

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        try:
            with self._metrics.at_work():
                await self._app(scope, receive, named)
        finally:
            self._note(scope, status, time.perf_counter() - start)
        return None

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route, method = route_of(scope), method_of(scope)
        self._metrics.answered(method, route, status, seconds)
        caller = scope["state"].get("caller")
        facts = {
            "request_id": scope["state"]["request_id"],
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000),
            "caller": caller.name if caller else None,
        }
        logger.info("%s %s %s", method, route, status, extra={FACTS: facts})


def route_of(scope: Scope) -> str:
    """The address as it is declared, which holds nothing that the client chose."""
    path = getattr(scope.get("route"), "path", None)
    return str(path) if path else "none"


def method_of(scope: Scope) -> str:
    """The method, or that it is another than those of HTTP: a client may send any word."""
    method = str(scope["method"])
    return method if method in METHODS else "other"
