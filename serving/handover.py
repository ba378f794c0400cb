"""A service that can be changed while it answers: each request ends where it began."""

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from threading import current_thread, main_thread

from anyio import TASK_STATUS_IGNORED, Event, Lock, create_task_group, to_thread
from anyio.abc import TaskGroup, TaskStatus
from fastapi import FastAPI
from starlette.routing import Router
from starlette.types import Receive, Scope, Send

from wreckid.datasets.errors import SetupError

logger = logging.getLogger(__name__)


class Handover:
    """Answers by the service of now; SIGHUP makes the next one and lets the last one finish."""

    def __init__(self, make: Callable[[], FastAPI]) -> None:
        """Make the first service.

        Args:
            make: a service as it is to be by now; whatever it raises is raised here at first, and
                later leaves everything as it is.
        """
        self._make = make
        self._now = _Shift(make())
        self._one_by_one = Lock()
        self._life = Router(lifespan=self._lifetime)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request by the service that is there as it comes in."""
        if scope["type"] == "lifespan":
            await self._life(scope, receive, send)
        else:
            await self._now.answer(scope, receive, send)

    @asynccontextmanager
    async def _lifetime(self, _: object) -> AsyncIterator[None]:
        async with create_task_group() as shifts:
            await shifts.start(self._now.work)
            with _on_hangup(lambda: shifts.start_soon(self._change, shifts)):
                yield
            self._now.end()

    async def _change(self, shifts: TaskGroup) -> None:
        """Hand over to a new service, unless it cannot be made."""
        async with self._one_by_one:
            try:
                following = _Shift(await to_thread.run_sync(self._make))
                await shifts.start(following.work)
            except SetupError as error:
                logger.error("The service goes on unchanged: %s", error)
            except Exception:
                logger.exception("The service goes on unchanged.")
            else:
                last, self._now = self._now, following
                last.end()
                logger.info("The service was changed.")


class _Shift:
    """A service for as long as it answers."""

    def __init__(self, service: FastAPI) -> None:
        self._service = service
        self._at_work = 0
        self._ending = False
        self._idle = Event()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._at_work += 1
        try:
            await self._service(scope, receive, send)
        finally:
            self._at_work -= 1
            self._look()

    async def work(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Begin, and end once it is to end and no request is at work."""
        async with self._service.router.lifespan_context(self._service):
            task_status.started()
            await self._idle.wait()

    def end(self) -> None:
        self._ending = True
        self._look()

    def _look(self) -> None:
        if self._ending and not self._at_work:
            self._idle.set()


@contextmanager
def _on_hangup(change: Callable[[], object]) -> Iterator[None]:
    """Do something at each SIGHUP; where there is a terminal, that one ends the service."""
    foreground = sys.stdin is not None and sys.stdin.isatty()
    if sys.platform == "win32" or foreground or current_thread() is not main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, change)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
